//! Tests of feeds: newest wins, lossless, broken and frozen sources.
