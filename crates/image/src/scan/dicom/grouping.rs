//! From a heap of frames to volumes: by series, echo time, image type, matrix and
//! instance block.

use super::frame::Frame;
use super::geometry::place;
use crate::scan::Note;
use crate::scan::acquisition::Component;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Frames that should make one volume; [`super::place`] checks that they do.
#[derive(Debug, Clone)]
pub(crate) struct FrameGroup {
    pub frames: Vec<Frame>,
    /// Which repetition of the series this is, from 1, where it was repeated.
    pub repetition: Option<usize>,
    /// Frames that claim to be an image that is already there (same SOP instance).
    pub copies: Vec<Frame>,
    /// What grouping brought up.
    pub notes: Vec<Note>,
}

/// Positions closer than this along the normal are one slice.
pub(super) const SAME_POSITION_MM: f64 = 0.02;

/// What all frames of one volume share. Orientation is not part of it: a volume of mixed
/// orientation is to be refused, not split.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    let numbers = InstanceNumbers::of(&frames);
    let mut groups: BTreeMap<Key, (Vec<Frame>, Vec<Frame>)> = BTreeMap::new();
    let mut seen = HashSet::new();
    for frame in frames {
        let key = Key::of(&frame);
        // Careless anonymisers give every slice one UID: only at one place is it a copy.
        let place = frame
            .position_lps
            .coords
            .map(|mm| (mm * 100.0).round() as i64);
        let identity = (
            key.clone(),
            frame.sop_uid.clone(),
            frame.frame_index,
            frame.instance_number,
            place,
        );
        let (own, copies) = groups.entry(key).or_default();
        if !frame.sop_uid.is_empty() && !seen.insert(identity) {
            copies.push(frame);
        } else {
            own.push(frame);
        }
    }
    let mut groups: Vec<FrameGroup> = with_slices_joined(groups)
        .into_iter()
        .flat_map(into_blocks)
        .collect();
    for group in &mut groups {
        group.notes.extend(numbers.missing(&group.frames));
    }
    groups
}

/// Groups of one slice that differ in their series alone are one volume where they lie as one does: some programs that
/// remove names give every slice a series UID of its own.
fn with_slices_joined(groups: BTreeMap<Key, (Vec<Frame>, Vec<Frame>)>) -> Vec<FrameGroup> {
    const FEWEST: usize = 3;
    let mut alone: BTreeMap<Key, Vec<FrameGroup>> = BTreeMap::new();
    let mut joined = Vec::new();
    for (key, (frames, copies)) in groups {
        let single = frames.len() == 1 && !key.series_uid.is_empty();
        let group = FrameGroup {
            frames,
            repetition: None,
            copies,
            notes: Vec::new(),
        };
        if single {
            let anywhere = Key {
                series_number: 0,
                series_uid: String::new(),
                ..key
            };
            alone.entry(anywhere).or_default().push(group);
        } else {
            joined.push(group);
        }
    }
    for groups in alone.into_values() {
        let together = FrameGroup {
            frames: groups.iter().flat_map(|g| g.frames.clone()).collect(),
            repetition: None,
            copies: groups.iter().flat_map(|g| g.copies.clone()).collect(),
            notes: vec![Note::SeriesPerSlice {
                slices: groups.len(),
            }],
        };
        if groups.len() >= FEWEST && place(&together).is_ok() {
            joined.push(together);
        } else {
            joined.extend(groups);
        }
    }
    joined.sort_by(|a, b| {
        let key = |group: &FrameGroup| group.frames.first().map(Key::of);
        key(a).cmp(&key(b))
    });
    joined
}

/// Splits frames whose every position occurs equally often into that many volumes, by
/// time, echo and instance number. Uneven repetition is left for the geometry check to refuse, and so are frames of one
/// place of which nothing tells which came first.
fn into_blocks(group: FrameGroup) -> Vec<FrameGroup> {
    let mut frames = group.frames.clone();
    let normal = frames[0].normal();
    let along = |frame: &Frame| frame.position_lps.coords.dot(&normal);
    frames.sort_by(|a, b| {
        along(a)
            .total_cmp(&along(b))
            .then_with(|| order(a).cmp(&order(b)))
            .then_with(|| a.sop_uid.cmp(&b.sop_uid))
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
    for slice in &mut positions {
        slice.sort_by(|a, b| order(a).cmp(&order(b)));
    }
    let told_apart = positions.iter().all(|slice| {
        slice
            .windows(2)
            .all(|pair| order(&pair[0]) != order(&pair[1]))
    });
    if repeats == 1 || !even || !same_orientation || !told_apart {
        return vec![FrameGroup { frames, ..group }];
    }
    (0..repeats)
        .map(|repeat| {
            let frames: Vec<Frame> = positions
                .iter()
                .map(|slice| slice[repeat].clone())
                .collect();
            let copies = group.copies.iter();
            let copies = copies.filter(|copy| frames.iter().any(|f| f.is_image_of(copy)));
            FrameGroup {
                copies: copies.cloned().collect(),
                frames,
                repetition: Some(repeat + 1),
                notes: group.notes.clone(),
            }
        })
        .collect()
}

/// What says which of several frames of one place came first.
fn order(frame: &Frame) -> (i64, i64, i64, &str, i64, u32) {
    (
        frame.temporal_position,
        frame.echo_number,
        frame.acquisition_number,
        &frame.acquisition_time,
        frame.instance_number,
        frame.frame_index,
    )
}

/// Numbers of the instances of each series. Scanners count them from 1; a copy that broke off at an end leaves the
/// others in place.
struct InstanceNumbers {
    by_series: BTreeMap<String, BTreeSet<i64>>,
}

impl InstanceNumbers {
    fn of(frames: &[Frame]) -> Self {
        let mut by_series: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for frame in frames.iter().filter(|frame| frame.instance_number > 0) {
            let numbers = by_series.entry(frame.series_uid.clone()).or_default();
            numbers.insert(frame.instance_number);
        }
        Self { by_series }
    }

    /// What is said of slices that are not there.
    fn missing(&self, frames: &[Frame]) -> Option<Note> {
        let first = frames.first()?;
        // The frames of one file have one number.
        if frames.iter().all(|frame| frame.path == first.path) {
            return None;
        }
        let series: BTreeSet<&str> = frames.iter().map(|f| &*f.series_uid).collect();
        let numbers: BTreeSet<i64> = series
            .into_iter()
            .filter_map(|series| self.by_series.get(series))
            .flatten()
            .copied()
            .collect();
        let (least, most) = (*numbers.first()?, *numbers.last()?);
        let why = match first.images_in_acquisition {
            Some(images) if images > numbers.len() as i64 => format!(
                "the scanner counted {images} images, {} are there",
                numbers.len()
            ),
            // Where numbers have gaps, they count something else.
            _ if least > 1 && most - least + 1 == numbers.len() as i64 => {
                format!("instance numbers begin at {least}, not at 1")
            }
            _ => return None,
        };
        Some(Note::SlicesMayBeMissing { why })
    }
}
