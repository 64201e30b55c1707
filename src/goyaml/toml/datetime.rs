//! Dates and times of TOML 1.1.

/// A date and time as it is written. What is not written is zero, the month and day 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// Year, 0 to 9999.
    pub year: i32,
    /// Month from 1.
    pub month: u32,
    /// Day from 1.
    pub day: u32,
    /// Hour.
    pub hour: u32,
    /// Minute.
    pub minute: u32,
    /// Second.
    pub second: u32,
    /// Nanosecond.
    pub nanosecond: u32,
    /// What the time refers to.
    pub zone: Zone,
}

/// What a time refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `Z`
    Utc,
    /// An offset east of UTC in seconds.
    Offset(i32),
    /// A date and time without offset; Go calls the location `datetime-local`.
    LocalDateTime,
    /// A date alone; Go calls the location `date-local`.
    LocalDate,
    /// A time alone; Go calls the location `time-local`.
    LocalTime,
}

impl DateTime {
    /// Reads any of TOML's forms: `T`, `t` or one space between date and time, `Z` or `z`, seconds optional.
    pub fn parse(text: &str) -> Option<Self> {
        let normal = text.replace('z', "Z").replace(['t', ' '], "T");
        let s = normal.as_bytes();
        let mut this =
            Self { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0, zone: Zone::LocalTime };
        if s.get(2) == Some(&b':') {
            return this.time(s)?.is_empty().then_some(this);
        }
        let [a, b, c, d, b'-', e, f, b'-', g, h, rest @ ..] = s else { return None };
        this.year = (digits(&[*a, *b])? * 100 + digits(&[*c, *d])?) as i32;
        this.month = digits(&[*e, *f])?;
        this.day = digits(&[*g, *h])?;
        let leap = this.year % 4 == 0 && (this.year % 100 != 0 || this.year % 400 == 0);
        let days = match this.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        if !(1..=days).contains(&this.day) {
            return None;
        }
        this.zone = Zone::LocalDate;
        if rest.is_empty() {
            return Some(this);
        }
        let rest = this.time(rest.strip_prefix(b"T")?)?;
        this.zone = match rest {
            [] => Zone::LocalDateTime,
            b"Z" => Zone::Utc,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
                if hours > 24 || minutes > 60 {
                    return None;
                }
                let seconds = (hours * 3600 + minutes * 60) as i32;
                Zone::Offset(if *sign == b'-' { -seconds } else { seconds })
            }
            _ => return None,
        };
        Some(this)
    }

    /// Hours, minutes, and seconds with a fraction if they are there; gives the rest.
    fn time<'a>(&mut self, s: &'a [u8]) -> Option<&'a [u8]> {
        let [a, b, b':', c, d, rest @ ..] = s else { return None };
        self.hour = digits(&[*a, *b]).filter(|h| *h < 24)?;
        self.minute = digits(&[*c, *d]).filter(|m| *m < 60)?;
        let [b':', e, f, rest @ ..] = rest else { return Some(rest) };
        self.second = digits(&[*e, *f]).filter(|s| *s < 60)?;
        let [b'.' | b',', fraction @ ..] = rest else { return Some(rest) };
        let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        let nanoseconds = fraction[..count].iter().chain(b"000000000").take(9);
        self.nanosecond = nanoseconds.fold(0, |n, d| n * 10 + u32::from(d - b'0'));
        Some(&fraction[count..])
    }
}

/// Two digits.
fn digits(pair: &[u8; 2]) -> Option<u32> {
    pair.iter().all(u8::is_ascii_digit).then(|| u32::from(pair[0] - b'0') * 10 + u32::from(pair[1] - b'0'))
}
