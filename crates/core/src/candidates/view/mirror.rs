//! Views mirrored and turned by quarters: another candidate of the same kind.

use super::{COARSE_CHANNELS, CandidateView, PHASE_CHANNELS, PIXELS, VIEW_EDGE};

/// How a view is mirrored: left and right, front and back, up and down along the planes' normal; and columns
/// for rows, which with one of the others is a quarter turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is an axis of its own.
pub struct Mirroring {
    /// The last column first.
    pub columns: bool,
    /// The last row first.
    pub rows: bool,
    /// Columns for rows, before the others.
    pub exchanged: bool,
    /// The last plane of signal and of phase first.
    pub planes: bool,
}

impl Mirroring {
    /// All eight that keep the order of planes, the one that changes nothing first.
    pub const IN_PLANE: [Self; 8] = {
        let mut all = [Self {
            columns: false,
            rows: false,
            exchanged: false,
            planes: false,
        }; 8];
        let mut at = 0;
        while at < 8 {
            all[at].columns = at & 1 == 1;
            all[at].rows = at & 2 == 2;
            all[at].exchanged = at & 4 == 4;
            at += 1;
        }
        all
    };
}

impl CandidateView {
    /// The view mirrored; its numbers stay.
    #[must_use]
    pub fn mirrored(&self, how: &Mirroring) -> Self {
        Self {
            fine: mirrored(&self.fine, how, PHASE_CHANNELS.start, PHASE_CHANNELS.len()),
            coarse: mirrored(&self.coarse, how, COARSE_CHANNELS - 1, 0),
            numbers: self.numbers.clone(),
        }
    }
}

/// Channels: `first` planes, `second` planes, and single ones.
fn mirrored(channels: &[f32], how: &Mirroring, first: usize, second: usize) -> Vec<f32> {
    let source = |channel: usize| {
        let from = |start: usize, count: usize| {
            if how.planes {
                start + count - 1 - (channel - start)
            } else {
                channel
            }
        };
        if channel < first {
            from(0, first)
        } else if channel < first + second {
            from(first, second)
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
                let (r, c) = if how.exchanged {
                    (column, row)
                } else {
                    (row, column)
                };
                let r = if how.rows { last - r } else { r };
                let c = if how.columns { last - c } else { c };
                turned.push(from[r * VIEW_EDGE + c]);
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value: 100 channel + row + column / 100.
    fn value(channel: usize, row: usize, column: usize) -> f32 {
        100.0 * channel as f32 + row as f32 + column as f32 / 100.0
    }

    fn channels(count: usize) -> Vec<f32> {
        let places = (0..count * PIXELS).map(|at| {
            let (channel, pixel) = (at / PIXELS, at % PIXELS);
            value(channel, pixel / VIEW_EDGE, pixel % VIEW_EDGE)
        });
        places.collect()
    }

    #[test]
    fn a_view_is_mirrored_as_a_whole() {
        let how = Mirroring {
            columns: true,
            rows: false,
            exchanged: true,
            planes: true,
        };
        let turned = mirrored(&channels(6), &how, 3, 2);
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
    fn the_eight_in_plane_are_eight() {
        let channels = channels(2);
        let all = Mirroring::IN_PLANE.map(|how| mirrored(&channels, &how, 1, 1));
        assert_eq!(all[0], channels);
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one));
        }
    }
}
