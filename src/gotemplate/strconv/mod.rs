//! Go's `strconv`: numbers and quoted strings, read and written as Go does.

mod float;
mod number;
mod quote;

pub use float::{append_float, format_float, format_float32};
pub use number::{NumError, parse_float, parse_int, parse_uint};
pub use quote::{
    Unquoted, append_quote, append_quote_rune, append_quote_rune_to_ascii, append_quote_to_ascii, can_backquote, quote,
    unquote, unquote_char,
};
