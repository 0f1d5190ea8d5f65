//! Points, tables and metrics.json from anywhere: no bytes may make the scorer panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_evaluate::{
    CaseTable, Lesions, Metrics, PointFormat, Rule, ScoreSettings, parse_points, score_case, split,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(table) = CaseTable::parse(bytes) {
        let columns = table.columns.clone();
        let _ = table.levels(&columns);
        let _ = split(&table, 2, &columns, 0);
    }
    let _ = serde_json::from_slice::<Metrics>(bytes);
    for format in [PointFormat::Json, PointFormat::Csv] {
        if let Ok((points, grid)) = parse_points(bytes, format) {
            let lesions = Lesions::Points(points, grid);
            for rule in [Rule::Valdo, Rule::Centroid4Vox] {
                let settings = ScoreSettings::of(rule);
                let _ = score_case(Some(&lesions), Some(&lesions), None, &settings);
            }
        }
    }
});
