//! Lesions as points: `lesions.json` and CSV.

use super::table::{TextTable, TextTableError};
use serde::Deserialize;
use siderin_image::folder::read_bounded;
use siderin_image::volume::{Grid, WorldPoint};
use std::path::Path;

/// A lesion of which only the place is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its number in the file that it came from, where it has one.
    pub id: Option<u32>,
    /// Its centre, RAS+ mm.
    pub center_world: WorldPoint,
    /// How sure the method is.
    pub confidence: Option<f64>,
    /// Diameter as the file says.
    pub diameter_mm: Option<f64>,
    /// Volume as the file says.
    pub volume_mm3: Option<f64>,
}

/// A file of points that cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PointsError {
    #[error("reading points: {0}; check the file and its permissions")]
    Io(#[from] std::io::Error),
    #[error("reading points: the file is larger than {limit} MB, which no list of lesions is")]
    TooLarge { limit: u64 },
    #[error(
        "reading points: {0}; expected are `lesions` with `center_world_mm` each, as in \
         lesions.json"
    )]
    Json(#[from] serde_json::Error),
    #[error("reading points: {0}")]
    Table(#[from] TextTableError),
    #[error("reading points: the table has no column {column}; x_mm, y_mm, z_mm (RAS+) are needed")]
    NoColumn { column: &'static str },
    #[error("reading points: line {line}, column {column}: {value:?} is no number")]
    NoNumber {
        line: u64,
        column: &'static str,
        value: String,
    },
    #[error(
        "reading points: point {number} has a place, confidence or size that is not finite, or a \
         size below 0; correct or remove it"
    )]
    NotFinite { number: usize },
}

const LIMIT_MB: u64 = 256;

pub(super) fn read(path: &Path) -> Result<(Vec<Point>, Option<Grid>), PointsError> {
    let bytes = read_bounded(path, LIMIT_MB)?.ok_or(PointsError::TooLarge { limit: LIMIT_MB })?;
    let is_json = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let format = if is_json {
        PointFormat::Json
    } else {
        PointFormat::Csv
    };
    parse_points(&bytes, format)
}

/// How points are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointFormat {
    /// As `lesions.json`.
    Json,
    /// A table with a header line.
    Csv,
}

/// Points from the bytes of a file, with the grid of their scan where it is told.
///
/// # Errors
/// When it is no such file, or a place or confidence is not finite.
pub fn parse_points(
    bytes: &[u8],
    format: PointFormat,
) -> Result<(Vec<Point>, Option<Grid>), PointsError> {
    let (points, grid) = match format {
        PointFormat::Json => from_json(bytes)?,
        PointFormat::Csv => (from_csv(bytes)?, None),
    };
    let not_finite = points.iter().position(|point| {
        let place = point.center_world.to_array().into_iter();
        let sizes = || point.diameter_mm.into_iter().chain(point.volume_mm3);
        let finite = place
            .chain(point.confidence)
            .chain(sizes())
            .all(f64::is_finite);
        !finite || sizes().any(|size| size < 0.0)
    });
    match not_finite {
        Some(at) => Err(PointsError::NotFinite { number: at + 1 }),
        None => Ok((points, grid)),
    }
}

#[derive(Deserialize)]
struct Document {
    grid: Option<Grid>,
    lesions: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: Option<u32>,
    center_world_mm: [f64; 3],
    confidence: Option<f64>,
    diameter_mm: Option<f64>,
    visible_diameter_mm: Option<f64>,
    volume_mm3: Option<f64>,
    /// The simulator's truth tells apart what can be seen; what cannot is no reference.
    #[serde(default = "yes")]
    visible: bool,
}

fn yes() -> bool {
    true
}

fn from_json(bytes: &[u8]) -> Result<(Vec<Point>, Option<Grid>), PointsError> {
    let document: Document = serde_json::from_slice(bytes)?;
    let visible = document.lesions.into_iter().filter(|entry| entry.visible);
    let points = visible
        .map(|entry| {
            let [x, y, z] = entry.center_world_mm;
            Point {
                id: entry.id,
                center_world: WorldPoint::new(x, y, z),
                confidence: entry.confidence,
                diameter_mm: entry.diameter_mm.or(entry.visible_diameter_mm),
                volume_mm3: entry.volume_mm3,
            }
        })
        .collect();
    Ok((points, document.grid))
}

/// Places, then what may be missing; each under the names that tables use.
const PLACES: [(&str, &[&str]); 3] = [
    ("x_mm", &["x_mm", "x"]),
    ("y_mm", &["y_mm", "y"]),
    ("z_mm", &["z_mm", "z"]),
];
const CONFIDENCE: &[&str] = &["confidence", "score", "probability"];
const DIAMETER: &[&str] = &["diameter_mm"];
const VOLUME: &[&str] = &["volume_mm3"];

fn from_csv(bytes: &[u8]) -> Result<Vec<Point>, PointsError> {
    let table = TextTable::parse(bytes)?;
    let column = |names: &[&str]| table.column(names);
    let mut places = [0; 3];
    for (place, (name, names)) in places.iter_mut().zip(PLACES) {
        *place = column(names).ok_or(PointsError::NoColumn { column: name })?;
    }
    let optional = [CONFIDENCE, DIAMETER, VOLUME].map(column);
    // A candidate that was merged with a better one is no candidate of its own.
    let decision = column(&["decision"]);
    let mut points = Vec::new();
    for row in &table.rows {
        let line = row.line;
        let row = &row.fields;
        if decision.is_some_and(|at| row[at] == "duplicate") {
            continue;
        }
        let number = |at: usize, column: &'static str| {
            let value = &row[at];
            value.parse::<f64>().map_err(|_| PointsError::NoNumber {
                line,
                column,
                value: value.chars().take(40).collect(),
            })
        };
        let mut place = [0.0; 3];
        for ((value, at), (name, _)) in place.iter_mut().zip(places).zip(PLACES) {
            *value = number(at, name)?;
        }
        let mut rest = [None; 3];
        for ((value, at), names) in rest
            .iter_mut()
            .zip(optional)
            .zip([CONFIDENCE, DIAMETER, VOLUME])
        {
            let filled = at.filter(|&at| !row[at].is_empty());
            *value = filled.map(|at| number(at, names[0])).transpose()?;
        }
        let [confidence, diameter_mm, volume_mm3] = rest;
        points.push(Point {
            id: None,
            center_world: WorldPoint::new(place[0], place[1], place[2]),
            confidence,
            diameter_mm,
            volume_mm3,
        });
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_documents_give_the_same_points() {
        let table = b"id,x_mm,y_mm,z_mm,score,diameter_mm\n1,1.5,-2,3,0.9,4\n2, 0 ,0,0,,\n";
        let json = br#"{"lesions":[
            {"id":1,"center_world_mm":[1.5,-2,3],"confidence":0.9,"diameter_mm":4},
            {"id":2,"center_world_mm":[0,0,0]},
            {"id":3,"center_world_mm":[9,9,9],"visible":false}]}"#;
        let from_table = from_csv(table).unwrap();
        let (mut from_document, grid) = from_json(json).unwrap();
        assert!(grid.is_none());
        for point in &mut from_document {
            point.id = None;
        }
        assert_eq!(from_table, from_document);
        assert_eq!(from_table[0].confidence, Some(0.9));
        assert_eq!(from_table[1].confidence, None);
    }

    #[test]
    fn errors_name_the_column_and_the_line() {
        let error = from_csv(b"x_mm,y_mm\n1,2\n").unwrap_err().to_string();
        assert!(error.contains("no column z_mm"), "{error}");
        let error = from_csv(b"x,y,z\n1,2,3\n1,far,3\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 3") && error.contains("far"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.csv");
        std::fs::write(&file, "x,y,z\n1,NaN,3\n").unwrap();
        assert!(matches!(
            read(&file).unwrap_err(),
            PointsError::NotFinite { number: 1 }
        ));
    }
}
