//! Times as text.

use super::Time;
use super::layout::{Element, OffsetStyle, next_chunk};
use crate::gotemplate::fmt::{MONTHS, WEEK_DAYS};

impl Time {
    /// `Time.Format`
    pub(in crate::sprig) fn format(&self, layout: &[u8]) -> Vec<u8> {
        let civil = self.civil();
        let zone = self.zone.at(self.seconds);
        let mut out = Vec::with_capacity(layout.len() + 16);
        let mut rest = layout;
        loop {
            let chunk = next_chunk(rest);
            out.extend_from_slice(chunk.prefix);
            let Some(element) = chunk.element else { return out };
            rest = chunk.suffix;
            let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
            let month = MONTHS[(civil.month - 1) as usize];
            let week_day = WEEK_DAYS[civil.week_day as usize];
            match element {
                Element::LongMonth => out.extend_from_slice(month.as_bytes()),
                Element::Month => out.extend_from_slice(&month.as_bytes()[..3]),
                Element::NumMonth => number(&mut out, civil.month, 0),
                Element::ZeroMonth => number(&mut out, civil.month, 2),
                Element::LongWeekDay => out.extend_from_slice(week_day.as_bytes()),
                Element::WeekDay => out.extend_from_slice(&week_day.as_bytes()[..3]),
                Element::Day => number(&mut out, civil.day, 0),
                Element::UnderDay => out.extend(format!("{:2}", civil.day).bytes()),
                Element::ZeroDay => number(&mut out, civil.day, 2),
                Element::UnderYearDay => out.extend(format!("{:3}", civil.year_day).bytes()),
                Element::ZeroYearDay => number(&mut out, civil.year_day, 3),
                Element::Hour => number(&mut out, civil.hour, 2),
                Element::Hour12 => number(&mut out, hour12, 0),
                Element::ZeroHour12 => number(&mut out, hour12, 2),
                Element::Minute => number(&mut out, civil.minute, 0),
                Element::ZeroMinute => number(&mut out, civil.minute, 2),
                Element::Second => number(&mut out, civil.second, 0),
                Element::ZeroSecond => number(&mut out, civil.second, 2),
                Element::LongYear => number(&mut out, civil.year, 4),
                Element::Year => number(&mut out, civil.year.abs() % 100, 2),
                Element::UpperPm => out.extend_from_slice(if civil.hour >= 12 { b"PM" } else { b"AM" }),
                Element::LowerPm => out.extend_from_slice(if civil.hour >= 12 { b"pm" } else { b"am" }),
                Element::ZoneName if zone.abbreviation.is_empty() => {
                    offset(&mut out, zone.offset, OffsetStyle::Minutes);
                }
                Element::ZoneName => out.extend_from_slice(zone.abbreviation.as_bytes()),
                Element::Offset { utc_as_z: true, .. } if zone.offset == 0 => out.push(b'Z'),
                Element::Offset { style, .. } => offset(&mut out, zone.offset, style),
                Element::Fraction { trim, digits, separator } => {
                    fraction(&mut out, self.nanoseconds, trim, digits, separator);
                }
            }
        }
    }

    /// `Time.String`, which is what `%v` prints.
    pub(super) fn text(&self) -> String {
        let mut text = self.format(b"2006-01-02 15:04:05.999999999 -0700 MST");
        if let Some(nanoseconds) = self.monotonic {
            let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
            text.extend(format!(" m=+{seconds}.{rest:09}").bytes());
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn number(out: &mut Vec<u8>, number: i64, width: usize) {
    if number < 0 {
        out.push(b'-');
    }
    out.extend(format!("{:0width$}", number.unsigned_abs()).bytes());
}

fn offset(out: &mut Vec<u8>, offset: i64, style: OffsetStyle) {
    // The sign is that of the whole minutes.
    let minutes = offset / 60;
    out.push(if minutes < 0 { b'-' } else { b'+' });
    let seconds = if minutes < 0 { -offset } else { offset } % 60;
    let minutes = minutes.abs();
    number(out, minutes / 60, 2);
    let colon = matches!(style, OffsetStyle::ColonMinutes | OffsetStyle::ColonSeconds);
    if style == OffsetStyle::Hours {
        return;
    }
    if colon {
        out.push(b':');
    }
    number(out, minutes % 60, 2);
    if matches!(style, OffsetStyle::Seconds | OffsetStyle::ColonSeconds) {
        if colon {
            out.push(b':');
        }
        number(out, seconds, 2);
    }
}

fn fraction(out: &mut Vec<u8>, nanoseconds: u32, trim: bool, digits: usize, separator: u8) {
    let text = format!("{nanoseconds:09}");
    let text = &text[..digits.min(9)];
    let text = if trim { text.trim_end_matches('0') } else { text };
    if !text.is_empty() {
        out.push(separator);
        out.extend_from_slice(text.as_bytes());
    }
}
