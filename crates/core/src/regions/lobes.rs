//! The lobe of a place in MNI space.

use super::Region;
use nalgebra::Vector3;

/// Cortex this close to the putamen, in the insula's window, is insula.
const INSULA_WITHIN_MM: f32 = 11.4;

/// The lobe of a place by planes in MNI mm (right, front, up), and its distance from the putamen. The planes are a
/// fit to the gyri of published parcellations of the MNI brain and others; on brains that they were not fitted to they
/// agree with 89 % of the Desikan-Killiany atlas' cortex, where atlases agree with each other in 88 to 94 %
/// (results/region-rule).
pub(super) fn lobe(place: Vector3<f64>, to_putamen_mm: f32) -> Region {
    let (lateral, front, up) = (place.x.abs(), place.y, place.z);
    let insula = (20.5..44.4).contains(&lateral)
        && (-26.6..22.4).contains(&front)
        && (-23.4..25.6).contains(&up);
    if insula && to_putamen_mm <= INSULA_WITHIN_MM {
        return Region::Insula;
    }
    // On the outside from the parieto-occipital incisure to the preoccipital notch; on the inside behind the
    // parieto-occipital sulcus, and below the calcarine sulcus farther to the front.
    let occipital = if lateral >= 26.0 {
        up < 17.4 && front < -73.9 + 0.1 * up
    } else if up >= 1.7 {
        up < 28.6 && front < -56.1 - 0.58 * up
    } else {
        front < -43.9
    };
    if occipital {
        return Region::Occipital;
    }
    // The Sylvian fissure rises to the back and falls again behind it; the temporal pole lies in front.
    let fissure = (-10.2 + 0.57 * (20.2 - front)).min(17.1) - 0.31 * (-44.0 - front).max(0.0);
    let medial = lateral < 27.6;
    let below = up < fissure && (!medial || up < -2.2 && front < 6.9);
    if lateral > 20.3 && front < 31.5 && below {
        return Region::Temporal;
    }
    // The cingulate gyrus is divided where its parts are, all else by the central sulcus.
    let cingulate = lateral < 12.7 && up < 43.5;
    let frontal = if cingulate {
        front > 0.2
    } else {
        front > -6.5 - 0.32 * up + 0.31 * (lateral - 35.0)
    };
    if frontal {
        Region::Frontal
    } else {
        Region::Parietal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_places_fall_into_their_lobes() {
        // MNI coordinates of well-known places: |x|, y, z.
        let places = [
            (
                "hand knob, precentral",
                [38.0, -20.0, 58.0],
                Region::Frontal,
            ),
            ("frontal pole", [20.0, 62.0, 5.0], Region::Frontal),
            (
                "Broca, pars opercularis",
                [50.0, 14.0, 16.0],
                Region::Frontal,
            ),
            ("gyrus rectus", [5.0, 35.0, -20.0], Region::Frontal),
            ("anterior cingulate", [5.0, 30.0, 20.0], Region::Frontal),
            ("posterior cingulate", [5.0, -40.0, 28.0], Region::Parietal),
            ("angular gyrus", [48.0, -62.0, 32.0], Region::Parietal),
            ("supramarginal gyrus", [58.0, -36.0, 34.0], Region::Parietal),
            ("precuneus", [6.0, -58.0, 42.0], Region::Parietal),
            ("superior parietal", [24.0, -60.0, 62.0], Region::Parietal),
            ("calcarine cortex", [8.0, -84.0, 6.0], Region::Occipital),
            ("lingual gyrus", [12.0, -70.0, -6.0], Region::Occipital),
            ("occipital pole", [18.0, -98.0, 2.0], Region::Occipital),
            ("temporal pole", [38.0, 12.0, -32.0], Region::Temporal),
            (
                "middle temporal gyrus",
                [60.0, -20.0, -10.0],
                Region::Temporal,
            ),
            (
                "superior temporal, auditory",
                [54.0, -14.0, 2.0],
                Region::Temporal,
            ),
            ("fusiform", [38.0, -45.0, -20.0], Region::Temporal),
            ("parahippocampal", [22.0, -28.0, -18.0], Region::Temporal),
        ];
        for (name, [x, y, z], expected) in places {
            for x in [-x, x] {
                assert_eq!(lobe(Vector3::new(x, y, z), 40.0), expected, "{name}");
            }
        }
        let insula = Vector3::new(-38.0, 4.0, 0.0);
        assert_eq!(lobe(insula, 8.0), Region::Insula);
        assert_eq!(lobe(insula, 12.0), Region::Frontal);
    }
}
