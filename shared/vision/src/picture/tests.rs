//! Tests of pictures: hostile files, turned files, raw pixels.
