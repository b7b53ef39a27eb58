//! The sled database of the store: opening, syncing and putting aside.
