//! The sprig function library.
