//! A scan kept as a background: microbleeds are added, moved or resized in any part of it at
//! the cost of their surroundings, for training.

use super::draw::VisitDraw;
use super::exam::{
    Exam, ExamError, SEARCH_MM, Seen, is_visible, search_region, seen, seen_between, whole,
};
use super::head::Head;
use super::image::{Homodyne, Images, Receiver, add_noise};
use super::person::Person;
use super::scene::PlacedLesion;
use super::simulation::{Record, SimulateError};
use rustfft::num_complex::Complex32;
use siderin_image::volume::{GridError, Volume, WorldPoint};
use std::ops::Range;

/// A person in a scanner with the scan that has no microbleeds.
pub struct Background {
    person: Person,
    exam: Exam,
    /// Clean voxels.
    clean: Volume<Complex32>,
    /// The same as received: shaded and moved, without noise.
    received: Volume<Complex32>,
    receiver: Receiver,
    /// What the SWI filter takes for background.
    smooth: Option<(Homodyne, Volume<Complex32>)>,
}

/// A part of a scan with microbleeds of one's choice.
#[derive(Debug, Clone)]
pub struct Patch {
    /// Magnitude, phase, and SWI where the protocol makes one, on the part's grid.
    pub images: Images,
    /// Instance labels of visible microbleeds, numbered from 1 in the order given.
    pub mask: Volume<u16>,
}

impl Background {
    /// Scans a person without microbleeds.
    ///
    /// # Errors
    /// As [`Exam::new`].
    pub fn new(person: Person, visit: &VisitDraw) -> Result<Self, ExamError> {
        let exam = Exam::new(&person, visit)?;
        let clean = exam.scan(&[]).without;
        let receiver = Receiver::new(&exam);
        let mut received = clean.clone();
        receiver.shade(received.voxels_mut(), &whole(exam.grid()));
        receiver.shift(&mut received);
        let smooth = visit.protocol.swi.then(|| {
            let filter = Homodyne::new(exam.grid().shape());
            let smooth = filter.smooth(&received);
            (filter, smooth)
        });
        Ok(Self {
            person,
            exam,
            clean,
            received,
            receiver,
            smooth,
        })
    }

    /// The background of a simulated scan, from its head and its record (`truth.json`): the
    /// same person, scanner and imperfections, without its microbleeds.
    ///
    /// # Errors
    /// As [`Person::new`] and [`Exam::new`].
    pub fn of_record(head: &Head, record: &Record) -> Result<Self, SimulateError> {
        let person = Person::new(head, &record.person)?;
        Ok(Self::new(person, &record.visit)?)
    }

    /// The person.
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The exam.
    #[must_use]
    pub fn exam(&self) -> &Exam {
        &self.exam
    }

    /// A microbleed at a place in the scan's world.
    #[must_use]
    pub fn lesion_at(&self, at: WorldPoint, core_radius_mm: f64, chi_ppm: f64) -> PlacedLesion {
        let head = self.exam.place().world_from_head.inverse() * at.0;
        PlacedLesion {
            id: 0,
            center_head_mm: head.coords.into(),
            core_radius_mm,
            chi_ppm,
        }
    }

    /// Where a microbleed lies in the scan's world.
    #[must_use]
    pub fn place_of(&self, lesion: &PlacedLesion) -> WorldPoint {
        let [x, y, z] = lesion.center_head_mm;
        WorldPoint(self.exam.place().world_from_head * nalgebra::Point3::new(x, y, z))
    }

    /// The received voxels of a part with microbleeds, without noise. Differs from simulating
    /// the whole by less than a fifth of the noise's deviation, in magnitude and SWI by less
    /// than a tenth.
    pub(crate) fn received_with(
        &self,
        lesions: &[PlacedLesion],
        region: &[Range<usize>; 3],
    ) -> Result<Received, GridError> {
        let sources: Vec<_> = lesions.iter().map(|l| self.exam.source(l)).collect();
        let wide = self.widened(lesions, region);
        let before = self.clean.crop(wide.clone())?;
        let after = self.exam.resimulate(&sources, &self.clean, &wide);
        let mut change = before.clone();
        for (change, after) in change.voxels_mut().iter_mut().zip(&after) {
            *change = after - *change;
        }
        self.receiver.shade(change.voxels_mut(), &wide);
        self.receiver.shift_part(&mut change, &wide);
        let mut received = self.received.crop(wide.clone())?;
        for (value, change) in received.voxels_mut().iter_mut().zip(change.voxels()) {
            *value += change;
        }
        let within = within(region, &wide);
        let received = received.crop(within)?;
        Ok(Received {
            received,
            change,
            before,
            after,
            wide,
        })
    }

    /// The part with as much around it in the plane as the microbleeds change: movement and the
    /// SWI filter carry it into the part from there.
    fn widened(&self, lesions: &[PlacedLesion], region: &[Range<usize>; 3]) -> [Range<usize>; 3] {
        let mut wide = region.clone();
        if self.smooth.is_none() && !self.receiver.moves() {
            return wide;
        }
        for lesion in lesions {
            let reach = f64::from(self.exam.source(lesion).reach);
            let center = self.exam.center_mm(lesion);
            let felt = self.exam.sampling.voxels_within(center, reach);
            let same_slices = felt[2].start < region[2].end && region[2].start < felt[2].end;
            if same_slices {
                for axis in (0..2).filter(|&a| !felt[a].is_empty()) {
                    wide[axis].start = wide[axis].start.min(felt[axis].start);
                    wide[axis].end = wide[axis].end.max(felt[axis].end);
                }
            }
        }
        wide
    }

    /// A part of the scan (half-open per axis) with microbleeds and noise of its own.
    ///
    /// # Errors
    /// When the part is empty or leaves the scan.
    pub fn patch(
        &self,
        region: &[Range<usize>; 3],
        lesions: &[PlacedLesion],
        noise_seed: u64,
    ) -> Result<Patch, GridError> {
        let part = self.received_with(lesions, region)?;
        let mask = self.mask(lesions, region, &part)?;
        let smooth = self.smooth_with(region, &part)?;
        let mut received = part.received;
        add_noise(&mut received, &self.exam, noise_seed);
        let images = match &smooth {
            Some(smooth) => Images::with_smooth(&received, smooth),
            None => Images::of(&received, false),
        };
        Ok(Patch { images, mask })
    }

    /// What the SWI filter takes for background in a part, with the microbleeds.
    pub(crate) fn smooth_with(
        &self,
        region: &[Range<usize>; 3],
        part: &Received,
    ) -> Result<Option<Volume<Complex32>>, GridError> {
        let Some((filter, smooth)) = &self.smooth else {
            return Ok(None);
        };
        let mut wide = smooth.crop(part.wide.clone())?;
        filter.add_smooth_part(&part.change, &part.wide, &mut wide);
        Ok(Some(wide.crop(within(region, &part.wide))?))
    }

    /// Instance labels of the visible ones among the microbleeds, in a part.
    fn mask(
        &self,
        lesions: &[PlacedLesion],
        region: &[Range<usize>; 3],
        part: &Received,
    ) -> Result<Volume<u16>, GridError> {
        let mut mask = Volume::filled(part.received.grid(), 0u16);
        let mut deepest = mask.map(|_| 0.0f32);
        let scan = self.exam.grid();
        for (number, lesion) in (1u16..).zip(lesions) {
            let seen = self.seen(lesion, lesions, part);
            if !is_visible(&seen) {
                continue;
            }
            for (offset, loss) in seen.voxels {
                let index = scan.index(offset);
                if !(0..3).all(|a| region[a].contains(&index[a])) {
                    continue;
                }
                let at = std::array::from_fn(|a| index[a] - region[a].start);
                if loss > deepest.at(at) {
                    deepest.set(at, loss);
                    mask.set(at, number);
                }
            }
        }
        Ok(mask)
    }

    /// What one of the microbleeds takes by itself. Where it is alone and wholly in the part,
    /// that is known already.
    fn seen(&self, lesion: &PlacedLesion, all: &[PlacedLesion], part: &Received) -> Seen {
        let region = &part.wide;
        let search = search_region(&self.exam, lesion);
        let inside = (0..3).all(|a| {
            !search[a].is_empty()
                && search[a].start >= region[a].start
                && search[a].end <= region[a].end
        });
        let center = |l: &PlacedLesion| nalgebra::Vector3::from(l.center_head_mm);
        let near =
            |other: &&PlacedLesion| (center(other) - center(lesion)).norm() < 2.0 * SEARCH_MM;
        if !inside || all.iter().filter(near).count() > 1 {
            return seen(&self.exam, lesion, &self.clean);
        }
        let wide = [region[0].len(), region[1].len()];
        let rows = |voxels: &[Complex32]| -> Vec<Complex32> {
            let place =
                |a: usize| search[a].start - region[a].start..search[a].end - region[a].start;
            place(2)
                .flat_map(|k| place(1).map(move |j| (j, k)))
                .flat_map(|(j, k)| {
                    let row = wide[0] * (j + wide[1] * k);
                    voxels[row + place(0).start..row + place(0).end]
                        .iter()
                        .copied()
                })
                .collect()
        };
        let (before, after) = (rows(part.before.voxels()), rows(&part.after));
        seen_between(&self.exam, lesion, &search, &before, &after)
    }
}

/// A part of a scan with microbleeds, at its stages.
pub(crate) struct Received {
    /// With microbleeds, as received.
    pub(crate) received: Volume<Complex32>,
    /// The part and what is around it and was worked out, too.
    wide: [Range<usize>; 3],
    /// What the microbleeds change of the received voxels of the wide part.
    change: Volume<Complex32>,
    /// Clean voxels of the wide part without.
    before: Volume<Complex32>,
    /// Clean voxels of the wide part with.
    after: Vec<Complex32>,
}

/// A part's place within a wider one.
fn within(region: &[Range<usize>; 3], wide: &[Range<usize>; 3]) -> [Range<usize>; 3] {
    std::array::from_fn(|a| region[a].start - wide[a].start..region[a].end - wide[a].start)
}
