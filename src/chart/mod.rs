//! What a chart is: archives, metadata, dependencies, values, schemas.
