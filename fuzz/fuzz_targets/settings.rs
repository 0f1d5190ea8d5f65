//! Any text as a protocol or a cohort: an error, or one that can be used.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_simulate::Protocol;
use siderin_simulate::cohort::CohortSpec;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(protocol) = Protocol::from_toml(text) {
        assert!(protocol.check().is_ok());
    }
    if let Ok(spec) = CohortSpec::from_toml(text) {
        assert!(!spec.heads.is_empty());
        if spec.scans.len() < 10 {
            assert!(
                !spec
                    .items(1)
                    .expect("what was read can be listed")
                    .is_empty()
            );
        }
    }
});
