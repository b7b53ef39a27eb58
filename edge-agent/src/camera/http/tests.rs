//! Tests of network cameras against a server in the test.
