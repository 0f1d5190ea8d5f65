//! Model files from anywhere: no bytes may make the reader panic or ask for much memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_net::compute::Compute;
use siderin_net::model_file::Model;

fuzz_target!(|bytes: &[u8]| {
    let _ = Model::from_bytes(bytes.to_vec(), Compute::cpu().device());
});
