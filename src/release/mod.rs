//! The release record, its encoding, its history.
