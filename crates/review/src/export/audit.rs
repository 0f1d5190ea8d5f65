//! The trail of decisions as a table.

use crate::reading::in_words;
use crate::store::Event;
use siderin_image::folder::Table;
use std::io::Write;

/// Writes one row per event: when, who, of what, what, and what was said before, in words and as it is kept.
///
/// # Errors
/// What the sink says.
pub fn write_audit(sink: impl Write, reader: &str, trail: &[Event]) -> csv::Result<()> {
    let mut table = Table::new(sink);
    table.write_record([
        "number", "time_utc", "reader", "by", "item", "action", "in_words", "previous", "value",
    ])?;
    for event in trail {
        let text = |entry: &Option<crate::annotate::Entry>| {
            entry
                .as_ref()
                .and_then(|entry| serde_json::to_string(entry).ok())
                .unwrap_or_default()
        };
        table.write_record([
            event.id.to_string(),
            event.time.clone(),
            reader.to_string(),
            event.by.clone().unwrap_or_default(),
            event.item.clone(),
            event.action.name().to_string(),
            in_words(event),
            text(&event.previous),
            text(&event.value),
        ])?;
    }
    table.flush()?;
    Ok(())
}
