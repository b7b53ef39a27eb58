//! Nothing: the measurements are beside it, in recognition/.
