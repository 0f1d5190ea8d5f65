//! How views are changed, so that a network learns what does not depend on it.

use super::PIXELS;
use crate::config::CandidateChoice;
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, DEEPEST_MM, DEPTH_NUMBER, NOISE_NUMBER, PHASE_CHANNELS,
    USUAL_NOISE, VIEW_EDGE, VIEW_NUMBERS,
};
use siderin_core::random::Stream;

/// A view, mirrored and turned by quarters, in another contrast and noise, with a surface of the brain
/// that is a little off, and without its phase now and then.
pub(super) fn changed(
    mut view: CandidateView,
    choice: &CandidateChoice,
    stream: &mut Stream,
) -> CandidateView {
    let turn = Turn {
        columns: stream.chance(0.5),
        rows: stream.chance(0.5),
        exchanged: stream.chance(0.5),
        planes: stream.chance(0.5),
    };
    view.fine = turn.of(&view.fine, PHASE_CHANNELS.start, PHASE_CHANNELS.len());
    view.coarse = turn.of(&view.coarse, COARSE_CHANNELS - 1, 0);
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

/// Mirroring, and the exchange of columns and rows.
struct Turn {
    columns: bool,
    rows: bool,
    exchanged: bool,
    planes: bool,
}

impl Turn {
    /// Channels: `first` planes, `second` planes, and single ones.
    fn of(&self, channels: &[f32], first: usize, second: usize) -> Vec<f32> {
        let source = |channel: usize| {
            let mirrored = |start: usize, count: usize| {
                if self.planes {
                    start + count - 1 - (channel - start)
                } else {
                    channel
                }
            };
            if channel < first {
                mirrored(0, first)
            } else if channel < first + second {
                mirrored(first, second)
            } else {
                channel
            }
        };
        let last = VIEW_EDGE - 1;
        let count = channels.len() / PIXELS;
        let mut turned = Vec::with_capacity(channels.len());
        for channel in 0..count {
            let from = &channels[source(channel) * PIXELS..][..PIXELS];
            for row in 0..VIEW_EDGE {
                for column in 0..VIEW_EDGE {
                    let (r, c) = if self.exchanged {
                        (column, row)
                    } else {
                        (row, column)
                    };
                    let r = if self.rows { last - r } else { r };
                    let c = if self.columns { last - c } else { c };
                    turned.push(from[r * VIEW_EDGE + c]);
                }
            }
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::super::blank_view;
    use super::*;
    use siderin_core::candidates::FINE_CHANNELS;

    #[test]
    fn a_view_is_turned_as_a_whole() {
        // Value: 100 channel + row + column / 100.
        let value = |channel: usize, row: usize, column: usize| {
            100.0 * channel as f32 + row as f32 + column as f32 / 100.0
        };
        let mut channels = Vec::new();
        for channel in 0..6 {
            for row in 0..VIEW_EDGE {
                channels.extend((0..VIEW_EDGE).map(|column| value(channel, row, column)));
            }
        }
        let turn = Turn {
            columns: true,
            rows: false,
            exchanged: true,
            planes: true,
        };
        let turned = turn.of(&channels, 3, 2);
        let at = |channel: usize, row: usize, column: usize| {
            turned[channel * PIXELS + row * VIEW_EDGE + column]
        };
        // Planes 0 to 2 and 3 to 4 are mirrored, 5 stays; what is at row 4, column 7 comes from row 7,
        // column 31 - 4.
        assert_eq!(at(0, 4, 7), value(2, 7, 27));
        assert_eq!(at(3, 4, 7), value(4, 7, 27));
        assert_eq!(at(5, 4, 7), value(5, 7, 27));
    }

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
        let found = changed(view, &choice, &mut stream);
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
