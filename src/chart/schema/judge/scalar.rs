//! The keywords of texts and numbers.

use std::borrow::Cow;

use boon::ErrorKind;
use serde_json::{Number, Value as Json};

use super::super::decimal::{self, Decimal};
use super::meeting::Meeting;
use super::{Failure, Keywords, count};
use crate::sprig::check;

pub(super) fn string(meeting: &Meeting<'_, '_, '_>, keywords: &Keywords, text: &str, failures: &mut Vec<Failure>) {
    let length = || text.chars().count();
    if let Some(want) = count(keywords, "minLength").filter(|want| length() < *want) {
        failures.push(meeting.finding(|| ErrorKind::MinLength { got: length(), want }));
    }
    if let Some(want) = count(keywords, "maxLength").filter(|want| length() > *want) {
        failures.push(meeting.finding(|| ErrorKind::MaxLength { got: length(), want }));
    }
    if let Some(want) = keywords.get("pattern").and_then(Json::as_str)
        && !check::matches(want, text).unwrap_or(false)
    {
        failures.push(meeting.finding(|| ErrorKind::Pattern { got: Cow::Borrowed(text), want }));
    }
}

pub(super) fn number<'s>(
    meeting: &Meeting<'_, '_, '_>,
    keywords: &'s Keywords,
    number: &Number,
    failures: &mut Vec<Failure>,
) {
    let bound = |keyword: &str| keywords.get(keyword).and_then(Json::as_number);
    // Draft 4 says of a bound that the number itself is outside.
    let exclusive = |keyword: &str, inclusive: &str| match keywords.get(keyword) {
        Some(Json::Bool(true)) => (None, bound(inclusive)),
        _ => (bound(inclusive), bound(keyword)),
    };
    let (minimum, above) = exclusive("exclusiveMinimum", "minimum");
    let (maximum, below) = exclusive("exclusiveMaximum", "maximum");
    let outside = |bound: Option<&'s Number>, holds: fn(std::cmp::Ordering) -> bool| {
        bound.filter(|bound| !holds(decimal::compare(number, bound)))
    };
    let got = || Cow::Borrowed(number);
    if let Some(want) = outside(minimum, std::cmp::Ordering::is_ge) {
        failures.push(meeting.finding(|| ErrorKind::Minimum { got: got(), want }));
    }
    if let Some(want) = outside(maximum, std::cmp::Ordering::is_le) {
        failures.push(meeting.finding(|| ErrorKind::Maximum { got: got(), want }));
    }
    if let Some(want) = outside(above, std::cmp::Ordering::is_gt) {
        failures.push(meeting.finding(|| ErrorKind::ExclusiveMinimum { got: got(), want }));
    }
    if let Some(want) = outside(below, std::cmp::Ordering::is_lt) {
        failures.push(meeting.finding(|| ErrorKind::ExclusiveMaximum { got: got(), want }));
    }
    if let Some(want) = bound("multipleOf")
        && !Decimal::of(number).is_multiple_of(&Decimal::of(want))
    {
        failures.push(meeting.finding(|| ErrorKind::MultipleOf { got: got(), want }));
    }
}
