//! Go's `time` package, as far as templates reach it.

mod calendar;
mod duration;
mod format;
mod layout;
mod object;
mod parse;
mod zone;

pub(super) use crate::gotemplate::fmt::round_duration;
pub(super) use duration::parse_duration;
pub(super) use object::value;
pub(super) use parse::parse;
pub(super) use zone::Zone;

use calendar::{civil_from_days, days_from_civil};

/// Go's `time.Time`: an instant and the zone to show it in.
#[derive(Clone, Debug)]
pub struct Time {
    /// Seconds since 1970 in UTC.
    seconds: i64,
    /// Nanoseconds within the second.
    nanoseconds: u32,
    zone: Zone,
    /// Nanoseconds since the start of the process, of a time that the system's clock gave: only its text shows them.
    monotonic: Option<u64>,
}

/// What a date and time that is written somewhere refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// UTC, said so.
    Utc,
    /// An offset in seconds east of UTC.
    Offset(i64),
    /// The present offset of the machine's own zone, under a name: Go's library for TOML tells by it how a time was written.
    Local(&'static str),
}

/// An instant as calendar and clock show it in its zone.
pub(super) struct Civil {
    /// The year; 0 is the year before 1.
    pub year: i64,
    /// From 1 to 12.
    pub month: i64,
    /// From 1 to 31.
    pub day: i64,
    /// From 1 to 366.
    pub year_day: i64,
    /// From 0, Sunday, to 6.
    pub week_day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

const SECONDS_PER_DAY: i64 = 86_400;

/// Seconds from 1 January of the year 1 to 1970.
const YEAR_ONE: i64 = -62_135_596_800;

impl Time {
    /// An instant: seconds since 1970 and nanoseconds, in a zone.
    pub(super) fn new(seconds: i64, nanoseconds: u32, zone: Zone) -> Self {
        Self { seconds, nanoseconds, zone, monotonic: None }
    }

    /// Go's zero time, 1 January of the year 1 in UTC.
    pub(super) fn zero() -> Self {
        Self::new(YEAR_ONE, 0, Zone::Utc)
    }

    /// The present time of a clock, in the local zone.
    pub(super) fn now(clock: super::Clock) -> Self {
        let (seconds, nanoseconds) = clock.now();
        let monotonic = match clock {
            super::Clock::System => Some(since_start()),
            super::Clock::Fixed { .. } => None,
        };
        Self { seconds, nanoseconds, zone: Zone::local(), monotonic }
    }

    /// `time.Date`: the instant at which the clocks of a zone show this; numbers out of range run over.
    fn from_civil(date: (i64, i64, i64), seconds_of_day: i64, nanoseconds: u32, zone: Zone) -> Self {
        let (year, month, day) = date;
        let local = days_from_civil(year, month, 1) * SECONDS_PER_DAY + (day - 1) * SECONDS_PER_DAY + seconds_of_day;
        let guess = zone.at(local).offset;
        let offset = if guess == 0 { 0 } else { zone.at(local - guess).offset };
        Self::new(local - offset, nanoseconds, zone)
    }

    /// The time of a date (year, month, day) and clock that are written somewhere, as Go's `time.ParseInLocation` makes it with
    /// the machine's own zone: that is shown if it has the offset that is written.
    pub fn written(date: (i64, i64, i64), seconds_of_day: i64, nanoseconds: u32, place: Place) -> Self {
        match place {
            Place::Utc => Self::from_civil(date, seconds_of_day, nanoseconds, Zone::Utc),
            Place::Offset(offset) => {
                let fixed = Zone::Fixed(String::new(), offset);
                let time = Self::from_civil(date, seconds_of_day, nanoseconds, fixed);
                let local = Zone::local();
                if local.at(time.seconds).offset == offset { time.with_zone(local) } else { time }
            }
            Place::Local(name) => {
                let (now, _) = super::Clock::System.now();
                let fixed = Zone::Fixed(name.to_owned(), Zone::local().at(now).offset);
                Self::from_civil(date, seconds_of_day, nanoseconds, fixed)
            }
        }
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> i64 {
        self.seconds
    }

    /// The same instant shown in another zone.
    pub(super) fn with_zone(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// The instant a number of nanoseconds later.
    pub(super) fn add(&self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanoseconds) + nanoseconds % 1_000_000_000;
        Self {
            seconds: self
                .seconds
                .wrapping_add(nanoseconds / 1_000_000_000)
                .wrapping_add(total.div_euclid(1_000_000_000)),
            nanoseconds: total.rem_euclid(1_000_000_000) as u32,
            monotonic: self.monotonic.map(|own| own.saturating_add_signed(nanoseconds)),
            zone: self.zone.clone(),
        }
    }

    /// Nanoseconds from another instant to this one, at most what a duration can hold.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let nanoseconds = seconds * 1_000_000_000 + i128::from(self.nanoseconds) - i128::from(other.nanoseconds);
        nanoseconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// Calendar and clock in the time's zone.
    pub(super) fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(self.zone.at(self.seconds).offset);
        let days = local.div_euclid(SECONDS_PER_DAY);
        let of_day = local.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            year_day: days - days_from_civil(year, 1, 1) + 1,
            // 1 January 1970 was a Thursday.
            week_day: (days + 4).rem_euclid(7),
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

/// Nanoseconds since the first time that was asked for.
fn since_start() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
