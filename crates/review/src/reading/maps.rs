//! Maps of a run, packed for the store.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use siderin_image::volume::{Grid, Volume};
use std::io::{Read, Write};

/// Bytes of a map, packed. Maps of brains are mostly runs of one value: a hundredth remains.
#[must_use]
pub fn pack(values: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(values)
        .and_then(|()| encoder.finish())
        .expect("writing to memory")
}

/// The map on its grid; none where the bytes are not those of such a map. No more is unpacked than the grid has
/// voxels.
#[must_use]
pub fn unpack(packed: &[u8], grid: &Grid) -> Option<Volume<u8>> {
    let voxels = grid.voxel_count();
    let mut values = Vec::new();
    let mut decoder = ZlibDecoder::new(packed).take(voxels as u64 + 1);
    decoder.read_to_end(&mut values).ok()?;
    Volume::new(grid.clone(), values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_come_back_or_not_at_all() {
        let grid = Grid::axis_aligned([40, 30, 20], [1.0; 3]).unwrap();
        let map = Volume::from_fn(&grid, |[i, _, k]| (i / 10 + 4 * (k / 7)) as u8);
        let packed = pack(map.voxels());
        assert!(packed.len() < 2000, "{}", packed.len());
        assert_eq!(unpack(&packed, &grid), Some(map.clone()));
        let other = Grid::axis_aligned([40, 30, 19], [1.0; 3]).unwrap();
        assert_eq!(unpack(&packed, &other), None);
        assert_eq!(unpack(&packed[..packed.len() / 2], &grid), None);
        assert_eq!(unpack(b"no map", &grid), None);
    }
}
