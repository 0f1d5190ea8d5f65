use super::*;
use crate::any_contrast::Signal;
use crate::head::{Bend, Head, TissueDraw};
use siderin_core::regions::{Side, Structure};
use siderin_image::volume::VoxelPoint;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static SOURCE: LazyLock<HeadSource> =
    LazyLock::new(|| HeadSource::of_head(&Head::builtin().unwrap()).unwrap());

/// The head as its map has it, seen whole in voxels of 2 mm, white matter at .5 and cortex at 1.
fn plain() -> HeadDraw {
    let levels = [("White", 0.5), ("Cortex", 1.0), ("Soft", 0.8)];
    let painted = BTreeMap::from(levels.map(|(tissue, level)| (tissue.into(), level)));
    HeadDraw {
        form: Form {
            scale: [1.0; 3],
            shear: [0.0; 3],
            bend: Bend {
                spacing_mm: 32.0,
                sd_mm: 0.0,
                seed: 0,
            },
            ventricles_ml: 30.0,
            sulci_mm: 0.0,
            mirrored: false,
            seed: 3,
        },
        contrast: Contrast {
            tissue: TissueDraw::as_given(),
            signal: Signal::Painted(painted),
            r2star: 1.0,
            fluid: None,
            outside: BTreeMap::new(),
            echo_ms: None,
            field_t: 3.0,
            gamma: 1.0,
        },
        field: Field {
            rotation_deg: [0.0; 3],
            voxel_mm: [2.0; 3],
            thickness: 1.0,
            slice_axis: 2,
            cut_mm: [[-10.0; 2]; 3],
        },
        faults: Faults {
            shading: 0.0,
            noise: 0.0,
            ghost: None,
            spots: 0,
            threads: 0,
            cavities: 0,
            stripped: Stripped::No,
            seed: 4,
        },
    }
}

/// Volume of a structure in ml.
fn volume_ml(codes: &[u8], structure: Structure) -> f64 {
    let is_it = |code: &&u8| Structure::of_code(**code).is_some_and(|(s, _)| s == structure);
    codes.iter().filter(is_it).count() as f64 * 8.0 / 1000.0
}

#[test]
fn structures_lie_where_the_image_shows_them() {
    let painter = HeadPainter::default();
    let draw = plain();
    let drawn = painter.paint(&SOURCE, &draw).unwrap();
    let grid = drawn.image.grid();
    let codes = drawn.structures(grid);
    // Voxels whose neighbours are all alike hold one tissue's level, but for what lies between their middles; its
    // texture is 0.
    let (mut seen, mut off) = ([0; 2], 0.0);
    for (offset, code) in codes.iter().enumerate() {
        let expected = match Structure::of_code(*code) {
            Some((Structure::WhiteMatter, _)) => 0.5,
            Some((Structure::Cortex, _)) => 1.0,
            _ => continue,
        };
        let index = grid.index(offset);
        let mut around = (0..27).map(|n: isize| [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1]);
        let alike = |step| {
            let there = grid.neighbour(index, step);
            there.is_some_and(|there| codes[grid.offset(there)] == *code)
        };
        if around.all(alike) {
            let value = drawn.image.voxels()[offset];
            seen[usize::from(expected == 1.0)] += 1;
            off += f64::from((value - expected).abs());
        }
    }
    assert!(seen[0] > 5000 && seen[1] > 100, "{seen:?}");
    let off = off / f64::from(seen[0] + seen[1]);
    assert!(off < 0.02, "{off}");
}

#[test]
fn places_are_those_of_the_structures_middles() {
    let painter = HeadPainter::default();
    for mirrored in [false, true] {
        let mut draw = plain();
        draw.form.mirrored = mirrored;
        draw.form.ventricles_ml = 20.0;
        draw.field.rotation_deg = [20.0, -10.0, 15.0];
        let drawn = painter.paint(&SOURCE, &draw).unwrap();
        let grid = drawn.image.grid();
        let codes = Volume::new(grid.clone(), drawn.structures(grid)).unwrap();
        let found = siderin_core::regions::MniFrame::of_aseg(&codes.map(|code| {
            Structure::of_code(code).map_or(0, |(s, side)| s.aseg(side.unwrap_or(Side::Left)))
        }));
        let found = found.unwrap();
        let mni = drawn.mni_of_cubes(grid).unwrap();
        let [nx, ny, _] = grid.shape().map(|n| n.div_ceil(2));
        let mut off = Vec::new();
        for (at, place) in mni.iter().enumerate() {
            let [i, j, k] = [at % nx, at / nx % ny, at / (nx * ny)].map(|n| 2.0 * n as f64 + 0.5);
            let index = [i, j, k].map(|n| n as usize);
            let inside = (0..3).all(|a| index[a] < grid.shape()[a]);
            if inside && codes.at(index) > 0 {
                let expected = found.place(grid.to_world(VoxelPoint::new(i, j, k)));
                let place = nalgebra::Vector3::from(place.map(f64::from));
                off.push((place - expected).norm());
            }
        }
        off.sort_by(f64::total_cmp);
        // The frame of the voxels against that of the map, which ventricles of another size move a little.
        assert!(
            off[off.len() / 2] < 2.0,
            "{mirrored} {}",
            off[off.len() / 2]
        );
    }
}

#[test]
fn ventricles_have_the_volume_that_was_drawn() {
    let painter = HeadPainter::default();
    for ml in [15.0, 40.0, 120.0] {
        let mut draw = plain();
        draw.form.ventricles_ml = ml;
        let drawn = painter.paint(&SOURCE, &draw).unwrap();
        let codes = drawn.structures(drawn.image.grid());
        // The fourth ventricle, which does not grow, is among the others.
        let found = volume_ml(&codes, Structure::LateralVentricle)
            + volume_ml(&codes, Structure::OtherVentricle);
        assert!((found - ml).abs() < 3.0 + 0.15 * ml, "{ml} {found}");
    }
}

#[test]
fn wide_sulci_take_cortex_and_leave_the_brain() {
    let painter = HeadPainter::default();
    let of = |sulci_mm: f64| {
        let mut draw = plain();
        draw.form.sulci_mm = sulci_mm;
        let drawn = painter.paint(&SOURCE, &draw).unwrap();
        let codes = drawn.structures(drawn.image.grid());
        let brain = codes.iter().filter(|code| **code > 0).count();
        (volume_ml(&codes, Structure::OuterFluid), brain)
    };
    let (narrow, wide) = (of(0.3), of(1.8));
    assert!(wide.0 > narrow.0 + 50.0, "{narrow:?} {wide:?}");
    assert_eq!(wide.1, narrow.1);
}

#[test]
fn the_same_seed_gives_the_same_head() {
    let painter = HeadPainter::default();
    for seed in 0..3 {
        let [a, b] = [HeadDraw::draw(seed), HeadDraw::draw(seed)];
        assert_eq!(a, b);
        let [a, b] = [&a, &b].map(|draw| painter.paint(&SOURCE, draw).unwrap());
        assert_eq!(a.image, b.image);
        assert_eq!(a.structures(a.image.grid()), b.structures(b.image.grid()));
    }
    assert_ne!(HeadDraw::draw(0), HeadDraw::draw(1));
    // Half are T2*-weighted: 100 of 200, standard deviation 7.
    let t2star = (0..200).filter(|seed| HeadDraw::draw(*seed).contrast.fluid.is_some());
    assert!((75..125).contains(&t2star.count()));
}

#[test]
fn a_brain_without_a_head_gets_sides_and_a_skull() {
    // The built-in head's brain with the left's codes on both sides and nothing around it.
    let head = Head::builtin().unwrap();
    let bare = head.labels().map(|code| {
        let left = match Structure::of_aseg(code) {
            None | Some((Structure::OuterFluid, _)) => 0,
            Some((structure, _)) => structure.aseg(Side::Left),
        };
        f32::from(left)
    });
    let source = HeadSource::of_brain(&bare).unwrap();
    let painter = HeadPainter::default();
    let draw = plain();
    let drawn = painter.paint(&source, &draw).unwrap();
    let grid = drawn.image.grid();
    let (mut right, mut all) = (0, 0);
    for (offset, code) in drawn.structures(grid).into_iter().enumerate() {
        let Some((structure, Some(side))) = Structure::of_code(code) else {
            continue;
        };
        let whole = head.labels().grid();
        let at = grid.to_world(VoxelPoint::center_of(grid.index(offset)));
        let Some(there) = whole.nearest(at) else {
            continue;
        };
        // Where the ventricles did not move it, the head's own map says which side it is.
        if let Some((own, Some(own_side))) = Structure::of_aseg(head.labels().at(there))
            && own == structure
        {
            all += 1;
            right += i32::from(own_side == side);
        }
    }
    assert!(all > 50_000, "{all}");
    // The rest lies in the fissure, which is no plane.
    assert!(f64::from(right) / f64::from(all) > 0.99, "{right} of {all}");
    // Something bright is around it.
    let codes = drawn.structures(grid);
    let around = drawn.image.voxels().iter().zip(&codes);
    assert!(
        around
            .filter(|(value, code)| **code == 0 && **value > 0.0)
            .count()
            > 5000
    );
}
