//! Dates and durations.

use super::args::{Args, Chapter, Outcome, fail, func, string};
use super::host::clock;
use super::time::{Time, Zone, parse, parse_duration, round_duration, value};
use crate::gotemplate::Type::{Any, Str, Time as TimeType};
use crate::gotemplate::fmt::duration_string;
use crate::gotemplate::strconv::{NumError, parse_int};
use crate::gotemplate::{IntKind, Scope, Value};

pub(super) static FUNCTIONS: Chapter = &[
    ("ago", func!([Any], |scope, a| string(ago(scope, a.any(0))))),
    ("date", func!([Str, Any], |scope, a| formatted(scope, a.bytes(0), a.any(1), "Local"))),
    ("dateInZone", func!([Str, Any, Str], |scope, a| formatted(scope, a.bytes(0), a.any(1), &a.text(2)))),
    ("dateModify", func!([Str, TimeType], |_, a| Ok(modified(a).unwrap_or_else(|_| a.any(1).clone())))),
    ("date_in_zone", func!([Str, Any, Str], |scope, a| formatted(scope, a.bytes(0), a.any(1), &a.text(2)))),
    ("date_modify", func!([Str, TimeType], |_, a| Ok(modified(a).unwrap_or_else(|_| a.any(1).clone())))),
    ("duration", func!([Any], |_, a| Ok(duration(a.any(0)).into()))),
    ("durationRound", func!([Any], |scope, a| Ok(duration_round(scope, a.any(0)).into()))),
    ("htmlDate", func!([Any], |scope, a| formatted(scope, b"2006-01-02", a.any(0), "Local"))),
    ("htmlDateInZone", func!([Any, Str], |scope, a| formatted(scope, b"2006-01-02", a.any(0), &a.text(1)))),
    ("mustDateModify", func!([Str, TimeType], |_, a| modified(a).or_else(fail))),
    ("mustToDate", func!([Str, Str], |_, a| parse(a.bytes(0), a.bytes(1), &Zone::local()).map(value).or_else(fail))),
    ("must_date_modify", func!([Str, TimeType], |_, a| modified(a).or_else(fail))),
    ("now", func!([], |scope, _| Ok(value(Time::now(clock(scope)))))),
    ("toDate", func!([Str, Str], |_, a| Ok(value(to_date(a))))),
    ("unixEpoch", func!([TimeType], |_, a| string(as_time(a.any(0)).unwrap_or_else(Time::zero).unix().to_string()))),
];

/// The time that a value holds, if it is one.
fn as_time(value: &Value) -> Option<Time> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref::<Time>().cloned(),
        _ => None,
    }
}

/// A time, or seconds since 1970.
fn given_time(value: &Value) -> Option<Time> {
    match value {
        Value::Int(seconds, IntKind::Int | IntKind::Int64 | IntKind::Int32) => {
            Some(Time::new(*seconds, 0, Zone::local()))
        }
        other => as_time(other),
    }
}

/// A date in a zone, UTC if there is none of the name; the present time for what is no date.
fn formatted(scope: &mut dyn Scope, layout: &[u8], date: &Value, zone: &str) -> Outcome {
    let time = given_time(date).unwrap_or_else(|| Time::now(clock(scope)));
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    string(time.with_zone(zone).format(layout))
}

/// How long ago something was, in whole seconds.
fn ago(scope: &mut dyn Scope, date: &Value) -> String {
    let now = Time::now(clock(scope));
    let time = match date {
        // Unlike `date`, this function does not know int32.
        Value::Int(_, IntKind::Int32) => None,
        other => given_time(other),
    };
    let age = time.map_or(0, |time| now.since(&time));
    duration_string(round_duration(age, 1_000_000_000))
}

/// A time moved by a duration.
fn modified(args: &[Value]) -> Result<Value, String> {
    let duration = parse_duration(args.bytes(0))?;
    Ok(value(as_time(args.any(1)).unwrap_or_else(Time::zero).add(duration)))
}

/// A time read from text; the zero time if it cannot be read.
fn to_date(args: &[Value]) -> Time {
    parse(args.bytes(0), args.bytes(1), &Zone::local()).unwrap_or_else(|_| Time::zero())
}

/// A number of seconds, an `int64` or a string, as a duration.
fn duration(value: &Value) -> String {
    let seconds = match value {
        Value::Int(seconds, IntKind::Int64) => *seconds,
        Value::Str(text) => match parse_int(text.as_bytes(), 10, 64) {
            Ok(seconds) => seconds,
            Err(NumError::Range) if text.as_bytes().starts_with(b"-") => i64::MIN,
            Err(NumError::Range) => i64::MAX,
            Err(NumError::Syntax) => 0,
        },
        _ => 0,
    };
    duration_string(seconds.wrapping_mul(1_000_000_000))
}

/// A duration, or the age of a time, in its biggest unit.
fn duration_round(scope: &mut dyn Scope, value: &Value) -> String {
    const SECOND: u64 = 1_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (SECOND * 86_400 * 365, "y"),
        (SECOND * 86_400 * 30, "mo"),
        (SECOND * 86_400, "d"),
        (SECOND * 3600, "h"),
        (SECOND * 60, "m"),
        (SECOND, "s"),
    ];
    let nanoseconds = match value {
        Value::Str(text) => parse_duration(text.as_bytes()).unwrap_or(0),
        Value::Int(nanoseconds, IntKind::Int64) => *nanoseconds,
        other => as_time(other).map_or(0, |time| Time::now(clock(scope)).since(&time)),
    };
    let magnitude = nanoseconds.unsigned_abs();
    let unit = UNITS.iter().find(|(size, _)| magnitude > *size);
    unit.map_or_else(|| "0s".to_owned(), |(size, name)| format!("{}{name}", magnitude / size))
}
