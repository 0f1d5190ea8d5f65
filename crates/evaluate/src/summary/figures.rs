//! Figures by path, nested in files.

use super::bootstrap::Interval;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Figures by path, such as `micro/recall`; in JSON each part of the path is an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures(BTreeMap<String, Interval>);

impl Figures {
    /// The figure of a path; without a value where there is none.
    #[must_use]
    pub fn get(&self, path: &str) -> Interval {
        self.0.get(path).copied().unwrap_or_default()
    }

    /// All of them by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Interval)> {
        self.0.iter().map(|(path, figure)| (path.as_str(), *figure))
    }
}

impl FromIterator<(String, Interval)> for Figures {
    fn from_iter<I: IntoIterator<Item = (String, Interval)>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut root = Map::new();
        for (path, figure) in &self.0 {
            let mut parts: Vec<&str> = path.split('/').collect();
            let Some(name) = parts.pop() else { continue };
            let mut here = &mut root;
            for part in parts {
                let next = here
                    .entry(part)
                    .or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(next) = next else {
                    return Err(serde::ser::Error::custom(format!(
                        "{path} runs into a figure"
                    )));
                };
                here = next;
            }
            let value = serde_json::to_value(figure).map_err(serde::ser::Error::custom)?;
            here.insert(name.to_string(), value);
        }
        root.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let root = Map::deserialize(deserializer)?;
        let mut figures = BTreeMap::new();
        let mut open: Vec<(String, Map<String, Value>)> = vec![(String::new(), root)];
        while let Some((prefix, object)) = open.pop() {
            for (name, value) in object {
                let path = if prefix.is_empty() {
                    name
                } else {
                    format!("{prefix}/{name}")
                };
                let Value::Object(inner) = value else {
                    return Err(D::Error::custom(format!("{path} is no figure")));
                };
                if inner.contains_key("value") {
                    let figure = serde_json::from_value(Value::Object(inner));
                    figures.insert(path, figure.map_err(D::Error::custom)?);
                } else {
                    open.push((path, inner));
                }
            }
        }
        Ok(Self(figures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_nest_and_read_back() {
        let figure = |value| Interval {
            value: Some(value),
            low: None,
            high: Some(1.0),
        };
        let figures: Figures = [
            ("micro/recall".to_string(), figure(0.5)),
            ("froc/sensitivity/0.5".to_string(), figure(0.25)),
        ]
        .into_iter()
        .collect();
        let json = serde_json::to_value(&figures).unwrap();
        assert_eq!(json["froc"]["sensitivity"]["0.5"]["value"], 0.25);
        assert_eq!(json["micro"]["recall"]["low"], Value::Null);
        let back: Figures = serde_json::from_value(json).unwrap();
        assert_eq!(back, figures);
    }
}
