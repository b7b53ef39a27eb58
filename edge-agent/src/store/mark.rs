//! A tiny file beside the database that survives its loss: epoch, newest number, acknowledgement, directives.
