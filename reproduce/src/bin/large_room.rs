//! Makes the folder that reproduce/speed/review_speed.js opens: a scan of 512 x 512 x 160 voxels with 300 findings.
//!
//! cargo run --release -p siderin-reproduce --bin large_room -- FOLDER

#[path = "../../../crates/review/tests/it/support/room.rs"]
mod room;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder is needed");
    let folder = std::path::Path::new(&folder);
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let shape = [512, 512, 160];
    room::furnish(folder, shape, &room::spots(shape, 300), &[]);
}
