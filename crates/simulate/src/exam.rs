//! A scan of a person: its grid, what the scanner sees, and the truth about it.

mod geometry;
mod resimulate;
mod truth;

pub use geometry::ScanPlace;
pub use truth::Truth;
pub(crate) use truth::{
    FLOOR_SHARE, SEARCH_MM, Seen, around_center, is_visible, region_at, search_region, seen,
    seen_between,
};

use super::acquire::{Echo, PointSpread, Rendered, Sampling, SignalMaps, Source, World, render};
use super::draw::VisitDraw;
use super::image::{self, Images};
use super::person::{Person, PersonError};
use super::protocol::{Encoding, ProtocolError};
use super::scene::{PlacedLesion, lesion_source, mimic_sources};
use nalgebra::{Isometry3, Matrix4, Vector3};
use rustfft::num_complex::Complex32;
use siderin_image::preprocess::SmoothError;
use siderin_image::volume::{Grid, GridError, Volume, resample_nearest};
use std::ops::Range;

/// An exam that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ExamError {
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Person(#[from] PersonError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(
        "planning a scan: cutting {top_mm} mm at the top and {bottom_mm} mm at the bottom leaves \
         {left_mm:.0} mm of a brain of {height_mm:.0} mm; at least 20 mm must be scanned"
    )]
    NothingLeft {
        top_mm: f64,
        bottom_mm: f64,
        left_mm: f64,
        height_mm: f64,
    },
    #[error("planning a scan: {what} is {value}; it must be {expected}")]
    OutOfRange {
        what: &'static str,
        value: f64,
        expected: &'static str,
    },
    #[error(
        "planning a scan: {voxels} voxels are too many (shape {shape:?}); 250 million is the most, \
         take larger voxels"
    )]
    TooLarge { voxels: usize, shape: [usize; 3] },
}

/// Cells are at most this large in the plane, and along slices.
const CELL_MM: [f64; 3] = [0.35, 0.35, 0.5];
const MAX_VOXELS: usize = 250_000_000;

/// A person in a scanner, ready to be scanned with any microbleeds.
pub struct Exam {
    pub(crate) sampling: Sampling,
    pub(crate) echo: Echo,
    pub(crate) place: ScanPlace,
    pub(crate) white_signal: f64,
    maps: SignalMaps,
    map_voxel_from_mm: Matrix4<f64>,
    b0: Vector3<f32>,
    /// Vessels and other mimics in the scan's mm.
    background: Vec<Source>,
    /// From head mm to the scan's mm.
    mm_from_head: Isometry3<f64>,
    pub(crate) visit: VisitDraw,
}

impl Exam {
    /// Lays the person in the scanner.
    ///
    /// # Errors
    /// When the protocol is impossible, or the plan leaves nothing to scan.
    pub fn new(person: &Person, visit: &VisitDraw) -> Result<Self, ExamError> {
        check(visit)?;
        let place = geometry::place(person, visit)?;
        let b0_head = place
            .world_from_head
            .inverse_transform_vector(&Vector3::z());
        let field = person.field(b0_head)?;
        Self::with_field(person, visit, place, Some(&field))
    }

    /// The same in a magnet whose field no tissue and no mimic changes: without microbleeds
    /// phase is 0 and nothing dephases.
    ///
    /// # Errors
    /// As [`Exam::new`].
    pub fn without_field(person: &Person, visit: &VisitDraw) -> Result<Self, ExamError> {
        check(visit)?;
        let place = geometry::place(person, visit)?;
        Self::with_field(person, visit, place, None)
    }

    fn with_field(
        person: &Person,
        visit: &VisitDraw,
        place: ScanPlace,
        field: Option<&Volume<f32>>,
    ) -> Result<Self, ExamError> {
        let protocol = &visit.protocol;
        let echo = Echo {
            b0_t: protocol.b0_t,
            te_ms: protocol.te_ms,
            tr_ms: protocol.tr_ms,
            flip_angle_deg: protocol.flip_angle_deg,
        };
        let maps = SignalMaps::new(&person.maps, field, &echo)?;
        let mm_from_head = place.mm_from_world() * place.world_from_head;
        let mut background = Vec::new();
        for mimic in &person.mimics {
            mimic_sources(mimic, &echo, &mut background);
        }
        for source in &mut background {
            *source = source.moved(&mm_from_head);
            if field.is_none() {
                *source = source.without_field();
            }
        }
        let head_from_mm = mm_from_head.inverse().to_homogeneous();
        let b0_world = Vector3::z();
        Ok(Self {
            sampling: sampling(visit, place.grid.clone()),
            white_signal: person.white_signal(&echo),
            map_voxel_from_mm: maps.grid.voxel_from_world() * head_from_mm,
            b0: (place.mm_from_world().rotation * b0_world).cast(),
            background,
            mm_from_head,
            maps,
            echo,
            place,
            visit: visit.clone(),
        })
    }

    /// Grid of the scan.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.sampling.grid
    }

    /// The head's place in the scanner.
    #[must_use]
    pub fn place(&self) -> &ScanPlace {
        &self.place
    }

    /// The source a microbleed is in this scan.
    pub(crate) fn source(&self, lesion: &PlacedLesion) -> Source {
        let center = Vector3::from(lesion.center_head_mm);
        lesion_source(center, lesion.core_radius_mm, lesion.chi_ppm, &self.echo)
            .moved(&self.mm_from_head)
    }

    /// A microbleed's centre in mm along the scan's axes.
    pub(crate) fn center_mm(&self, lesion: &PlacedLesion) -> [f64; 3] {
        let center = Vector3::from(lesion.center_head_mm);
        (self.mm_from_head * nalgebra::Point3::from(center))
            .coords
            .into()
    }

    /// What is simulated: with microbleeds, and with what stands in for them elsewhere.
    fn world<'a>(&'a self, lesions: &'a [Source], stand_ins: &'a [Source]) -> World<'a> {
        World {
            maps: &self.maps,
            map_voxel_from_mm: self.map_voxel_from_mm,
            b0: self.b0,
            background: &self.background,
            lesions,
            stand_ins,
        }
    }

    /// Simulates a part of the scan without noise.
    pub(crate) fn render(&self, lesions: &[Source], region: &[Range<usize>; 3]) -> Rendered {
        render(&self.sampling, &self.world(lesions, &[]), region)
    }

    /// All of the scan, complex and without noise.
    #[must_use]
    pub fn scan(&self, lesions: &[PlacedLesion]) -> CleanScan {
        let sources: Vec<Source> = lesions.iter().map(|l| self.source(l)).collect();
        let rendered = self.render(&sources, &whole(self.grid()));
        let volume = |voxels| {
            Volume::new(self.grid().clone(), voxels)
                .unwrap_or_else(|_| Volume::filled(self.grid(), Complex32::default()))
        };
        CleanScan {
            without: volume(rendered.without),
            with: volume(rendered.with),
        }
    }

    /// Makes images of clean voxels: with shading, motion and noise.
    #[must_use]
    pub fn images(&self, mut scan: Volume<Complex32>) -> Images {
        image::apply(&mut scan, self);
        Images::of(&scan, self.visit.protocol.swi)
    }

    /// The regions on the scan's grid.
    ///
    /// # Errors
    /// None in practice: the pose is finite.
    pub fn regions(&self, person: &Person) -> Volume<u8> {
        let head_from_world = self.place.world_from_head.inverse().to_homogeneous();
        resample_nearest(person.regions(), self.grid(), &head_from_world, 0)
            .unwrap_or_else(|_| Volume::filled(self.grid(), 0))
    }

    /// What is known of each microbleed and the mask of those that can be seen; `without` is
    /// the scan without any.
    #[must_use]
    pub fn truth(
        &self,
        person: &Person,
        lesions: &[PlacedLesion],
        without: &Volume<Complex32>,
    ) -> Truth {
        truth::truth(self, person, lesions, without)
    }
}

/// A scan with and without its microbleeds, complex and without noise.
#[derive(Debug, Clone)]
pub struct CleanScan {
    /// With all of them.
    pub with: Volume<Complex32>,
    /// Without any.
    pub without: Volume<Complex32>,
}

/// The whole of a grid, as a part.
pub(crate) fn whole(grid: &Grid) -> [Range<usize>; 3] {
    grid.shape().map(|n| 0..n)
}

/// Refuses what a record may say and no scanner does.
fn check(visit: &VisitDraw) -> Result<(), ExamError> {
    visit.protocol.check()?;
    let imperfections = &visit.imperfections;
    let ranges = [
        ("the gap", visit.plan.gap, 0.0, 0.8, "a share from 0 to 0.8"),
        ("the SNR", imperfections.snr, 1.0, 1e4, "1 to 10000"),
        (
            "the window",
            imperfections.window,
            0.0,
            1.0,
            "a share from 0 to 1",
        ),
        (
            "the movement",
            imperfections.motion_mm,
            0.0,
            20.0,
            "0 to 20 mm",
        ),
        (
            "the shading",
            imperfections.shading,
            0.0,
            1.0,
            "a share from 0 to 1",
        ),
    ];
    for (what, value, low, high, expected) in ranges {
        if !(low..=high).contains(&value) {
            return Err(ExamError::OutOfRange {
                what,
                value,
                expected,
            });
        }
    }
    Ok(())
}

fn sampling(visit: &VisitDraw, grid: Grid) -> Sampling {
    let protocol = &visit.protocol;
    let acquired = protocol.acquired_mm();
    let spread = std::array::from_fn(|axis| {
        let voxel = protocol.voxel_mm[axis];
        let cells = (voxel / CELL_MM[axis] - 1e-9).ceil().max(2.0) as usize;
        if axis == 2 && protocol.encoding == Encoding::Slices {
            PointSpread::slice(cells, 1.0 - visit.plan.gap)
        } else {
            PointSpread::encoded(cells, acquired[axis] / voxel, visit.imperfections.window)
        }
    });
    Sampling { grid, spread }
}
