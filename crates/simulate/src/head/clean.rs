//! Label noise of the maps, removed before it becomes perfect false microbleeds.

use super::tissue::{Label, Tissue, label_of, tissue_of};
use serde::{Deserialize, Serialize};
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::Volume;
use std::collections::BTreeMap;

/// What cleaning a label map changed, in voxels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaning {
    /// Voxels of codes without a name, filled from their neighbours.
    pub unnamed: usize,
    /// Specks of air inside the head.
    pub air_specks: usize,
    /// Specks of bone off the skull.
    pub bone_specks: usize,
    /// Specks of vessel.
    pub vessel_specks: usize,
}

/// Air pockets below this are noise wherever they are; the smallest real cells of mastoid
/// and ethmoid go with them.
const AIR_SPECK_VOXELS: usize = 30;
/// Air that mostly borders on brain or fluid is noise up to this size: no sinus does.
const AIR_IN_BRAIN_VOXELS: usize = 2000;
const BONE_SPECK_VOXELS: usize = 1000;
const VESSEL_SPECK_VOXELS: usize = 200;

/// Fills unnamed codes and specks of air, bone and vessel from their neighbours.
pub(super) fn clean(labels: &mut Volume<u16>) -> Cleaning {
    let unnamed = offsets(labels, |code| label_of(code) == Some(Label::Unnamed));
    let mut cleaning = Cleaning {
        unnamed: unnamed.len(),
        ..Cleaning::default()
    };
    fill(labels, &unnamed);

    let specks = specks(labels, Tissue::is_bone, |piece, _| {
        piece.voxels < BONE_SPECK_VOXELS
    });
    cleaning.bone_specks = specks.len();
    fill(labels, &specks);

    let is_vessel = |t| matches!(t, Tissue::Vein | Tissue::Artery);
    let specks = self::specks(labels, is_vessel, |piece, _| {
        piece.voxels < VESSEL_SPECK_VOXELS
    });
    cleaning.vessel_specks = specks.len();
    fill(labels, &specks);

    let specks = self::specks(
        labels,
        |t| t == Tissue::Air,
        |piece, brain_share| {
            !piece.at_border
                && (piece.voxels < AIR_SPECK_VOXELS
                    || piece.voxels < AIR_IN_BRAIN_VOXELS && brain_share > 0.5)
        },
    );
    cleaning.air_specks = specks.len();
    fill(labels, &specks);
    cleaning
}

fn offsets(labels: &Volume<u16>, chosen: impl Fn(u16) -> bool) -> Vec<usize> {
    (0..labels.voxels().len())
        .filter(|&o| chosen(labels.voxels()[o]))
        .collect()
}

/// One connected component, while its surroundings are counted.
#[derive(Clone, Copy, Default)]
struct Piece {
    voxels: usize,
    at_border: bool,
    neighbours: usize,
    brain_neighbours: usize,
}

/// The voxels of those 6-connected components of a kind of tissue that `is_speck` picks by
/// the piece and the share of brain or fluid among its face neighbours.
fn specks(
    labels: &Volume<u16>,
    kind: impl Fn(Tissue) -> bool,
    is_speck: impl Fn(&Piece, f64) -> bool,
) -> Vec<usize> {
    let mask = labels.map(|code| kind(tissue_of(code)));
    let (components, count) = connected_components(&mask, Connectivity::Six);
    let mut pieces = vec![Piece::default(); count + 1];
    let grid = labels.grid();
    for (offset, &component) in components.voxels().iter().enumerate() {
        if component == 0 {
            continue;
        }
        let piece = &mut pieces[component as usize];
        piece.voxels += 1;
        let index = grid.index(offset);
        piece.at_border |= grid.face_neighbours(index).count() < 6;
        for next in grid.face_neighbours(index).filter(|&n| !mask.at(n)) {
            let tissue = tissue_of(labels.at(next));
            piece.neighbours += 1;
            let brain = tissue.is_parenchyma() || tissue.is_fluid();
            piece.brain_neighbours += usize::from(brain);
        }
    }
    let speck: Vec<bool> = pieces
        .iter()
        .map(|piece| {
            let share = piece.brain_neighbours as f64 / piece.neighbours.max(1) as f64;
            piece.voxels > 0 && is_speck(piece, share)
        })
        .collect();
    (0..mask.voxels().len())
        .filter(|&o| speck[components.voxels()[o] as usize])
        .collect()
}

/// Gives each hole the most common code of its 26 neighbours that are no holes (the smallest
/// of equals), from the rim inwards.
fn fill(labels: &mut Volume<u16>, holes: &[usize]) {
    let grid = labels.grid().clone();
    let mut open = labels.map(|_| false);
    for &hole in holes {
        open.voxels_mut()[hole] = true;
    }
    let mut left = holes.to_vec();
    while !left.is_empty() {
        let found: Vec<(usize, Option<u16>)> = left
            .iter()
            .map(|&hole| (hole, commonest_neighbour(labels, &open, grid.index(hole))))
            .collect();
        if found.iter().all(|(_, code)| code.is_none()) {
            return;
        }
        for &(hole, code) in &found {
            if let Some(code) = code {
                labels.voxels_mut()[hole] = code;
                open.voxels_mut()[hole] = false;
            }
        }
        left.retain(|&hole| open.voxels()[hole]);
    }
}

fn commonest_neighbour(
    labels: &Volume<u16>,
    open: &Volume<bool>,
    index: [usize; 3],
) -> Option<u16> {
    let mut votes: BTreeMap<u16, usize> = BTreeMap::new();
    for n in 0..27isize {
        let step = [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1];
        if let Some(next) = labels.grid().neighbour(index, step)
            && !open.at(next)
        {
            *votes.entry(labels.at(next)).or_default() += 1;
        }
    }
    votes
        .into_iter()
        .max_by_key(|&(code, count)| (count, u16::MAX - code))
        .map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn specks_go_and_sinuses_stay() {
        // White matter with one voxel of air, one unnamed voxel, three of vein; a sinus of
        // 4³ = 64 voxels of air inside bone stays.
        let grid = Grid::axis_aligned([40, 20, 20], [1.0; 3]).unwrap();
        let mut labels = Volume::from_fn(&grid, |[i, ..]| if i < 20 { 2u16 } else { 515 });
        labels.set([5, 5, 5], 0);
        labels.set([9, 9, 9], 163);
        for k in 12..15 {
            labels.set([8, 8, k], 514);
        }
        for offset in 0..64 {
            labels.set([28 + offset % 4, 8 + offset / 4 % 4, 8 + offset / 16], 0);
        }
        let cleaning = clean(&mut labels);
        let expected = Cleaning {
            unnamed: 1,
            air_specks: 1,
            bone_specks: 0,
            vessel_specks: 3,
        };
        assert_eq!(cleaning, expected);
        assert!(
            [[5, 5, 5], [9, 9, 9], [8, 8, 13]]
                .iter()
                .all(|&v| labels.at(v) == 2)
        );
        assert_eq!(labels.at([29, 9, 9]), 0);
    }
}
