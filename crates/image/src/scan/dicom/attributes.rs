//! Attributes of a frame, wherever the file keeps them.

use super::guard::DicomFileError;
use crate::scan::printable;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::header::Tag;
use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::mem::InMemElement;
use dicom_object::{DefaultDicomObject, InMemDicomObject};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Where the attributes of one frame are looked up: its per-frame functional groups, then
/// the shared ones, then the top level (PS3.3 C.7.6.16). Classic files have the top level
/// alone.
pub(super) struct FrameAttributes<'a> {
    root: &'a DefaultDicomObject,
    shared: Option<&'a InMemDicomObject>,
    own: Option<&'a InMemDicomObject>,
    /// Names of attributes that were written with a decimal comma.
    with_commas: RefCell<BTreeSet<String>>,
}

impl<'a> FrameAttributes<'a> {
    pub(super) fn new(
        root: &'a DefaultDicomObject,
        shared: Option<&'a InMemDicomObject>,
        own: Option<&'a InMemDicomObject>,
    ) -> Self {
        Self {
            root,
            shared,
            own,
            with_commas: RefCell::default(),
        }
    }

    /// Names of the attributes read until now that were written with a decimal comma.
    pub(super) fn with_commas(&self) -> Vec<String> {
        self.with_commas.borrow().iter().cloned().collect()
    }

    /// The attribute `tag`, inside the functional group `macro_sequence` or at top level.
    fn element(&self, macro_sequence: Tag, tag: Tag) -> Option<&'a InMemElement> {
        [self.own, self.shared]
            .into_iter()
            .flatten()
            .filter_map(|groups| first_item(groups, macro_sequence))
            .find_map(|item| item.get(tag))
            .or_else(|| self.root.get(tag))
    }

    /// Whether the attribute is there at top level.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.root.get(tag).is_some()
    }

    /// Text values, trimmed, without empty ones.
    pub(super) fn texts(&self, macro_sequence: Tag, tag: Tag) -> Vec<String> {
        let Some(element) = self.element(macro_sequence, tag) else {
            return Vec::new();
        };
        texts_of(element)
    }

    /// The first text value.
    pub(super) fn text(&self, macro_sequence: Tag, tag: Tag) -> Option<String> {
        self.texts(macro_sequence, tag).into_iter().next()
    }

    /// `N` numbers; none where the attribute is absent or empty.
    ///
    /// # Errors
    /// When the value is something else.
    pub(super) fn numbers<const N: usize>(
        &self,
        macro_sequence: Tag,
        tag: Tag,
    ) -> Result<Option<[f64; N]>, DicomFileError> {
        let Some(values) = self.all_numbers(macro_sequence, tag)? else {
            return Ok(None);
        };
        let count = values.len();
        let values = <[f64; N]>::try_from(values);
        values.map(Some).map_err(|values| {
            let shown = values.iter().map(f64::to_string).collect::<Vec<_>>();
            not_a_number(tag, &shown.join("\\"), format!("{N} numbers, not {count}"))
        })
    }

    /// One number; none where the attribute is absent or empty. Several that are all the same are one.
    ///
    /// # Errors
    /// When the value is something else.
    pub(super) fn number(
        &self,
        macro_sequence: Tag,
        tag: Tag,
    ) -> Result<Option<f64>, DicomFileError> {
        let Some(values) = self.all_numbers(macro_sequence, tag)? else {
            return Ok(None);
        };
        if values.iter().any(|value| *value != values[0]) {
            let shown = values.iter().map(f64::to_string).collect::<Vec<_>>();
            return Err(not_a_number(tag, &shown.join("\\"), "one number".into()));
        }
        Ok(Some(values[0]))
    }

    /// The first whole number, where there is one: of attributes that number and label, and of private ones.
    pub(super) fn integer(&self, macro_sequence: Tag, tag: Tag) -> Option<i64> {
        let values = self.all_numbers(macro_sequence, tag).ok().flatten()?;
        values.first().map(|value| *value as i64)
    }

    fn all_numbers(
        &self,
        macro_sequence: Tag,
        tag: Tag,
    ) -> Result<Option<Vec<f64>>, DicomFileError> {
        let Some(element) = self.element(macro_sequence, tag) else {
            return Ok(None);
        };
        let wanted = || "a number".to_string();
        let Some(value) = element.value().primitive() else {
            return Err(not_a_number(tag, "a sequence", wanted()));
        };
        let binary = match value {
            PrimitiveValue::Str(_) | PrimitiveValue::Strs(_) | PrimitiveValue::U8(_) => None,
            value => value.to_multi_float64().ok(),
        };
        let values = match binary {
            Some(values) => values,
            None => texts_of(element)
                .iter()
                .map(|text| {
                    let (value, comma) =
                        parse_number(text).ok_or_else(|| not_a_number(tag, text, wanted()))?;
                    if comma {
                        self.with_commas.borrow_mut().insert(name_of(tag));
                    }
                    Ok(value)
                })
                .collect::<Result<_, DicomFileError>>()?,
        };
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(not_a_number(tag, &value.to_string(), wanted()));
        }
        Ok(Some(values).filter(|values| !values.is_empty()))
    }
}

/// A decimal number, and whether its decimal sign is a comma: some programs write it as the user's language does.
fn parse_number(text: &str) -> Option<(f64, bool)> {
    if let Ok(value) = text.parse() {
        return Some((value, false));
    }
    let one_comma = text.matches(',').count() == 1 && !text.contains('.');
    let value = one_comma.then(|| text.replace(',', ".").parse().ok());
    value.flatten().map(|value| (value, true))
}

/// Values as text. An element whose representation is not known holds bytes, which may be text.
fn texts_of(element: &InMemElement) -> Vec<String> {
    let Some(value) = element.value().primitive() else {
        return Vec::new();
    };
    let joined = match value {
        PrimitiveValue::U8(bytes) if matches!(element.header().vr, VR::UN | VR::OB) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        value => value.to_multi_str().join("\\"),
    };
    joined
        .split('\\')
        .map(|value| printable(value.trim_matches(['\0', ' ']), false))
        .filter(|value| !value.is_empty())
        .collect()
}

fn not_a_number(tag: Tag, value: &str, wanted: String) -> DicomFileError {
    const SHOWN: usize = 40;
    DicomFileError::NotANumber {
        name: name_of(tag),
        value: value.chars().take(SHOWN).collect(),
        wanted,
    }
}

/// Such as `RescaleSlope (0028,1053)`.
fn name_of(tag: Tag) -> String {
    match StandardDataDictionary.by_tag(tag) {
        Some(entry) => format!("{} {tag}", entry.alias()),
        None => tag.to_string(),
    }
}

/// The first item of a sequence.
pub(super) fn first_item(object: &InMemDicomObject, sequence: Tag) -> Option<&InMemDicomObject> {
    object.get(sequence)?.items()?.first()
}
