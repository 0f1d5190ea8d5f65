//! Protocols of no study in particular: what a network learns from that is to find microbleeds in
//! scans of hospitals whose protocol nobody wrote down.

use super::protocol::{Encoding, Protocol};
use siderin_image::random::Stream;

/// In place of a protocol's name: another one for each scan, by [`any_t2star`].
pub const ANY_T2STAR: &str = "any-t2star";

/// Field in T, its share of the scans, and echo times in ms: those with which T2* contrast is known
/// to be of use at that field.
const FIELDS: [(f64, f64, [f64; 2]); 3] = [
    (1.5, 0.40, [14.0, 45.0]),
    (3.0, 0.50, [9.0, 30.0]),
    (7.0, 0.10, [7.0, 18.0]),
];
/// Finer voxels take a scanner too long, and the simulator.
const LEAST_VOXEL_MM3: f64 = 0.2;

/// Draws a T2*-weighted gradient echo of 1.5, 3 or 7 T: half of them 2D (.43 to 1.1 mm in the plane,
/// 2 to 6.5 mm between slices), half 3D (.4 to 1.1 mm, .8 to 3 mm), of which a third are interpolated
/// by up to 1.7 in the plane and 2 across and half have a susceptibility-weighted image.
#[must_use]
pub fn any_t2star(seed: u64) -> Protocol {
    let mut stream = Stream::new(seed, ANY_T2STAR, 0);
    let (b0_t, te_ms) = field_and_echo(&mut stream);
    let encoding = if stream.chance(0.5) {
        Encoding::Slices
    } else {
        Encoding::Slab
    };
    let slab = encoding == Encoding::Slab;
    let voxel_mm = voxel(&mut stream, encoding);
    let acquired_mm = (slab && stream.chance(1.0 / 3.0)).then(|| {
        let plane = stream.uniform(1.0, 1.7);
        let across = stream.uniform(1.0, 2.0);
        let [x, y, z] = voxel_mm;
        [x * plane, y * plane, z * across]
    });
    Protocol {
        name: ANY_T2STAR.into(),
        b0_t,
        te_ms,
        tr_ms: if slab {
            te_ms + stream.uniform(5.0, 25.0)
        } else {
            stream.uniform(400.0, 1000.0)
        },
        flip_angle_deg: if slab {
            stream.uniform(8.0, 25.0)
        } else {
            stream.uniform(15.0, 40.0)
        },
        voxel_mm,
        acquired_mm,
        encoding,
        swi: slab && stream.chance(0.5),
    }
}

fn field_and_echo(stream: &mut Stream) -> (f64, f64) {
    let mut share = stream.uniform(0.0, 1.0);
    let (b0_t, _, [low, high]) = FIELDS
        .into_iter()
        .find(|(_, part, _)| {
            share -= part;
            share < 0.0
        })
        .unwrap_or(FIELDS[1]);
    (b0_t, stream.uniform(low, high))
}

fn voxel(stream: &mut Stream, encoding: Encoding) -> [f64; 3] {
    let ([plane_low, plane_high], [low, high]) = match encoding {
        Encoding::Slices => ([0.43f64, 1.1f64], [2.0f64, 6.5f64]),
        Encoding::Slab => ([0.4, 1.1], [0.8, 3.0]),
    };
    let hundredth = |mm: f64| (mm * 100.0).round() / 100.0;
    let plane = hundredth(stream.uniform(plane_low.ln(), plane_high.ln()).exp());
    let across = hundredth(stream.uniform(low.ln(), high.ln()).exp());
    let least = hundredth(LEAST_VOXEL_MM3 / (plane * plane) + 0.005);
    [plane, plane, across.max(least)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_protocol_can_be_run() {
        let drawn: Vec<Protocol> = (0..500).map(any_t2star).collect();
        for protocol in &drawn {
            protocol.check().unwrap();
            let [x, y, z] = protocol.voxel_mm;
            assert!(x == y && x * y * z >= LEAST_VOXEL_MM3, "{protocol:?}");
            assert!((0.8..=6.5).contains(&z), "{protocol:?}");
        }
        assert_eq!(drawn[7], any_t2star(7));
        let share = |is: fn(&Protocol) -> bool| drawn.iter().filter(|p| is(p)).count();
        // Of 500: 250 (standard deviation 11) are 2D, 50 (7) at 7 T, 125 (10) with SWI, 83 (8)
        // interpolated; within four deviations.
        assert!(share(|p| p.encoding == Encoding::Slices).abs_diff(250) < 44);
        assert!(share(|p| p.b0_t == 7.0).abs_diff(50) < 28);
        assert!(share(|p| p.swi).abs_diff(125) < 40);
        assert!(share(|p| p.acquired_mm.is_some()).abs_diff(83) < 34);
    }
}
