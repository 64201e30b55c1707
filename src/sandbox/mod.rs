//! An API server in memory. Imports no other room.
