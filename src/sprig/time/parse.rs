//! Times read from text.

use super::calendar::{days_in, is_leap};
use super::layout::{Element, OffsetStyle, next_chunk};
use super::{Time, Zone};
use crate::gotemplate::fmt::{MONTHS, WEEK_DAYS};

/// Why an element could not be read.
enum Problem {
    /// It has another form.
    Bad,
    /// Its number is too big; which.
    Range(&'static str),
}

/// What has been read.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: u32,
    pm: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone_name: String,
}

/// Go's quoting in time errors: everything outside ASCII as bytes.
pub(super) fn quote(s: &[u8]) -> String {
    let mut out = String::from('"');
    for &byte in s {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=0x7F => out.push(char::from(byte)),
            _ => out.extend(format!("\\x{byte:02x}").chars()),
        }
    }
    out.push('"');
    out
}

/// `time.ParseInLocation`
///
/// # Errors
/// Go's text: which piece of the value does not fit which piece of the layout.
pub(in crate::sprig) fn parse(layout: &[u8], text: &[u8], zone: &Zone) -> Result<Time, String> {
    let mismatch = |piece: &[u8], element: &[u8]| {
        let (text, layout) = (quote(text), quote(layout));
        Err(format!("parsing time {text} as {layout}: cannot parse {} as {}", quote(piece), quote(element)))
    };
    let failed = |message: &str| Err(format!("parsing time {}: {message}", quote(text)));
    let mut fields = Fields::default();
    let (mut rest_layout, mut value) = (layout, text);
    loop {
        let chunk = next_chunk(rest_layout);
        value = match skip(value, chunk.prefix) {
            Ok(rest) => rest,
            Err(rest) => return mismatch(rest, chunk.prefix),
        };
        let Some(element) = chunk.element else {
            if !value.is_empty() {
                return failed(&format!("extra text: {}", quote(value)));
            }
            break;
        };
        rest_layout = chunk.suffix;
        let hold = value;
        match fields.read(element, &mut value, rest_layout) {
            Ok(()) => {}
            Err(Problem::Range(what)) => return failed(&format!("{what} out of range")),
            Err(Problem::Bad) => return mismatch(hold, chunk.text),
        }
    }
    fields.finish(zone).or_else(failed)
}

/// Skips the literal text before an element; a blank in it stands for any number of blanks. On failure, what could not be
/// matched.
fn skip<'a>(mut value: &'a [u8], mut prefix: &[u8]) -> Result<&'a [u8], &'a [u8]> {
    while let Some(&byte) = prefix.first() {
        if byte == b' ' {
            if value.first().is_some_and(|&byte| byte != b' ') {
                return Err(value);
            }
            prefix = trim_blanks(prefix);
            value = trim_blanks(value);
            continue;
        }
        if value.first() != Some(&byte) {
            return Err(value);
        }
        prefix = &prefix[1..];
        value = &value[1..];
    }
    Ok(value)
}

fn trim_blanks(s: &[u8]) -> &[u8] {
    &s[s.iter().take_while(|&&byte| byte == b' ').count()..]
}

/// One or two digits, exactly two if `fixed`.
fn digits(value: &mut &[u8], fixed: bool) -> Result<i64, Problem> {
    let digit = |index: usize| value.get(index).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'));
    let first = digit(0).ok_or(Problem::Bad)?;
    match digit(1) {
        Some(second) => {
            *value = &value[2..];
            Ok(first * 10 + second)
        }
        None if fixed => Err(Problem::Bad),
        None => {
            *value = &value[1..];
            Ok(first)
        }
    }
}

/// A number that must be below a limit.
fn limited(number: i64, limit: i64, what: &'static str) -> Result<i64, Problem> {
    if number < limit { Ok(number) } else { Err(Problem::Range(what)) }
}

fn take<'a>(value: &mut &'a [u8], length: usize) -> Result<&'a [u8], Problem> {
    if value.len() < length {
        return Err(Problem::Bad);
    }
    let (head, tail) = value.split_at(length);
    *value = tail;
    Ok(head)
}

/// `strconv.Atoi` of a short piece.
fn atoi(piece: &[u8]) -> Result<i64, Problem> {
    std::str::from_utf8(piece).ok().and_then(|text| text.parse().ok()).ok_or(Problem::Bad)
}

/// The index of the name that the value starts with, in any case; names are cut to `length` letters.
fn name(value: &mut &[u8], names: &[&str], length: usize) -> Result<i64, Problem> {
    for (index, name) in names.iter().enumerate() {
        let name = &name.as_bytes()[..name.len().min(length)];
        if value.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            *value = &value[name.len()..];
            return Ok(index as i64);
        }
    }
    Err(Problem::Bad)
}

/// A fraction of a second: a separator and digits, `length` bytes in all.
fn nanoseconds(piece: &[u8]) -> Result<u32, Problem> {
    if !matches!(piece.first(), Some(b'.' | b',')) {
        return Err(Problem::Bad);
    }
    let digits = &piece[1..piece.len().min(10)];
    let number = atoi(digits)?;
    let number = u32::try_from(number).map_err(|_| Problem::Range("fractional second"))?;
    Ok(number * 10u32.pow(9 - digits.len() as u32))
}

impl Fields {
    /// Reads an element from the start of the value; `next` is the layout after it.
    fn read(&mut self, element: Element, value: &mut &[u8], next: &[u8]) -> Result<(), Problem> {
        match element {
            Element::Year => {
                let year = atoi(take(value, 2)?)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Element::LongYear => {
                if value.len() < 4 || !value[0].is_ascii_digit() {
                    return Err(Problem::Bad);
                }
                self.year = atoi(take(value, 4)?)?;
            }
            Element::Month => self.month = Some(name(value, &MONTHS, 3)? + 1),
            Element::LongMonth => self.month = Some(name(value, &MONTHS, 9)? + 1),
            Element::NumMonth | Element::ZeroMonth => {
                let month = digits(value, element == Element::ZeroMonth)?;
                if !(1..=12).contains(&month) {
                    return Err(Problem::Range("month"));
                }
                self.month = Some(month);
            }
            Element::WeekDay => drop(name(value, &WEEK_DAYS, 3)?),
            Element::LongWeekDay => drop(name(value, &WEEK_DAYS, 9)?),
            Element::Day | Element::UnderDay | Element::ZeroDay => {
                if element == Element::UnderDay {
                    *value = value.strip_prefix(b" ").unwrap_or(value);
                }
                self.day = Some(digits(value, element == Element::ZeroDay)?);
            }
            Element::UnderYearDay | Element::ZeroYearDay => self.year_day = Some(year_day(value, element)?),
            Element::Hour => self.hour = limited(digits(value, false)?, 24, "hour")?,
            Element::Hour12 | Element::ZeroHour12 => {
                self.hour = limited(digits(value, element == Element::ZeroHour12)?, 13, "hour")?;
            }
            Element::Minute | Element::ZeroMinute => {
                self.minute = limited(digits(value, element == Element::ZeroMinute)?, 60, "minute")?;
            }
            Element::Second | Element::ZeroSecond => {
                self.second = limited(digits(value, element == Element::ZeroSecond)?, 60, "second")?;
                // A fraction may follow even if the layout does not ask for one.
                let follows =
                    matches!(value.first(), Some(b'.' | b',')) && value.get(1).is_some_and(u8::is_ascii_digit);
                if follows && !matches!(next_chunk(next).element, Some(Element::Fraction { .. })) {
                    let length = 1 + value[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    self.nanoseconds = nanoseconds(take(value, length)?)?;
                }
            }
            Element::UpperPm | Element::LowerPm => {
                let (am, pm) = if element == Element::UpperPm { (b"AM", b"PM") } else { (b"am", b"pm") };
                let piece = take(value, 2)?;
                self.pm = Some(match piece {
                    _ if piece == pm => true,
                    _ if piece == am => false,
                    _ => return Err(Problem::Bad),
                });
            }
            Element::Offset { utc_as_z: true, .. } if value.starts_with(b"Z") => {
                *value = &value[1..];
                self.utc = true;
            }
            Element::Offset { style, .. } => self.offset = Some(offset(value, style)?),
            Element::ZoneName if value.starts_with(b"UTC") => {
                *value = &value[3..];
                self.utc = true;
            }
            Element::ZoneName => {
                let length = zone_name_length(value).ok_or(Problem::Bad)?;
                self.zone_name = String::from_utf8_lossy(take(value, length)?).into_owned();
            }
            Element::Fraction { trim: false, digits, .. } => self.nanoseconds = nanoseconds(take(value, 1 + digits)?)?,
            Element::Fraction { trim: true, .. } => {
                if matches!(value.first(), Some(b'.' | b',')) && value.get(1).is_some_and(u8::is_ascii_digit) {
                    let length = 1 + value[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    self.nanoseconds = nanoseconds(take(value, length)?)?;
                }
            }
        }
        Ok(())
    }

    /// Checks what belongs together and puts it together.
    fn finish(mut self, zone: &Zone) -> Result<Time, &'static str> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > days_in(month, self.year) {
            return Err("day out of range");
        }
        let at = |zone: Zone| {
            let of_day = self.hour * 3600 + self.minute * 60 + self.second;
            Time::from_civil((self.year, month, day), of_day, self.nanoseconds, zone)
        };
        if self.utc {
            return Ok(at(Zone::Utc));
        }
        let shifted = |offset: i64, zone: Zone| {
            let time = at(Zone::Utc);
            Time::new(time.seconds - offset, time.nanoseconds, zone)
        };
        if let Some(offset) = self.offset {
            let time = shifted(offset, zone.clone());
            let observed = zone.at(time.seconds);
            let agrees = self.zone_name.is_empty() || self.zone_name == observed.abbreviation;
            let known = observed.offset == offset && agrees;
            return Ok(if known { time } else { time.with_zone(Zone::Fixed(self.zone_name, offset)) });
        }
        if !self.zone_name.is_empty() {
            if let Some(offset) = zone.offset_of(&self.zone_name, at(Zone::Utc).seconds) {
                return Ok(shifted(offset, zone.clone()));
            }
            let hours = self.zone_name.strip_prefix("GMT").and_then(|hours| hours.parse::<i64>().ok()).unwrap_or(0);
            return Ok(shifted(hours * 3600, Zone::Fixed(self.zone_name.clone(), hours * 3600)));
        }
        Ok(at(zone.clone()))
    }

    fn month_and_day(&self) -> Result<(i64, i64), &'static str> {
        let Some(year_day) = self.year_day else { return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1))) };
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err("day-of-year out of range");
        }
        let (mut month, mut day) = (1, year_day);
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        if self.month.is_some_and(|own| own != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|own| own != day) {
            return Err("day-of-year does not match day");
        }
        Ok((month, day))
    }
}

/// Three digits, or fewer after blanks.
fn year_day(value: &mut &[u8], element: Element) -> Result<i64, Problem> {
    let fixed = element == Element::ZeroYearDay;
    if !fixed {
        for _ in 0..2 {
            *value = value.strip_prefix(b" ").unwrap_or(value);
        }
    }
    let length = value.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || fixed && length != 3 {
        return Err(Problem::Bad);
    }
    atoi(take(value, length)?)
}

fn offset(value: &mut &[u8], style: OffsetStyle) -> Result<i64, Problem> {
    // Where in the piece minutes and seconds are.
    let (length, colons, starts): (usize, &[usize], &[usize]) = match style {
        OffsetStyle::Hours => (3, &[], &[]),
        OffsetStyle::Minutes => (5, &[], &[3]),
        OffsetStyle::Seconds => (7, &[], &[3, 5]),
        OffsetStyle::ColonMinutes => (6, &[3], &[4]),
        OffsetStyle::ColonSeconds => (9, &[3, 6], &[4, 7]),
    };
    if value.len() < length || colons.iter().any(|&colon| value[colon] != b':') {
        return Err(Problem::Bad);
    }
    let piece = take(value, length)?;
    let limits = [(24, "time zone offset hour"), (60, "time zone offset minute"), (60, "time zone offset second")];
    let (mut offset, mut problem) = (0, None);
    for (index, (limit, what)) in limits.into_iter().enumerate() {
        let number = match index.checked_sub(1).map_or(Some(&1), |index| starts.get(index)) {
            Some(&start) => match digits(&mut &piece[start..start + 2], true) {
                Ok(number) => number,
                Err(bad) => return Err(problem.unwrap_or(bad)),
            },
            None => 0,
        };
        if number > limit {
            problem = Some(Problem::Range(what));
        }
        offset = offset * 60 + number;
    }
    match (problem, piece[0]) {
        (Some(problem), _) => Err(problem),
        (None, b'+') => Ok(offset),
        (None, b'-') => Ok(-offset),
        (None, _) => Err(Problem::Bad),
    }
}

/// How much of a value is the abbreviation of a zone.
fn zone_name_length(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix(b"GMT") {
        return Some(3 + signed_offset_length(rest));
    }
    if matches!(value[0], b'+' | b'-') {
        return Some(signed_offset_length(value)).filter(|&length| length > 0);
    }
    let capitals = value.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    match capitals {
        3 => Some(3),
        4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
        5 if value[4] == b'T' => Some(5),
        _ => None,
    }
}

/// The length of a sign and at most 23 hours; 0 for anything else.
fn signed_offset_length(value: &[u8]) -> usize {
    if !matches!(value.first(), Some(b'+' | b'-')) {
        return 0;
    }
    let length = value[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    match atoi(&value[1..=length]) {
        Ok(hours) if length > 0 && hours <= 23 => 1 + length,
        _ => 0,
    }
}
