//! The whole of it: a head, a protocol and a seed in, one or two visits out.

use super::ScanPlace;
use super::draw::{PersonDraw, VisitDraw};
use super::exam::{Exam, ExamError, Truth};
use super::head::{Cleaning, Head};
use super::image::{Images, T1wError, t1_weighted};
use super::person::{Person, PersonError};
use super::protocol::Protocol;
use super::scene::{LesionPattern, PlaceLesionsError, PlacedLesion, map_mimics};
use nalgebra::Matrix4;
use serde::{Deserialize, Serialize};
use siderin_core::truth::{LesionTruth, Mimic};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume, WorldPoint};

/// What is to be simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Name of the head, for the record.
    pub head_name: String,
    /// Decides everything that is drawn.
    pub seed: u64,
    /// How it is scanned.
    pub protocol: Protocol,
    /// Number of microbleeds.
    pub lesions: usize,
    /// How they spread; drawn with the person where it is not given.
    pub pattern: Option<LesionPattern>,
    /// Whether a T1-weighted image is made as well.
    pub t1w: bool,
    /// A second visit.
    pub second_visit: Option<SecondVisit>,
    /// How that is scanned; as the first where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_protocol: Option<Protocol>,
}

/// What changes until the second visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondVisit {
    /// Microbleeds that have come.
    pub new: usize,
    /// Microbleeds that have gone.
    pub resolved: usize,
}

/// A simulation that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SimulateError {
    #[error(transparent)]
    Person(#[from] PersonError),
    #[error(transparent)]
    Exam(#[from] ExamError),
    #[error(transparent)]
    Lesions(#[from] PlaceLesionsError),
    #[error(transparent)]
    T1w(#[from] T1wError),
    #[error(
        "simulating a second visit: {resolved} lesions cannot go, the first visit has {present}; \
         give a smaller number of resolved ones"
    )]
    TooManyResolved { resolved: usize, present: usize },
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SimulateStage {
    Person,
    Field { visit: usize },
    Scan { visit: usize },
    Truth { visit: usize },
    Images { visit: usize },
}

impl SimulateStage {
    /// What is being done.
    #[must_use]
    pub fn in_words(self) -> String {
        let (visit, doing) = match self {
            Self::Person => (1, "shaping the head, placing vessels"),
            Self::Field { visit } => (visit, "computing the field"),
            Self::Scan { visit } => (visit, "scanning"),
            Self::Truth { visit } => (visit, "measuring the truth"),
            Self::Images { visit } => (visit, "making images"),
        };
        if visit == 1 {
            doing.to_string()
        } else {
            format!("visit {visit}: {doing}")
        }
    }
}

/// One visit's images and truth.
#[derive(Debug, Clone)]
pub struct Visit {
    /// 1 or 2.
    pub number: usize,
    /// Magnitude, phase and SWI.
    pub images: Images,
    /// T1-weighted, where asked for.
    pub t1w: Option<Volume<f32>>,
    /// Instance labels of visible microbleeds.
    pub mask: Volume<u16>,
    /// Regions on the scan's grid.
    pub regions: Volume<u8>,
    /// All that is known of it.
    pub record: Record,
}

/// What `truth.json` holds: how the visit was made, and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this layout.
    pub schema_version: String,
    /// Program and version.
    pub generator: String,
    /// Name of the head.
    pub head: String,
    /// What was removed from its labels, in voxels.
    pub cleaning: Cleaning,
    /// Seed of all.
    pub seed: u64,
    /// 1 or 2.
    pub visit_number: usize,
    /// The person.
    pub person: PersonDraw,
    /// The visit.
    pub visit: VisitDraw,
    /// The scan's grid.
    pub grid: Grid,
    /// Rigid: from head mm to the scan's world.
    pub world_from_head: [[f64; 4]; 4],
    /// At the second visit, rigid: from the first visit's world to this one's, in mm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followup_from_baseline: Option<[[f64; 4]; 4]>,
    /// Microbleeds of this visit, seen or not.
    pub lesions: Vec<LesionTruth>,
    /// Numbers of those that were not there at the first visit.
    pub new: Vec<u16>,
    /// Numbers of those of the first visit that are not there any more.
    pub resolved: Vec<u16>,
    /// Everything that is no microbleed and may look like one, in the scan's world.
    pub mimics: Vec<Mimic>,
}

/// Simulates the visits of a request, one after the other; each is handed to `done` before
/// the next is begun.
///
/// # Errors
/// When the head, the protocol or the numbers are impossible, or `done` fails.
pub fn simulate<E: From<SimulateError>>(
    head: &Head,
    request: &Request,
    stage: &dyn Fn(SimulateStage),
    mut done: impl FnMut(Visit) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: SimulateError| E::from(error);
    for protocol in [Some(&request.protocol), request.second_protocol.as_ref()] {
        let checked = protocol.map_or(Ok(()), Protocol::check);
        checked.map_err(|e| failed(ExamError::from(e).into()))?;
    }
    stage(SimulateStage::Person);
    let person =
        Person::new(head, &PersonDraw::draw(request.seed)).map_err(|e| failed(e.into()))?;
    let lesions = person
        .lesions(request.lesions, request.pattern)
        .map_err(|e| failed(e.into()))?;
    if let Some(second) = request.second_visit
        && second.resolved > lesions.len()
    {
        return Err(failed(SimulateError::TooManyResolved {
            resolved: second.resolved,
            present: lesions.len(),
        }));
    }
    let first = Work {
        head,
        person: &person,
        request,
        protocol: &request.protocol,
        number: 1,
        lesions: &lesions,
        new: &[],
        resolved: &[],
        baseline: None,
    };
    let (visit, baseline) = first.visit(stage).map_err(failed)?;
    done(visit)?;
    let Some(second) = request.second_visit else {
        return Ok(());
    };
    let (later, resolved) = person
        .later_lesions(&lesions, second.new, second.resolved, request.pattern)
        .map_err(|e| failed(e.into()))?;
    let last_old = lesions.iter().map(|l| l.id).max().unwrap_or(0);
    let new: Vec<u16> = later
        .iter()
        .map(|l| l.id)
        .filter(|&id| id > last_old)
        .collect();
    let second = Work {
        protocol: request
            .second_protocol
            .as_ref()
            .unwrap_or(&request.protocol),
        number: 2,
        lesions: &later,
        new: &new,
        resolved: &resolved,
        baseline: Some(&baseline),
        ..first
    };
    let (visit, _) = second.visit(stage).map_err(failed)?;
    done(visit)
}

/// One visit to be made.
#[derive(Clone, Copy)]
struct Work<'a> {
    head: &'a Head,
    person: &'a Person,
    request: &'a Request,
    protocol: &'a Protocol,
    number: usize,
    lesions: &'a [PlacedLesion],
    new: &'a [u16],
    resolved: &'a [u16],
    baseline: Option<&'a ScanPlace>,
}

impl Work<'_> {
    fn visit(&self, stage: &dyn Fn(SimulateStage)) -> Result<(Visit, ScanPlace), SimulateError> {
        let (number, request) = (self.number, self.request);
        let seed = Stream::new(request.seed, "visits", number as u64).seed();
        let draw = VisitDraw::draw(seed, self.protocol);
        stage(SimulateStage::Field { visit: number });
        let exam = Exam::new(self.person, &draw)?;
        stage(SimulateStage::Scan { visit: number });
        let scan = exam.scan(self.lesions);
        stage(SimulateStage::Truth { visit: number });
        let truth = exam.truth(self.person, self.lesions, &scan.without);
        stage(SimulateStage::Images { visit: number });
        let t1w = request
            .t1w
            .then(|| t1_weighted(self.person, &exam, seed))
            .transpose()?;
        let visit = Visit {
            number,
            images: exam.images(scan.with),
            t1w,
            regions: exam.regions(self.person),
            record: self.record(&exam, draw, &truth),
            mask: truth.mask,
        };
        Ok((visit, exam.place().clone()))
    }

    fn record(&self, exam: &Exam, visit: VisitDraw, truth: &Truth) -> Record {
        let world_from_head = exam.place().world_from_head;
        let moved = |at: WorldPoint| {
            let world = world_from_head * at.0;
            WorldPoint(world.map(|v| (v * 100.0).round() / 100.0))
        };
        Record {
            schema_version: "1.0".into(),
            generator: concat!("siderin ", env!("CARGO_PKG_VERSION")).into(),
            head: self.request.head_name.clone(),
            cleaning: self.head.cleaning(),
            seed: self.request.seed,
            visit_number: self.number,
            person: self.person.draw.clone(),
            visit,
            grid: exam.grid().clone(),
            world_from_head: rows(&world_from_head.to_homogeneous()),
            followup_from_baseline: self.baseline.map(|first| {
                rows(&(world_from_head * first.world_from_head.inverse()).to_homogeneous())
            }),
            lesions: truth.lesions.clone(),
            new: self.new.to_vec(),
            resolved: self.resolved.to_vec(),
            mimics: self
                .person
                .mimics()
                .iter()
                .chain(&map_mimics(&self.person.anatomy))
                .map(|m| m.mapped(moved))
                .collect(),
        }
    }
}

fn rows(matrix: &Matrix4<f64>) -> [[f64; 4]; 4] {
    std::array::from_fn(|r| std::array::from_fn(|c| matrix[(r, c)]))
}
