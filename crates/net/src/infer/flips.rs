//! The same scan, mirrored.

/// Which mirrored scans a prediction is averaged over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flips {
    /// The scan alone.
    #[default]
    None,
    /// Also mirrored along columns, rows, and both: four times the work.
    InPlane,
}

impl Flips {
    /// Whether columns and rows are mirrored, for each scan to be predicted.
    pub(super) fn mirrors(self) -> Vec<[bool; 2]> {
        match self {
            Self::None => vec![[false, false]],
            Self::InPlane => vec![[false, false], [true, false], [false, true], [true, true]],
        }
    }
}

/// Voxels with their columns, rows or both in reverse; doing it twice changes nothing.
pub(super) fn mirrored<T: Copy>(
    voxels: &[T],
    [nx, ny, _]: [usize; 3],
    [columns, rows]: [bool; 2],
) -> Vec<T> {
    let mut out = voxels.to_vec();
    if columns {
        out.chunks_exact_mut(nx).for_each(<[T]>::reverse);
    }
    if rows {
        for slice in out.chunks_exact_mut(nx * ny) {
            for row in 0..ny / 2 {
                let (head, tail) = slice.split_at_mut((ny - 1 - row) * nx);
                head[row * nx..(row + 1) * nx].swap_with_slice(&mut tail[..nx]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_what_they_say() {
        // 3 columns, 2 rows, 2 slices.
        let voxels: Vec<u8> = (0..12).collect();
        let shape = [3, 2, 2];
        assert_eq!(
            mirrored(&voxels, shape, [true, false]),
            [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9]
        );
        assert_eq!(
            mirrored(&voxels, shape, [false, true]),
            [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]
        );
        for mirror in Flips::InPlane.mirrors() {
            let there = mirrored(&voxels, shape, mirror);
            assert_eq!(mirrored(&there, shape, mirror), voxels);
        }
    }
}
