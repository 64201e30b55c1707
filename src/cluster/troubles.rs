//! Events and log excerpts of pods that do not become ready.
