//! How views are changed, so that a network learns what does not depend on it.

use super::PIXELS;
use crate::config::CandidateChoice;
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, DEEPEST_MM, DEPTH_NUMBER, Mirroring, NOISE_NUMBER,
    PHASE_CHANNELS, USUAL_NOISE, VIEW_NUMBERS,
};
use siderin_image::random::Stream;

/// A view, mirrored and turned by quarters, in another contrast and noise, with a surface of the brain
/// that is a little off, and without its phase now and then.
pub(super) fn changed(
    view: &CandidateView,
    choice: &CandidateChoice,
    stream: &mut Stream,
) -> CandidateView {
    let mut view = view.mirrored(&Mirroring {
        columns: stream.chance(0.5),
        rows: stream.chance(0.5),
        exchanged: stream.chance(0.5),
        planes: stream.chance(0.5),
    });
    let power = stream.uniform(-choice.contrast, choice.contrast).exp() as f32;
    let noise = stream.uniform(0.0, choice.noise) as f32;
    let depth = stream.uniform(-choice.depth_mm, choice.depth_mm) as f32 / DEEPEST_MM;
    // What is measured of the scan goes along.
    view.numbers[DEPTH_NUMBER] = (view.numbers[DEPTH_NUMBER] + depth).clamp(-1.0, 1.0);
    let before = USUAL_NOISE * view.numbers[NOISE_NUMBER].exp();
    view.numbers[NOISE_NUMBER] = (before.hypot(noise) / USUAL_NOISE).ln();
    // Pixels of the coarse view are means over more of the scan.
    for (channels, signal, noise) in [
        (&mut view.fine, PHASE_CHANNELS.start, noise),
        (&mut view.coarse, COARSE_CHANNELS - 1, 0.4 * noise),
    ] {
        for value in &mut channels[..signal * PIXELS] {
            let darker = (1.0 + *value).max(0.0).powf(power);
            *value = darker + noise * stream.normal() as f32 - 1.0;
        }
        let last = channels.len() - PIXELS;
        for value in &mut channels[last..] {
            *value = (*value + depth).clamp(-1.0, 1.0);
        }
    }
    if stream.chance(choice.phase_dropout) {
        view.fine[PHASE_CHANNELS.start * PIXELS..PHASE_CHANNELS.end * PIXELS].fill(0.0);
        view.numbers[VIEW_NUMBERS - 1] = 0.0;
    }
    view
}

#[cfg(test)]
mod tests {
    use super::super::blank_view;
    use super::*;
    use siderin_core::candidates::FINE_CHANNELS;

    #[test]
    fn what_is_changed_of_a_view_is_changed_of_its_numbers() {
        let mut view = blank_view();
        view.fine[PHASE_CHANNELS.start * PIXELS..PHASE_CHANNELS.end * PIXELS].fill(0.3);
        view.numbers[VIEW_NUMBERS - 1] = 1.0;
        let choice = CandidateChoice {
            regions: Default::default(),
            phase_dropout: 1.0,
            contrast: 0.0,
            noise: 0.2,
            depth_mm: 4.0,
        };
        let mut stream = Stream::new(3, "test", 0);
        let found = changed(&view, &choice, &mut stream);
        let phase = &found.fine[PHASE_CHANNELS.start * PIXELS..PHASE_CHANNELS.end * PIXELS];
        assert!(phase.iter().all(|v| *v == 0.0));
        assert_eq!(found.numbers[VIEW_NUMBERS - 1], 0.0);
        let depth = found.numbers[DEPTH_NUMBER];
        assert!(depth != 0.0 && depth.abs() <= 0.4);
        assert_eq!(found.fine[(FINE_CHANNELS - 1) * PIXELS], depth);
        assert_eq!(found.coarse[(COARSE_CHANNELS - 1) * PIXELS], depth);
        // The noise of the signal's planes and USUAL_NOISE, which was there, added in squares.
        let signal = &found.fine[..PHASE_CHANNELS.start * PIXELS];
        let square: f64 = signal.iter().map(|v| f64::from(*v).powi(2)).sum();
        let added = (square / signal.len() as f64).sqrt() as f32;
        let expected = (USUAL_NOISE.hypot(added) / USUAL_NOISE).ln();
        assert!((found.numbers[NOISE_NUMBER] - expected).abs() < 0.02);
    }
}
