//! Settings in TOML files.

use crate::folder::read_bounded;
use serde::de::DeserializeOwned;
use std::io;
use std::path::Path;
use toml::Value;

/// The text of a file of settings.
///
/// # Errors
/// What the disk says, and where it is no file, no text, or larger than settings are.
pub fn read_settings(path: &Path) -> io::Result<String> {
    const MOST_MB: u64 = 16;
    let bytes = read_bounded(path, MOST_MB)?;
    let bytes = bytes.ok_or_else(|| io::Error::other(format!("it is larger than {MOST_MB} MB")))?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no UTF-8 text"))
}

/// Settings from TOML. TOML knows `nan` and `inf`, which no setting can be and comparisons with bounds let pass.
///
/// # Errors
/// In one line, what is wrong and where.
pub fn settings<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let in_one_line = |error: toml::de::Error| error.to_string().trim().replace('\n', " ");
    let values: toml::Table = toml::from_str(text).map_err(in_one_line)?;
    if let Some((name, value)) = not_finite("", &Value::Table(values)) {
        return Err(format!("`{name}` is {value}, expected a finite number"));
    }
    toml::from_str(text).map_err(in_one_line)
}

/// The first number that is none, with its name.
fn not_finite(name: &str, value: &Value) -> Option<(String, f64)> {
    match value {
        Value::Float(number) if !number.is_finite() => Some((name.to_string(), *number)),
        Value::Array(values) => values.iter().find_map(|value| not_finite(name, value)),
        Value::Table(values) => values.iter().find_map(|(key, value)| {
            let inner = if name.is_empty() {
                key.clone()
            } else {
                format!("{name}.{key}")
            };
            not_finite(&inner, value)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Example {
        #[serde(rename = "rates")]
        _rates: Vec<f64>,
    }

    #[test]
    fn what_is_no_number_is_named() {
        assert!(settings::<Example>("rates = [1.0, 2.0]").is_ok());
        for number in ["nan", "-inf", "+nan"] {
            let error = settings::<Example>(&format!("rates = [1.0, {number}]")).unwrap_err();
            assert!(error.contains("`rates` is"), "{error}");
        }
        let error = settings::<toml::Table>("[a.b]\nc = inf").unwrap_err();
        assert_eq!(error, "`a.b.c` is inf, expected a finite number");
    }
}
