//! Intake by its public face.
