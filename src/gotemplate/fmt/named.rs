//! Integer types whose numbers have names: what their `String` methods give.

use std::borrow::Cow;

use super::duration_string;
use crate::gotemplate::value::IntKind;

/// The months as `time.Month` names them, from 1 on.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days of the week as `time.Weekday` names them, from 0 on.
pub const WEEK_DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What the type's `String` method gives; `None` for types without one.
pub fn number_name(number: i64, kind: IntKind) -> Option<Cow<'static, str>> {
    let (names, index, of): (&[&str], _, _) = match kind {
        IntKind::Duration => return Some(duration_string(number).into()),
        IntKind::Month => (&MONTHS, number.wrapping_sub(1), "Month"),
        IntKind::Weekday => (&WEEK_DAYS, number, "Weekday"),
        _ => return None,
    };
    let name = usize::try_from(index).ok().and_then(|index| names.get(index));
    Some(name.map_or_else(|| format!("%!{of}({number})").into(), |name| (*name).into()))
}
