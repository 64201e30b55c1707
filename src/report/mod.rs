//! Progress on a terminal; HTML and Markdown reports.
