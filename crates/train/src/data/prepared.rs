//! One scan as training keeps it on disk.

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use siderin_core::regions::VoxelClass;
use siderin_image::folder::{write_synced, write_then_rename};
use siderin_image::preprocess::{Connectivity, Prepared, connected_components};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume};
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Metadata entry of the header.
pub(super) const ENTRY: &str = "siderin";

/// What samples are cut from. Voxels run along columns fastest, then rows, then slices.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// Columns, rows, slices.
    pub shape: [usize; 3],
    /// Their spacing.
    pub spacing_mm: [f64; 3],
    /// One image a channel.
    pub images: Vec<Vec<f32>>,
    /// [`VoxelClass`] of each voxel, those of regions 0 where there is no map of them; for a network
    /// of regions, their codes.
    pub classes: Vec<u8>,
    /// Where the brain is.
    pub brain: Vec<bool>,
    /// Voxels of each lesion.
    pub lesions: Vec<Vec<usize>>,
    /// Voxels in the middle of dark round spots that are no lesion, the likeliest mistakes first.
    pub spots: Vec<usize>,
}

/// What is made of one scan.
#[derive(Debug, Clone)]
pub struct Labelled<'a> {
    /// What the network sees.
    pub prepared: &'a Prepared,
    /// As [`Material::classes`].
    pub classes: &'a [u8],
    /// As [`Material::spots`].
    pub spots: &'a [usize],
    /// What is true.
    pub truth: &'a Truth,
}

/// What a prediction is held against, on the scan's grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The brain.
    pub brain: Volume<bool>,
    /// The lesions.
    pub mask: Volume<bool>,
}

/// A file of one prepared scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedFile {
    path: PathBuf,
}

/// A prepared scan that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PreparedFileError {
    #[error("keeping a prepared scan: {0}; check the folder, its free space and its permissions")]
    Io(#[from] io::Error),
    #[error(
        "reading a prepared scan: {source}; call the command again, what is missing is made again \
         ({name})"
    )]
    Unreadable { source: io::Error, name: String },
    #[error("reading a prepared scan: {0}; remove the folder of prepared scans, it is made again")]
    Damaged(#[from] SafeTensorError),
    #[error("reading a prepared scan: {0}; remove the folder of prepared scans, it is made again")]
    Header(String),
}

#[derive(Serialize, Deserialize)]
struct Header {
    /// What it was made of.
    made_of: String,
    grid: Grid,
    scan_grid: Grid,
    lesions: usize,
    spots: Vec<usize>,
}

impl PreparedFile {
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

    /// How many lesions the scan has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lesion_count(&self) -> Result<usize, PreparedFileError> {
        let mut file = std::fs::File::open(&self.path).map_err(|e| self.unreadable(e))?;
        Ok(read_header(&mut file)?.lesions)
    }

    fn unreadable(&self, source: io::Error) -> PreparedFileError {
        let name = self.path.file_name().unwrap_or_default();
        PreparedFileError::Unreadable {
            source,
            name: name.to_string_lossy().into_owned(),
        }
    }

    /// Writes the file; it is complete or as it was.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, made_of: &str, scan: &Labelled) -> Result<(), PreparedFileError> {
        let (prepared, truth) = (scan.prepared, scan.truth);
        let grid = prepared.brain.grid();
        let (_, lesions) = connected_components(&truth.mask, Connectivity::TwentySix);
        let header = Header {
            made_of: made_of.into(),
            grid: grid.clone(),
            scan_grid: truth.mask.grid().clone(),
            lesions,
            spots: scan.spots.to_vec(),
        };
        let header = serde_json::to_string(&header)
            .map_err(|error| PreparedFileError::Header(error.to_string()))?;
        let images: Vec<u8> = prepared
            .images
            .iter()
            .flat_map(|image| image.voxels().iter().flat_map(|v| v.to_le_bytes()))
            .collect();
        let bytes = |mask: &Volume<bool>| -> Vec<u8> {
            mask.voxels()
                .iter()
                .map(|inside| u8::from(*inside))
                .collect()
        };
        let brain = bytes(&prepared.brain);
        let (scan_brain, mask) = (bytes(&truth.brain), bytes(&truth.mask));
        let [nx, ny, nz] = grid.shape();
        let [sx, sy, sz] = truth.mask.shape();
        let view = |kind, shape: &[usize], data| TensorView::new(kind, shape.to_vec(), data);
        let file = safetensors::serialize(
            [
                (
                    "images",
                    view(Dtype::F32, &[prepared.images.len(), nz, ny, nx], &images)?,
                ),
                ("brain", view(Dtype::U8, &[nz, ny, nx], &brain)?),
                ("classes", view(Dtype::U8, &[nz, ny, nx], scan.classes)?),
                ("scan_brain", view(Dtype::U8, &[sz, sy, sx], &scan_brain)?),
                ("scan_mask", view(Dtype::U8, &[sz, sy, sx], &mask)?),
            ],
            Some(HashMap::from([(ENTRY.to_string(), header)])),
        )?;
        write_then_rename(&self.path, |partial| {
            write_synced(partial, |sink| {
                Ok::<_, PreparedFileError>(sink.write_all(&file)?)
            })
        })
    }

    /// What samples are cut from.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn material(&self) -> Result<Material, PreparedFileError> {
        let bytes = std::fs::read(&self.path).map_err(|e| self.unreadable(e))?;
        let header = read_header(&mut &bytes[..])?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let shape = header.grid.shape();
        let classes = tensors.tensor("classes")?.data().to_vec();
        // Among the codes of regions the lesions' number is a region's.
        let lesions = match header.lesions {
            0 => Vec::new(),
            _ => lesions_of(&classes, &header.grid)?,
        };
        Ok(Material {
            shape,
            spacing_mm: header.grid.spacing_mm(),
            images: images_of(&tensors, &header.grid)?,
            brain: flags(&tensors, "brain")?,
            classes,
            lesions,
            spots: header.spots,
        })
    }

    /// What the network sees of the whole scan, and what is true of it.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn whole(&self) -> Result<(Prepared, Truth), PreparedFileError> {
        let bytes = std::fs::read(&self.path).map_err(|e| self.unreadable(e))?;
        let header = read_header(&mut &bytes[..])?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let volume = |name: &str, grid: &Grid| {
            let values = flags(&tensors, name)?;
            Volume::new(grid.clone(), values).map_err(|e| PreparedFileError::Header(e.to_string()))
        };
        let images = images_of(&tensors, &header.grid)?
            .into_iter()
            .map(|image| Volume::new(header.grid.clone(), image))
            .collect::<Result<_, _>>()
            .map_err(|e| PreparedFileError::Header(e.to_string()))?;
        Ok((
            Prepared {
                images,
                brain: volume("brain", &header.grid)?,
            },
            Truth {
                brain: volume("scan_brain", &header.scan_grid)?,
                mask: volume("scan_mask", &header.scan_grid)?,
            },
        ))
    }
}

/// Headers hold names, a recipe and two grids, or some hundred places.
const MOST_HEADER: u64 = 1 << 20;

fn read_header(source: &mut impl io::Read) -> Result<Header, PreparedFileError> {
    read_entry(source)
}

/// The part of any header that says what its file was made of.
#[derive(Deserialize)]
struct MadeOf {
    made_of: String,
}

/// Whether a file is there and was made of `made_of`.
pub(super) fn is_made_of(path: &Path, made_of: &str) -> bool {
    let Ok(mut file) = std::fs::File::open(path) else {
        return false;
    };
    read_entry::<MadeOf>(&mut file).is_ok_and(|header| header.made_of == made_of)
}

/// The project's entry in the header of a safetensors file.
pub(super) fn read_entry<H: serde::de::DeserializeOwned>(
    source: &mut impl io::Read,
) -> Result<H, PreparedFileError> {
    let mut length = [0; 8];
    source.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER {
        return Err(SafeTensorError::HeaderTooLarge.into());
    }
    let mut text = vec![0; length as usize];
    source.read_exact(&mut text)?;
    let refused = |error: serde_json::Error| PreparedFileError::Header(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(refused)?;
    let entry = value["__metadata__"][ENTRY].as_str().unwrap_or_default();
    serde_json::from_str(entry).map_err(refused)
}

fn images_of(tensors: &SafeTensors, grid: &Grid) -> Result<Vec<Vec<f32>>, PreparedFileError> {
    let numbers = tensors.tensor("images")?;
    let (values, _) = numbers.data().as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|v| f32::from_le_bytes(*v)).collect();
    Ok(values
        .chunks_exact(grid.voxel_count())
        .map(<[f32]>::to_vec)
        .collect())
}

fn flags(tensors: &SafeTensors, name: &str) -> Result<Vec<bool>, PreparedFileError> {
    Ok(tensors
        .tensor(name)?
        .data()
        .iter()
        .map(|v| *v != 0)
        .collect())
}

/// Voxels of each lesion: those of the class that share a corner.
fn lesions_of(classes: &[u8], grid: &Grid) -> Result<Vec<Vec<usize>>, PreparedFileError> {
    let microbleed = VoxelClass::Microbleed as u8;
    let mask = classes.iter().map(|class| *class == microbleed).collect();
    let mask = Volume::new(grid.clone(), mask)
        .map_err(|error| PreparedFileError::Header(error.to_string()))?;
    let (labels, count) = connected_components(&mask, Connectivity::TwentySix);
    let mut lesions = vec![Vec::new(); count];
    for (offset, &label) in labels.voxels().iter().enumerate() {
        if label > 0 {
            lesions[label as usize - 1].push(offset);
        }
    }
    Ok(lesions)
}

/// Where a scan's prepared file lies in a folder. It is named after what it is made of: runs with
/// other recipes or other scans of the same name may share the folder, even at the same time.
pub(super) fn file_in(folder: &Path, name: &str, made_of: &str) -> PreparedFile {
    PreparedFile::at(numbered(folder, name, made_of, "prepared"))
}

/// The place of what is made of a scan, with a number of its own for everything it may be made of.
pub(super) fn numbered(folder: &Path, name: &str, made_of: &str, ending: &str) -> PathBuf {
    let number = Stream::new(0, made_of, 0).seed();
    folder.join(format!("{name}.{number:014x}.{ending}"))
}
