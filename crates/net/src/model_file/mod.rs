//! A trained network in one file.
//!
//! A `.siderin` file is a safetensors file with the tensors in PyTorch's names and layouts, so that
//! other programs can read them, and one entry of metadata, `siderin`: the [`ModelCard`] as JSON.

mod calibration;
mod card;
mod import;
mod points;
mod weights;

pub use calibration::Calibration;
pub use card::{CARD_VERSION, ModelCard, RegionsUsed, Training};
pub use import::{ImportError, import_weights};
pub use points::{OtherPoints, PointName, Threshold};
pub use weights::WeightsMismatch;
pub(crate) use weights::{set_weights, writing_store};

use crate::architectures::{ConfigError, Network};
use crate::tiling::TilingError;
use burn::store::{ModuleSnapshot, SafetensorsStoreError};
use burn::tensor::Device;
use safetensors::{SafeTensorError, SafeTensors};
use siderin_image::folder::{open_file, write_synced, write_then_rename};
use siderin_image::preprocess::RecipeError;
use std::io::{self, Read, Write};
use std::path::Path;

/// Metadata entry that holds the card.
const ENTRY: &str = "siderin";
/// Larger files are not read: the largest of the papers' networks has 110 MB.
const MOST_BYTES: u64 = 4 << 30;
/// The header of the largest network has 100 kB. Text and images begin with larger numbers.
const MOST_HEADER: u64 = 64 << 20;

/// A model file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ModelFileError {
    #[error("reading a model file: {0}; check that it is there and readable")]
    Io(#[from] io::Error),
    #[error("reading a model file: it has {bytes} bytes or more; no model has above {most}")]
    TooLarge { bytes: u64, most: u64 },
    #[error("reading a model file: {0}; it was cut off or damaged, fetch it again")]
    Damaged(#[from] SafeTensorError),
    #[error(
        "reading a model file: it holds weights but no card of siderin; weights of other programs \
         become a model file by `siderin model import`"
    )]
    NoCard,
    #[error(
        "reading a model file: its card has version {found}, this siderin reads up to \
         {CARD_VERSION}; use a newer siderin"
    )]
    Newer { found: u64 },
    #[error("reading a model file: its card is damaged ({0})")]
    Card(#[from] serde_json::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Inference(#[from] TilingError),
    #[error(
        "the operating point of a model is {0}; a threshold from 0 to 1 and sizes from 0 are needed"
    )]
    OperatingPoint(String),
    #[error(
        "the other points of a model are {0}; thresholds from 0 to 1 are needed, the sensitive one no \
         higher and the specific one no lower than that of its operating point"
    )]
    OtherPoints(String),
    #[error("the calibration of a model is {0}; a slope above 0 and a finite offset are needed")]
    Calibration(String),
    #[error(transparent)]
    Weights(#[from] WeightsMismatch),
    #[error(
        "the card of a model has version {0}, 1 to {CARD_VERSION} are known; set it to {CARD_VERSION}"
    )]
    Version(u32),
}

/// A model file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ModelWriteError {
    #[error(transparent)]
    Card(#[from] ModelFileError),
    #[error("writing a model file: {0}; check the folder, its free space and its permissions")]
    Io(#[from] io::Error),
    #[error("writing a model file: {0}; please report this as a fault")]
    Tensors(#[from] SafetensorsStoreError),
    #[error("writing a model file: {0}; please report this as a fault")]
    Json(#[from] serde_json::Error),
}

/// A network and its card.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it says of itself.
    pub card: ModelCard,
    /// With its weights.
    pub network: Network,
}

impl Model {
    /// Reads a model file; its network lies on `device`.
    ///
    /// # Errors
    /// When it is no model file, is damaged, comes from a newer version, or its tensors are not
    /// those of its network.
    pub fn read(path: &Path, device: &Device) -> Result<Self, ModelFileError> {
        Self::from_bytes(bytes_of(path)?, device)
    }

    /// As [`Model::read`], of a file's bytes.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(bytes: Vec<u8>, device: &Device) -> Result<Self, ModelFileError> {
        let card = ModelCard::from_bytes(&bytes)?;
        let network = set_weights(card.model.init(device)?, bytes, None)?;
        Ok(Self { card, network })
    }

    /// Writes a model file; it is complete or as it was.
    ///
    /// # Errors
    /// When the card is impossible, or what the disk says.
    pub fn write(&self, path: &Path) -> Result<(), ModelWriteError> {
        let bytes = self.to_bytes()?;
        Ok(write_then_rename(path, |partial| {
            write_synced(partial, |sink| sink.write_all(&bytes))
        })?)
    }

    /// How many numbers the network has, running statistics of batch normalisation included.
    #[must_use]
    pub fn numbers(&self) -> usize {
        let tensors = self.network.collect(None, None, true);
        let counts = tensors.iter().map(|t| t.shape.iter().product::<usize>());
        counts.sum()
    }

    /// 16 letters that tell it from other models: of its card and weights, wherever its file is.
    ///
    /// # Errors
    /// When the card is impossible.
    pub fn fingerprint(&self) -> Result<String, ModelWriteError> {
        let bytes = self.to_bytes()?;
        // FNV-1a (Fowler, Noll, Vo): nobody is to be kept from making two that are alike.
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Ok(format!("{hash:016x}"))
    }

    /// The bytes of the model's file.
    ///
    /// # Errors
    /// When the card is impossible.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelWriteError> {
        self.card.check()?;
        let mut store = writing_store().metadata(ENTRY, serde_json::to_string(&self.card)?);
        self.network.save_into(&mut store)?;
        Ok(store.get_bytes()?)
    }
}

impl ModelCard {
    /// Reads the card of a model file alone.
    ///
    /// # Errors
    /// As [`Model::read`], but for the tensors' names and shapes.
    pub fn read(path: &Path) -> Result<Self, ModelFileError> {
        Self::from_bytes(&bytes_of(path)?)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        // Checks that every tensor lies inside the file.
        SafeTensors::deserialize(bytes)?;
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let card = header.metadata().as_ref().and_then(|m| m.get(ENTRY));
        let card = card.ok_or(ModelFileError::NoCard)?;
        let value: serde_json::Value = serde_json::from_str(card)?;
        // The version first: a newer card may have other fields.
        match value["card_version"].as_u64() {
            Some(found) if found > u64::from(CARD_VERSION) => {
                return Err(ModelFileError::Newer { found });
            }
            _ => {}
        }
        let card: Self = serde_json::from_value(value)?;
        card.check()?;
        Ok(card)
    }

    /// # Errors
    /// Names what makes no model.
    pub fn check(&self) -> Result<(), ModelFileError> {
        if !(1..=CARD_VERSION).contains(&self.card_version) {
            return Err(ModelFileError::Version(self.card_version));
        }
        self.model.design().check()?;
        self.recipe.check()?;
        self.inference.check()?;
        if let Some(line) = &self.calibration
            && !(line.slope > 0.0 && line.slope.is_finite() && line.offset.is_finite())
        {
            return Err(ModelFileError::Calibration(format!("{line:?}")));
        }
        let point = &self.operating;
        let sizes = [point.minimum_mm3, point.ring_mm.unwrap_or(0.0)];
        let share = |threshold: &f32| (0.0..=1.0).contains(threshold);
        if !(share(&point.threshold) && sizes.iter().all(|size| (0.0..=1e6).contains(size))) {
            return Err(ModelFileError::OperatingPoint(format!("{point:?}")));
        }
        match &self.other_points {
            Some(other)
                if !(share(&other.sensitive)
                    && share(&other.specific)
                    && (other.sensitive..=other.specific).contains(&point.threshold)) =>
            {
                Err(ModelFileError::OtherPoints(format!("{other:?}")))
            }
            _ => Ok(()),
        }
    }
}

/// The bytes of a file that may be a model: of one that begins differently, only the beginning.
fn bytes_of(path: &Path) -> Result<Vec<u8>, ModelFileError> {
    let mut file = open_file(path)?.take(MOST_BYTES + 1);
    let mut bytes = vec![0; 8];
    if let Err(error) = file.read_exact(&mut bytes) {
        return Err(match error.kind() {
            io::ErrorKind::UnexpectedEof => SafeTensorError::HeaderTooSmall.into(),
            _ => error.into(),
        });
    }
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
    if header > MOST_HEADER {
        return Err(SafeTensorError::HeaderTooLarge.into());
    }
    file.read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        size if size > MOST_BYTES => Err(ModelFileError::TooLarge {
            bytes: size,
            most: MOST_BYTES,
        }),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
