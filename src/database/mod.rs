//! PostgreSQL as seen from outside.
