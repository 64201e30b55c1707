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
        let mut rest = normal.as_bytes();
        let mut this =
            Self { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0, zone: Zone::LocalTime };
        if rest.get(2) == Some(&b':') {
            this.time(&mut rest)?;
            return rest.is_empty().then_some(this);
        }
        this.date(&mut rest)?;
        this.zone = Zone::LocalDate;
        if rest.is_empty() {
            return Some(this);
        }
        expect(&mut rest, b"T")?;
        this.time(&mut rest)?;
        this.zone = zone(&mut rest)?;
        rest.is_empty().then_some(this)
    }

    fn date(&mut self, rest: &mut &[u8]) -> Option<()> {
        self.year = (two_digits(rest)? * 100 + two_digits(rest)?) as i32;
        expect(rest, b"-")?;
        self.month = two_digits(rest)?;
        expect(rest, b"-")?;
        self.day = two_digits(rest)?;
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        (1..=days).contains(&self.day).then_some(())
    }

    /// Hours, minutes, and seconds with a fraction if they are there.
    fn time(&mut self, rest: &mut &[u8]) -> Option<()> {
        self.hour = two_digits(rest).filter(|h| *h < 24)?;
        expect(rest, b":")?;
        self.minute = two_digits(rest).filter(|m| *m < 60)?;
        if expect(rest, b":").is_none() {
            return Some(());
        }
        self.second = two_digits(rest).filter(|s| *s < 60)?;
        if let [b'.' | b',', fraction @ ..] = *rest {
            let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if count == 0 {
                return None;
            }
            let nanoseconds = fraction[..count].iter().chain(b"000000000").take(9);
            self.nanosecond = nanoseconds.fold(0, |n, d| n * 10 + u32::from(d - b'0'));
            *rest = &fraction[count..];
        }
        Some(())
    }
}

/// What follows a date and time.
fn zone(rest: &mut &[u8]) -> Option<Zone> {
    let east = match rest.first() {
        None => return Some(Zone::LocalDateTime),
        Some(b'Z') => {
            *rest = &rest[1..];
            return Some(Zone::Utc);
        }
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    *rest = &rest[1..];
    let hours = two_digits(rest).filter(|h| *h <= 24)?;
    expect(rest, b":")?;
    let minutes = two_digits(rest).filter(|m| *m <= 60)?;
    Some(Zone::Offset(east * (hours * 3600 + minutes * 60) as i32))
}

fn expect(rest: &mut &[u8], text: &[u8]) -> Option<()> {
    *rest = rest.strip_prefix(text)?;
    Some(())
}

fn two_digits(rest: &mut &[u8]) -> Option<u32> {
    match *rest {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', tail @ ..] => {
            *rest = tail;
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    }
}
