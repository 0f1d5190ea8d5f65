//! Mimics that are no veins: calcium, fluid around vessels, cavernoma, siderosis.

use super::anatomy::Anatomy;
use crate::head::Tissue;
use nalgebra::Vector3;
use serde::{Deserialize, Serialize};
use siderin_core::truth::{Mimic, MimicKind, MimicShape};
use siderin_image::random::Stream;

/// How many there are of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MimicDraw {
    /// Sides (0 to 2) with calcium in the pallidum.
    pub pallidal_calcifications: usize,
    /// Clumps of calcium in the choroid plexus.
    pub choroid_calcifications: usize,
    /// Whether the pineal gland is calcified.
    pub pineal_calcification: bool,
    /// Fluid-filled spaces around vessels.
    pub perivascular_spaces: usize,
    /// Cavernomas.
    pub cavernomas: usize,
    /// Sulci with superficial siderosis.
    pub siderosis: usize,
    /// Seed of their places.
    pub seed: u64,
}

impl MimicDraw {
    /// None of any.
    #[must_use]
    pub fn none() -> Self {
        Self {
            pallidal_calcifications: 0,
            choroid_calcifications: 0,
            pineal_calcification: false,
            perivascular_spaces: 0,
            cavernomas: 0,
            siderosis: 0,
            seed: 0,
        }
    }

    /// Draws: calcium in the pallida of 35 %, in the choroid plexus of 65 % (1 to 5 clumps), in
    /// the pineal gland of 60 %; 5 to 60 perivascular spaces; a cavernoma in 6 %, siderosis in
    /// 8 % (1 or 2 sulci).
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let some = |stream: &mut Stream, chance: f64, low: usize, high: usize| {
            if stream.chance(chance) {
                stream.integer(low, high)
            } else {
                0
            }
        };
        Self {
            pallidal_calcifications: some(stream, 0.35, 1, 2),
            choroid_calcifications: some(stream, 0.65, 1, 5),
            pineal_calcification: stream.chance(0.6),
            perivascular_spaces: stream.integer(5, 60),
            cavernomas: some(stream, 0.06, 1, 1),
            siderosis: some(stream, 0.08, 1, 2),
            seed: stream.seed(),
        }
    }
}

/// Places all of them.
pub(crate) fn place_mimics(anatomy: &Anatomy, draw: &MimicDraw) -> Vec<Mimic> {
    let mut placed = Vec::new();
    let mut stream = Stream::new(draw.seed, "calcium", 0);
    placed.extend(pallidal(anatomy, draw, &mut stream));
    placed.extend(choroid(anatomy, draw, &mut stream));
    placed.extend(pineal(anatomy, draw, &mut stream));
    let mut stream = Stream::new(draw.seed, "perivascular", 0);
    placed.extend(perivascular(anatomy, draw, &mut stream));
    let mut stream = Stream::new(draw.seed, "cavernoma", 0);
    placed.extend((0..draw.cavernomas).filter_map(|_| cavernoma(anatomy, &mut stream)));
    for sulcus in 0..draw.siderosis {
        let mut stream = Stream::new(draw.seed, "siderosis", sulcus as u64);
        placed.extend(siderosis(anatomy, &mut stream));
    }
    placed
}

/// The places of what the label map itself holds and may look like a microbleed: its vessels,
/// nuclei rich in iron, and air next to the brain.
pub(crate) fn map_mimics(anatomy: &Anatomy) -> Vec<Mimic> {
    const EVERY: usize = 4;
    let is_nucleus = |t| matches!(t, Tissue::Pallidum | Tissue::Putamen | Tissue::VentralDc);
    let kinds: [(MimicKind, &dyn Fn(Tissue) -> bool); 3] = [
        (MimicKind::MapVessel, &|t| {
            matches!(t, Tissue::Vein | Tissue::Artery)
        }),
        (MimicKind::IronRichNucleus, &is_nucleus),
        (MimicKind::AirCavity, &|t| t == Tissue::Air),
    ];
    let rounded = |v: f64| (v * 10.0).round() / 10.0;
    kinds
        .into_iter()
        .filter_map(|(kind, chosen)| {
            let grid = anatomy.grid();
            let points_mm: Vec<[f64; 3]> = anatomy
                .offsets(|tissue, offset| {
                    chosen(tissue) && grid.index(offset).iter().all(|i| i % EVERY == 0)
                })
                .into_iter()
                .map(|offset| anatomy.place(offset).map(rounded).into())
                .collect();
            let radius_mm = vec![EVERY as f64 / 2.0; points_mm.len()];
            (!points_mm.is_empty()).then_some(Mimic {
                kind,
                chi_ppm: 0.0,
                shape: MimicShape::Grains {
                    points_mm,
                    radius_mm,
                },
            })
        })
        .collect()
}

/// A clump of balls around a place.
struct Clump {
    grains: [usize; 2],
    spread_mm: f64,
    radius_mm: [f64; 2],
    chi_ppm: [f64; 2],
}

impl Clump {
    fn at(&self, center: Vector3<f64>, kind: MimicKind, stream: &mut Stream) -> Mimic {
        let count = stream.integer(self.grains[0], self.grains[1]);
        let rounded = |v: f64| (v * 100.0).round() / 100.0;
        let mut points_mm = Vec::new();
        let mut radius_mm = Vec::new();
        for _ in 0..count {
            let away = stream.direction() * stream.uniform(0.0, self.spread_mm);
            points_mm.push((center + away).map(rounded).into());
            radius_mm.push(rounded(
                stream.uniform(self.radius_mm[0], self.radius_mm[1]),
            ));
        }
        Mimic {
            kind,
            chi_ppm: stream.uniform(self.chi_ppm[0], self.chi_ppm[1]),
            shape: MimicShape::Grains {
                points_mm,
                radius_mm,
            },
        }
    }
}

fn pallidal(anatomy: &Anatomy, draw: &MimicDraw, stream: &mut Stream) -> Vec<Mimic> {
    let clump = Clump {
        grains: [2, 7],
        spread_mm: 3.0,
        radius_mm: [0.4, 1.2],
        chi_ppm: [-2.0, -0.8],
    };
    let right = stream.chance(0.5);
    (0..draw.pallidal_calcifications)
        .filter_map(|side| {
            let on_right = (side == 0) == right;
            let inside = anatomy.offsets(|tissue, offset| {
                tissue == Tissue::Pallidum
                    && (anatomy.place(offset).x > anatomy.midline_x) == on_right
                    && anatomy.to_outside.voxels()[offset] > 2.0
            });
            let offset = *inside.get(stream.index(inside.len()))?;
            Some(clump.at(
                anatomy.place(offset),
                MimicKind::PallidalCalcification,
                stream,
            ))
        })
        .collect()
}

/// In the lateral ventricles' back halves, where the glomus lies.
fn choroid(anatomy: &Anatomy, draw: &MimicDraw, stream: &mut Stream) -> Vec<Mimic> {
    let clump = Clump {
        grains: [1, 5],
        spread_mm: 2.5,
        radius_mm: [0.5, 1.5],
        chi_ppm: [-2.0, -0.8],
    };
    let labels = &anatomy.brain;
    let lateral = anatomy.offsets(|tissue, offset| {
        tissue == Tissue::Ventricle && matches!(labels.voxels()[offset], 4 | 43 | 31 | 63)
    });
    let middle_y =
        lateral.iter().map(|&o| anatomy.place(o).y).sum::<f64>() / lateral.len().max(1) as f64;
    let back: Vec<usize> = lateral
        .into_iter()
        .filter(|&o| anatomy.place(o).y < middle_y)
        .collect();
    (0..draw.choroid_calcifications)
        .filter_map(|_| {
            let offset = *back.get(stream.index(back.len()))?;
            Some(clump.at(
                anatomy.place(offset),
                MimicKind::ChoroidCalcification,
                stream,
            ))
        })
        .collect()
}

/// Behind the third ventricle, in the midline.
fn pineal(anatomy: &Anatomy, draw: &MimicDraw, stream: &mut Stream) -> Option<Mimic> {
    if !draw.pineal_calcification {
        return None;
    }
    let clump = Clump {
        grains: [2, 6],
        spread_mm: 2.0,
        radius_mm: [0.5, 1.6],
        chi_ppm: [-2.0, -0.8],
    };
    let labels = &anatomy.brain;
    let third = anatomy.offsets(|_, offset| labels.voxels()[offset] == 14);
    let back = third
        .iter()
        .map(|&o| anatomy.place(o))
        .min_by(|a, b| a.y.total_cmp(&b.y))?;
    let center = Vector3::new(anatomy.midline_x, back.y - 4.0, back.z + 1.0);
    Some(clump.at(center, MimicKind::PinealCalcification, stream))
}

/// Short straight spaces in the basal ganglia and the white matter above.
fn perivascular(anatomy: &Anatomy, draw: &MimicDraw, stream: &mut Stream) -> Vec<Mimic> {
    let inside = anatomy.offsets(|tissue, offset| {
        matches!(tissue, Tissue::Putamen | Tissue::Pallidum | Tissue::White)
            && anatomy.to_outside.voxels()[offset] > 3.0
    });
    let rounded = |v: f64| (v * 100.0).round() / 100.0;
    (0..draw.perivascular_spaces)
        .filter_map(|_| {
            let from = anatomy.place(*inside.get(stream.index(inside.len()))?);
            // They follow the perforating vessels: upwards in the nuclei, outwards above.
            let way = if anatomy.tissue_at(from) == Tissue::White {
                anatomy.uphill(&anatomy.to_ventricle, from)?
            } else {
                Vector3::z()
            };
            let way = (way + 0.3 * stream.direction()).normalize();
            let steps = stream.integer(2, 6);
            let points: Vec<Vector3<f64>> = (0..=steps)
                .map(|i| from + way * (2.0 * i as f64))
                .take_while(|&p| anatomy.tissue_at(p).is_parenchyma())
                .collect();
            if points.len() < 2 {
                return None;
            }
            let radius = rounded(stream.log_normal(0.4, 0.35, [0.25, 1.2]));
            Some(Mimic {
                kind: MimicKind::PerivascularSpace,
                chi_ppm: 0.0,
                shape: MimicShape::Tube {
                    radius_mm: vec![radius; points.len()],
                    points_mm: points.iter().map(|p| p.map(rounded).into()).collect(),
                },
            })
        })
        .collect()
}

/// A berry of 4 to 9 mm with iron all around.
fn cavernoma(anatomy: &Anatomy, stream: &mut Stream) -> Option<Mimic> {
    let clump = Clump {
        grains: [14, 28],
        spread_mm: stream.uniform(2.0, 4.5),
        radius_mm: [0.6, 1.6],
        chi_ppm: [0.6, 1.8],
    };
    let inside = anatomy.offsets(|tissue, offset| {
        tissue == Tissue::White && anatomy.to_outside.voxels()[offset] > 5.0
    });
    let offset = *inside.get(stream.index(inside.len()))?;
    Some(clump.at(anatomy.place(offset), MimicKind::Cavernoma, stream))
}

/// Iron on the walls of a sulcus: a chain of grains along the surface film, several wide.
fn siderosis(anatomy: &Anatomy, stream: &mut Stream) -> Option<Mimic> {
    let near_top: Vec<usize> = anatomy
        .surface
        .iter()
        .copied()
        .filter(|&o| anatomy.top_z - anatomy.place(o).z < 60.0)
        .collect();
    let start = *near_top.get(stream.index(near_top.len()))?;
    let middle = anatomy.place(start);
    let reach = stream.uniform(8.0, 22.0);
    let rounded = |v: f64| (v * 100.0).round() / 100.0;
    // A patch of the film, elongated along one direction.
    let along = stream.direction();
    let mut points_mm = Vec::new();
    let mut radius_mm = Vec::new();
    for &offset in &anatomy.surface {
        let from = anatomy.place(offset) - middle;
        let lengthwise = from.dot(&along);
        let crosswise = (from - along * lengthwise).norm();
        if lengthwise.abs() < reach && crosswise < 0.35 * reach && stream.chance(0.6) {
            points_mm.push(anatomy.place_within(offset, stream).map(rounded).into());
            radius_mm.push(rounded(stream.uniform(0.3, 0.6)));
        }
    }
    let shape = MimicShape::Grains {
        points_mm,
        radius_mm,
    };
    Some(Mimic {
        kind: MimicKind::Siderosis,
        chi_ppm: stream.uniform(0.8, 1.8),
        shape,
    })
}
