//! Tests of the folder as a camera.
