//! From a heap of frames to volumes: by series, echo time, image type, matrix and
//! instance block.

use super::frame::Frame;
use crate::scan::acquisition::Component;
use std::collections::{BTreeMap, HashSet};

/// Frames that should make one volume; [`super::place`] checks that they do.
#[derive(Debug, Clone)]
pub(crate) struct FrameGroup {
    pub frames: Vec<Frame>,
    /// Which repetition of the series this is, from 1, where it was repeated.
    pub repetition: Option<usize>,
    /// Files that held an image already seen (same SOP instance).
    pub duplicates_dropped: usize,
}

/// Positions closer than this along the normal are one slice.
pub(super) const SAME_POSITION_MM: f64 = 0.02;

/// What all frames of one volume share. Orientation is not part of it: a volume of mixed
/// orientation is to be refused, not split.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    series_number: i64,
    series_uid: String,
    echo_time_us: i64,
    component: Component,
    image_type: Vec<String>,
    matrix: [u32; 2],
}

impl Key {
    fn of(frame: &Frame) -> Self {
        let acquisition = &frame.acquisition;
        Self {
            series_number: acquisition
                .series_number
                .as_ref()
                .map_or(0, |known| known.value),
            series_uid: frame.series_uid.clone(),
            echo_time_us: acquisition
                .te_ms
                .as_ref()
                .map_or(0, |known| (known.value * 1000.0).round() as i64),
            component: acquisition.component(),
            image_type: frame.image_type.clone(),
            matrix: [frame.rows, frame.columns],
        }
    }
}

/// Groups frames into volumes, in the order of series number, echo time and repetition,
/// whatever order the files came in.
pub(crate) fn group_frames(frames: Vec<Frame>) -> Vec<FrameGroup> {
    let mut groups: BTreeMap<Key, (Vec<Frame>, usize)> = BTreeMap::new();
    let mut seen = HashSet::new();
    for frame in frames {
        let group = groups.entry(Key::of(&frame)).or_default();
        // Careless anonymisers give every slice one UID: only at one place is it a copy.
        let place = frame
            .position_lps
            .coords
            .map(|mm| (mm * 100.0).round() as i64);
        let identity = (
            frame.sop_uid.clone(),
            frame.frame_index,
            frame.instance_number,
            place,
        );
        if !frame.sop_uid.is_empty() && !seen.insert(identity) {
            group.1 += 1;
        } else {
            group.0.push(frame);
        }
    }
    groups
        .into_values()
        .filter(|(frames, _)| !frames.is_empty())
        .flat_map(|(frames, duplicates)| into_blocks(frames, duplicates))
        .collect()
}

/// Splits frames whose every position occurs equally often into that many volumes, by
/// time and instance number. Uneven repetition is left for the geometry check to refuse.
fn into_blocks(mut frames: Vec<Frame>, duplicates_dropped: usize) -> Vec<FrameGroup> {
    let normal = frames[0].normal();
    let along = |frame: &Frame| frame.position_lps.coords.dot(&normal);
    let order = |frame: &Frame| {
        (
            frame.temporal_position,
            frame.acquisition_number,
            frame.instance_number,
            frame.frame_index,
        )
    };
    frames.sort_by(|a, b| {
        along(a)
            .total_cmp(&along(b))
            .then_with(|| order(a).cmp(&order(b)))
            .then_with(|| a.path.cmp(&b.path))
    });
    let same_orientation = frames
        .iter()
        .all(|frame| frame.normal().dot(&normal) > 0.999);
    let mut positions: Vec<Vec<Frame>> = Vec::new();
    for frame in &frames {
        match positions.last_mut() {
            Some(slice) if along(frame) - along(&slice[0]) < SAME_POSITION_MM => {
                slice.push(frame.clone());
            }
            _ => positions.push(vec![frame.clone()]),
        }
    }
    let repeats = positions[0].len();
    let even = positions.iter().all(|slice| slice.len() == repeats);
    if repeats == 1 || !even || !same_orientation {
        return vec![FrameGroup {
            frames,
            repetition: None,
            duplicates_dropped,
        }];
    }
    for slice in &mut positions {
        slice.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.path.cmp(&b.path)));
    }
    (0..repeats)
        .map(|repeat| FrameGroup {
            frames: positions
                .iter()
                .map(|slice| slice[repeat].clone())
                .collect(),
            repetition: Some(repeat + 1),
            duplicates_dropped: if repeat == 0 { duplicates_dropped } else { 0 },
        })
        .collect()
}
