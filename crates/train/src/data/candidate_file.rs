//! The candidates of one scan as training keeps them on disk.

use super::prepared::{PreparedFileError, is_made_of, read_entry};
use half::f16;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, FINE_CHANNELS, SpotKind, VIEW_EDGE, VIEW_NUMBERS,
};
use siderin_evaluate::Point;
use siderin_image::folder::{write_synced, write_then_rename};
use siderin_image::volume::WorldPoint;
use siderin_image::volume::sphere_diameter_mm;
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

/// Which kinds a candidate may be: bit *i* for [`SpotKind::ALL`]*\[i\]*. More than one where the truth does
/// not say; none where it is a part of something, and nothing is learnt from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MayBe(pub u8);

impl MayBe {
    /// Nothing is known.
    pub const NOTHING: Self = Self(0);

    /// One kind.
    #[must_use]
    pub fn only(kind: SpotKind) -> Self {
        Self(1 << kind as u8)
    }

    /// Anything but a microbleed.
    #[must_use]
    pub fn no_microbleed() -> Self {
        let all = (1u8 << SpotKind::ALL.len()) - 1;
        Self(all & !Self::only(SpotKind::Microbleed).0)
    }

    /// Whether it is a microbleed for certain.
    #[must_use]
    pub fn is_microbleed(self) -> bool {
        self == Self::only(SpotKind::Microbleed)
    }
}

/// A candidate's place in the scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidatePlace {
    /// Its centre in RAS+ mm.
    pub center_world_mm: [f64; 3],
    /// Volume of its voxels.
    pub volume_mm3: f64,
    /// Its voxels, as offsets in the scan. Kept beside the header.
    #[serde(skip)]
    pub voxels: Vec<usize>,
    /// What it may be.
    pub may_be: MayBe,
}

/// A lesion of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TruePlace {
    /// Mean of its voxels' centres in RAS+ mm.
    pub center_world_mm: [f64; 3],
    /// Volume of its voxels.
    pub volume_mm3: f64,
}

impl TruePlace {
    /// As the scorer takes it.
    #[must_use]
    pub fn point(&self) -> Point {
        let [x, y, z] = self.center_world_mm;
        Point {
            id: None,
            center_world: WorldPoint::new(x, y, z),
            confidence: None,
            diameter_mm: Some(sphere_diameter_mm(self.volume_mm3)),
            volume_mm3: Some(self.volume_mm3),
        }
    }
}

/// The candidates of a scan, the likeliest by the rules first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CandidateSet {
    /// Where they lie and what they may be.
    pub places: Vec<CandidatePlace>,
    /// All true lesions, found by the search or not.
    pub lesions: Vec<TruePlace>,
    /// Fine views, then coarse ones, one after the other.
    fine: Vec<f16>,
    coarse: Vec<f16>,
    numbers: Vec<f32>,
}

const FINE: usize = FINE_CHANNELS * VIEW_EDGE * VIEW_EDGE;
const COARSE: usize = COARSE_CHANNELS * VIEW_EDGE * VIEW_EDGE;

impl CandidateSet {
    /// A set without candidates.
    #[must_use]
    pub fn of(lesions: Vec<TruePlace>) -> Self {
        Self {
            lesions,
            ..Self::default()
        }
    }

    /// Adds a candidate.
    pub fn push(&mut self, place: CandidatePlace, view: &CandidateView) {
        self.places.push(place);
        self.fine
            .extend(view.fine.iter().map(|v| f16::from_f32(*v)));
        self.coarse
            .extend(view.coarse.iter().map(|v| f16::from_f32(*v)));
        self.numbers.extend(&view.numbers);
    }

    /// Memory that its views take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        2 * (self.fine.len() + self.coarse.len()) + 4 * self.numbers.len()
    }

    /// What a network is shown of candidate `at`.
    #[must_use]
    pub fn view(&self, at: usize) -> CandidateView {
        let wide = |values: &[f16]| values.iter().map(|v| v.to_f32()).collect();
        CandidateView {
            fine: wide(&self.fine[at * FINE..][..FINE]),
            coarse: wide(&self.coarse[at * COARSE..][..COARSE]),
            numbers: self.numbers[at * VIEW_NUMBERS..][..VIEW_NUMBERS].to_vec(),
        }
    }
}

/// A file of one scan's candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Header {
    made_of: String,
    places: Vec<CandidatePlace>,
    lesions: Vec<TruePlace>,
}

impl CandidateFile {
    /// A file that may or may not be there yet.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whether the file is there and was made of `made_of`.
    #[must_use]
    pub fn is_of(&self, made_of: &str) -> bool {
        is_made_of(&self.path, made_of)
    }

    /// Writes the file; it is complete or as it was.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, made_of: &str, set: &CandidateSet) -> Result<(), PreparedFileError> {
        let header = Header {
            made_of: made_of.into(),
            places: set.places.clone(),
            lesions: set.lesions.clone(),
        };
        let header = serde_json::to_string(&header)
            .map_err(|error| PreparedFileError::Header(error.to_string()))?;
        let count = set.places.len();
        let half =
            |values: &[f16]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
        let (fine, coarse) = (half(&set.fine), half(&set.coarse));
        let numbers: Vec<u8> = set.numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        let lengths = set.places.iter().map(|place| place.voxels.len() as u64);
        let voxels = set.places.iter().flat_map(|place| &place.voxels);
        let whole = |numbers: &mut dyn Iterator<Item = u64>| -> Vec<u8> {
            numbers.flat_map(u64::to_le_bytes).collect()
        };
        let lengths = whole(&mut lengths.into_iter());
        let voxels = whole(&mut voxels.map(|voxel| *voxel as u64));
        let views = |channels| vec![count, channels, VIEW_EDGE, VIEW_EDGE];
        let view = TensorView::new;
        let file = safetensors::serialize(
            [
                ("fine", view(Dtype::F16, views(FINE_CHANNELS), &fine)?),
                ("coarse", view(Dtype::F16, views(COARSE_CHANNELS), &coarse)?),
                (
                    "numbers",
                    view(Dtype::F32, vec![count, VIEW_NUMBERS], &numbers)?,
                ),
                ("lengths", view(Dtype::U64, vec![count], &lengths)?),
                ("voxels", view(Dtype::U64, vec![voxels.len() / 8], &voxels)?),
            ],
            Some(HashMap::from([(
                super::prepared::ENTRY.to_string(),
                header,
            )])),
        )?;
        write_then_rename(&self.path, |partial| {
            write_synced(partial, |sink| {
                Ok::<_, PreparedFileError>(sink.write_all(&file)?)
            })
        })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn read(&self) -> Result<CandidateSet, PreparedFileError> {
        let bytes = std::fs::read(&self.path).map_err(|source| {
            let name = self.path.file_name().unwrap_or_default();
            PreparedFileError::Unreadable {
                source,
                name: name.to_string_lossy().into_owned(),
            }
        })?;
        let mut header: Header = read_entry(&mut &bytes[..])?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let half = |name: &str| -> Result<Vec<f16>, SafeTensorError> {
            let tensor = tensors.tensor(name)?;
            let (values, _) = tensor.data().as_chunks::<2>();
            Ok(values.iter().map(|v| f16::from_le_bytes(*v)).collect())
        };
        let numbers = tensors.tensor("numbers")?;
        let (values, _) = numbers.data().as_chunks::<4>();
        let whole = |name: &str| -> Result<Vec<usize>, SafeTensorError> {
            let tensor = tensors.tensor(name)?;
            let (values, _) = tensor.data().as_chunks::<8>();
            Ok(values
                .iter()
                .map(|v| u64::from_le_bytes(*v) as usize)
                .collect())
        };
        let mut voxels = whole("voxels")?.into_iter();
        for (place, length) in header.places.iter_mut().zip(whole("lengths")?) {
            place.voxels = voxels.by_ref().take(length).collect();
        }
        let set = CandidateSet {
            fine: half("fine")?,
            coarse: half("coarse")?,
            numbers: values.iter().map(|v| f32::from_le_bytes(*v)).collect(),
            places: header.places,
            lesions: header.lesions,
        };
        let count = set.places.len();
        let sizes = [
            (set.fine.len(), FINE),
            (set.coarse.len(), COARSE),
            (set.numbers.len(), VIEW_NUMBERS),
        ];
        if sizes.iter().any(|(found, each)| *found != count * each) {
            let said = format!("views of {count} candidates have another size");
            return Err(PreparedFileError::Header(said));
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(x: f64, may_be: MayBe) -> CandidatePlace {
        CandidatePlace {
            center_world_mm: [x, 2.0, 3.0],
            volume_mm3: 8.0,
            voxels: vec![3, 4],
            may_be,
        }
    }

    #[test]
    fn candidates_come_back_in_half_precision() {
        let folder = tempfile::tempdir().unwrap();
        let file = CandidateFile::at(folder.path().join("a.candidates"));
        let lesion = TruePlace {
            center_world_mm: [1.0, 2.0, 3.0],
            volume_mm3: 4.0,
        };
        let mut set = CandidateSet::of(vec![lesion]);
        for n in 0..2 {
            let view = CandidateView {
                fine: vec![0.1 + n as f32; FINE],
                coarse: vec![-0.7; COARSE],
                numbers: vec![0.3; VIEW_NUMBERS],
            };
            set.push(place(f64::from(n), MayBe::no_microbleed()), &view);
        }
        file.write("these", &set).unwrap();
        assert!(file.is_of("these") && !file.is_of("those"));
        let read = file.read().unwrap();
        assert_eq!(read, set);
        // Eleven bits of 1.1.
        assert!((read.view(1).fine[7] - 1.1).abs() < 1.1 / 2048.0);
        assert_eq!(read.view(1).numbers[5], 0.3);
        std::fs::write(folder.path().join("a.candidates"), b"short").unwrap();
        assert!(file.read().is_err() && !file.is_of("these"));
    }

    #[test]
    fn kinds_are_bits() {
        assert_eq!(MayBe::only(SpotKind::Microbleed).0, 0b00_0001);
        assert_eq!(MayBe::only(SpotKind::Other).0, 0b10_0000);
        assert_eq!(MayBe::no_microbleed().0, 0b11_1110);
        assert!(MayBe(1).is_microbleed() && !MayBe(3).is_microbleed());
    }
}
