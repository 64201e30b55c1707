pub(super) static FUNCTIONS: super::args::Chapter = &[];
