//! Changes to a card, as TOML.

use serde_json::Value;

/// What stands for "none", which TOML cannot write.
const NONE: &str = "none";

/// `base` with the entries of `changes` in place of its own; tables are merged, anything else is
/// replaced.
pub(super) fn merged(base: Value, changes: &toml::Value) -> Value {
    match (base, changes) {
        (Value::Object(mut entries), toml::Value::Table(changes)) => {
            for (key, change) in changes {
                let old = entries.remove(key).unwrap_or(Value::Null);
                entries.insert(key.clone(), merged(old, change));
            }
            Value::Object(entries)
        }
        (_, toml::Value::String(text)) if text == NONE => Value::Null,
        (_, toml::Value::Table(changes)) => Value::Object(
            changes
                .iter()
                .map(|(key, change)| (key.clone(), merged(Value::Null, change)))
                .collect(),
        ),
        (_, other) => serde_json::to_value(other).unwrap_or(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_are_merged_and_values_replaced() {
        let base = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x"});
        let changes: toml::Value =
            toml::from_str("d = \"none\"\n[a]\nc = [3]\n[a.new]\ne = 1.5").unwrap();
        assert_eq!(
            merged(base, &changes),
            json!({"a": {"b": 1, "c": [3], "new": {"e": 1.5}}, "d": null})
        );
    }
}
