//! A scan kept as a background: microbleeds are added, moved or resized in any part of it at
//! the cost of their surroundings, for training.

use super::draw::VisitDraw;
use super::exam::{Exam, ExamError, is_visible, seen, whole};
use super::head::Head;
use super::image::{Homodyne, Images, Receiver, add_noise};
use super::person::Person;
use super::scene::PlacedLesion;
use super::simulation::{Record, SimulateError};
use crate::volume::{GridError, Volume, WorldPoint};
use rustfft::num_complex::Complex32;
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

    /// The received voxels of a part with microbleeds, without noise. Differs from simulating
    /// the whole by less than a tenth of the noise's deviation at an SNR of 60.
    pub(crate) fn received_with(
        &self,
        lesions: &[PlacedLesion],
        region: &[Range<usize>; 3],
    ) -> Result<(Volume<Complex32>, Volume<Complex32>), GridError> {
        let sources: Vec<_> = lesions.iter().map(|l| self.exam.source(l)).collect();
        let before = self.clean.crop(region.clone())?;
        let after = self.exam.resimulate(&sources, &self.clean, region);
        let mut change = before;
        for (change, after) in change.voxels_mut().iter_mut().zip(after) {
            *change = after - *change;
        }
        self.receiver.shade(change.voxels_mut(), region);
        self.receiver.shift_part(&mut change, region);
        let mut received = self.received.crop(region.clone())?;
        for (value, change) in received.voxels_mut().iter_mut().zip(change.voxels()) {
            *value += change;
        }
        Ok((received, change))
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
        let (mut received, change) = self.received_with(lesions, region)?;
        let smooth = match &self.smooth {
            Some((filter, smooth)) => {
                let mut part = smooth.crop(region.clone())?;
                filter.add_smooth_part(&change, region, &mut part);
                Some(part)
            }
            None => None,
        };
        add_noise(&mut received, &self.exam, noise_seed);
        let images = match &smooth {
            Some(smooth) => Images::with_smooth(&received, smooth),
            None => Images::of(&received, false),
        };
        Ok(Patch {
            images,
            mask: self.mask(lesions, region)?,
        })
    }

    /// Instance labels of the visible ones among the microbleeds, in a part.
    fn mask(
        &self,
        lesions: &[PlacedLesion],
        region: &[Range<usize>; 3],
    ) -> Result<Volume<u16>, GridError> {
        let mut mask = Volume::filled(&self.exam.grid().crop(region)?, 0u16);
        let mut deepest = mask.map(|_| 0.0f32);
        let scan = self.exam.grid();
        for (number, lesion) in (1u16..).zip(lesions) {
            let seen = seen(&self.exam, lesion, &self.clean);
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
}
