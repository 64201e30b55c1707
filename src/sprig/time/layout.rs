//! Go's layouts: a format is written as the reference time `Mon Jan 2 15:04:05 MST 2006` looks in it.

/// An element of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    /// The abbreviation of the zone.
    ZoneName,
    /// The offset of the zone; with `utc_as_z`, UTC is written `Z`.
    Offset {
        utc_as_z: bool,
        style: OffsetStyle,
    },
    /// A fraction of a second after a separator; `trim` cuts zeros at its end.
    Fraction {
        trim: bool,
        digits: usize,
        separator: u8,
    },
}

/// How an offset is written, after its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetStyle {
    /// `070000`
    Seconds,
    /// `07:00:00`
    ColonSeconds,
    /// `0700`
    Minutes,
    /// `07:00`
    ColonMinutes,
    /// `07`
    Hours,
}

/// The first element of a layout.
pub(super) struct Chunk<'a> {
    /// Literal text before the element.
    pub prefix: &'a [u8],
    /// The element; `None` if there is none, then everything is prefix.
    pub element: Option<Element>,
    /// The element as it is written in the layout.
    pub text: &'a [u8],
    /// What follows it.
    pub suffix: &'a [u8],
}

/// Splits a layout at its first element.
pub(super) fn next_chunk(layout: &[u8]) -> Chunk<'_> {
    for at in 0..layout.len() {
        if let Some((element, skipped, length)) = element_at(&layout[at..]) {
            let start = at + skipped;
            return Chunk {
                prefix: &layout[..start],
                element: Some(element),
                text: &layout[start..at + length],
                suffix: &layout[at + length..],
            };
        }
    }
    Chunk { prefix: layout, element: None, text: b"", suffix: b"" }
}

/// The element at the start of a text, how many bytes before it are literal, and where it ends.
fn element_at(s: &[u8]) -> Option<(Element, usize, usize)> {
    use Element as E;
    let plain = |element, length| Some((element, 0, length));
    let lower_follows = || s.get(3).is_some_and(u8::is_ascii_lowercase);
    match s[0] {
        b'J' if s.starts_with(b"January") => plain(E::LongMonth, 7),
        b'J' if s.starts_with(b"Jan") && !lower_follows() => plain(E::Month, 3),
        b'M' if s.starts_with(b"Monday") => plain(E::LongWeekDay, 6),
        b'M' if s.starts_with(b"Mon") && !lower_follows() => plain(E::WeekDay, 3),
        b'M' if s.starts_with(b"MST") => plain(E::ZoneName, 3),
        b'0' => match s.get(1)? {
            b'1' => plain(E::ZeroMonth, 2),
            b'2' => plain(E::ZeroDay, 2),
            b'3' => plain(E::ZeroHour12, 2),
            b'4' => plain(E::ZeroMinute, 2),
            b'5' => plain(E::ZeroSecond, 2),
            b'6' => plain(E::Year, 2),
            b'0' if s.get(2) == Some(&b'2') => plain(E::ZeroYearDay, 3),
            _ => None,
        },
        b'1' if s.get(1) == Some(&b'5') => plain(E::Hour, 2),
        b'1' => plain(E::NumMonth, 1),
        b'2' if s.starts_with(b"2006") => plain(E::LongYear, 4),
        b'2' => plain(E::Day, 1),
        // The underscore before a year is literal.
        b'_' if s.starts_with(b"_2006") => Some((E::LongYear, 1, 5)),
        b'_' if s.starts_with(b"_2") => plain(E::UnderDay, 2),
        b'_' if s.starts_with(b"__2") => plain(E::UnderYearDay, 3),
        b'3' => plain(E::Hour12, 1),
        b'4' => plain(E::Minute, 1),
        b'5' => plain(E::Second, 1),
        b'P' if s.starts_with(b"PM") => plain(E::UpperPm, 2),
        b'p' if s.starts_with(b"pm") => plain(E::LowerPm, 2),
        sign @ (b'-' | b'Z') => {
            const STYLES: [(&[u8], OffsetStyle); 5] = [
                (b"070000", OffsetStyle::Seconds),
                (b"07:00:00", OffsetStyle::ColonSeconds),
                (b"0700", OffsetStyle::Minutes),
                (b"07:00", OffsetStyle::ColonMinutes),
                (b"07", OffsetStyle::Hours),
            ];
            let (text, style) = STYLES.iter().find(|(text, _)| s[1..].starts_with(text))?;
            plain(E::Offset { utc_as_z: sign == b'Z', style: *style }, 1 + text.len())
        }
        separator @ (b'.' | b',') => {
            let digit = *s.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
            let digits = s[1..].iter().take_while(|&&byte| byte == digit).count();
            let more = s.get(1 + digits).is_some_and(u8::is_ascii_digit);
            (!more).then_some((E::Fraction { trim: digit == b'9', digits, separator }, 0, 1 + digits))
        }
        _ => None,
    }
}
