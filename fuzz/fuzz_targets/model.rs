//! Model files from anywhere: no bytes may make the reader panic or ask for much memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siderin_net::compute::ComputeDevice;
use siderin_net::model_file::Model;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(device) = ComputeDevice::Cpu.open() {
        let _ = Model::from_bytes(bytes.to_vec(), &device);
    }
});
