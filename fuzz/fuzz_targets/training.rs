//! Any text as a training config: an error, or one that is the same when written and read again, and
//! whose rates are numbers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_train::config::TrainConfig;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // A model to start from is a file: nothing here may open one by chance.
    let starts = |table: toml::Table| table.get("model").is_some_and(|m| m.get("start").is_some());
    if text.parse().is_ok_and(starts) {
        return;
    }
    if let Ok(config) = TrainConfig::from_toml(text) {
        let written = config.to_toml().expect("a checked config can be written");
        let again = TrainConfig::from_toml(&written).expect("what is written can be read");
        assert_eq!(again, config);
        for step in [0, 1, 1000, 1 << 40] {
            let rate = config
                .schedule
                .rate(step, 100, config.optimiser.learning_rate);
            assert!((0.0..=1.0).contains(&rate), "{rate}");
        }
    }
});
