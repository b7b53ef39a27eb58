//! Shows the main job.
fn main() {}
