//! Attributes of a frame, wherever the file keeps them.

use dicom_core::header::Tag;
use dicom_object::{DefaultDicomObject, InMemDicomObject};

/// Where the attributes of one frame are looked up: its per-frame functional groups, then
/// the shared ones, then the top level (PS3.3 C.7.6.16). Classic files have the top level
/// alone.
pub(super) struct FrameAttributes<'a> {
    pub root: &'a DefaultDicomObject,
    pub shared: Option<&'a InMemDicomObject>,
    pub own: Option<&'a InMemDicomObject>,
}

impl<'a> FrameAttributes<'a> {
    /// The attribute `tag`, inside the functional group `macro_sequence` or at top level.
    fn element(
        &self,
        macro_sequence: Tag,
        tag: Tag,
    ) -> Option<&'a dicom_object::mem::InMemElement> {
        [self.own, self.shared]
            .into_iter()
            .flatten()
            .filter_map(|groups| first_item(groups, macro_sequence))
            .find_map(|item| item.get(tag))
            .or_else(|| self.root.get(tag))
    }

    /// Text values, trimmed, without empty ones.
    pub(super) fn texts(&self, macro_sequence: Tag, tag: Tag) -> Vec<String> {
        let Some(element) = self.element(macro_sequence, tag) else {
            return Vec::new();
        };
        let Ok(values) = element.to_multi_str() else {
            return Vec::new();
        };
        values
            .iter()
            .map(|value| value.trim_matches(['\0', ' ']).to_string())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The first text value.
    pub(super) fn text(&self, macro_sequence: Tag, tag: Tag) -> Option<String> {
        self.texts(macro_sequence, tag).into_iter().next()
    }

    /// Exactly `N` finite numbers.
    pub(super) fn numbers<const N: usize>(
        &self,
        macro_sequence: Tag,
        tag: Tag,
    ) -> Option<[f64; N]> {
        let values = self.element(macro_sequence, tag)?.to_multi_float64().ok()?;
        let values: [f64; N] = values.try_into().ok()?;
        values.iter().all(|v| v.is_finite()).then_some(values)
    }

    /// The first finite number.
    pub(super) fn number(&self, macro_sequence: Tag, tag: Tag) -> Option<f64> {
        let values = self.element(macro_sequence, tag)?.to_multi_float64().ok()?;
        values.first().copied().filter(|v| v.is_finite())
    }

    /// The first whole number.
    pub(super) fn integer(&self, macro_sequence: Tag, tag: Tag) -> Option<i64> {
        self.number(macro_sequence, tag).map(|v| v as i64)
    }
}

/// The first item of a sequence.
pub(super) fn first_item(object: &InMemDicomObject, sequence: Tag) -> Option<&InMemDicomObject> {
    object.get(sequence)?.items()?.first()
}
