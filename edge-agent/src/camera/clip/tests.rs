//! Tests of clips.
