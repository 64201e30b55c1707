//! The upgrade of one release to another across a schema change, on a replica's volume.
