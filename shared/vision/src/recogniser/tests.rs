//! Tests of the networks over real and random weights.
