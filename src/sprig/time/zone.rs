//! Time zones: Go's `time.Location`.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time zone.
#[derive(Clone)]
pub(in crate::sprig) enum Zone {
    /// UTC
    Utc,
    /// A zone of the time zone database, under the name that it was asked for.
    Named(TimeZone),
    /// A fixed offset in seconds east of UTC, perhaps with an abbreviation.
    Fixed(String, i64),
}

/// What holds in a zone at an instant.
pub(in crate::sprig) struct Observed {
    /// `CET`; empty for a fixed offset without name.
    pub abbreviation: String,
    /// Seconds east of UTC.
    pub offset: i64,
    /// Whether it is daylight saving time.
    pub dst: bool,
}

impl Zone {
    /// The zone of the machine.
    pub(in crate::sprig) fn local() -> Self {
        let zone = TimeZone::system();
        if zone.is_unknown() || zone.iana_name() == Some("UTC") { Self::Utc } else { Self::Named(zone) }
    }

    /// `time.LoadLocation`: "" and "UTC", "Local", or a name of the database spelled exactly.
    pub(in crate::sprig) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(Self::local()),
            _ => TimeZone::get(name).ok().filter(|zone| zone.iana_name() == Some(name)).map(Self::Named),
        }
    }

    /// Abbreviation and offset at an instant, given in seconds since 1970.
    pub(in crate::sprig) fn at(&self, seconds: i64) -> Observed {
        match self {
            Self::Utc => Observed { abbreviation: "UTC".into(), offset: 0, dst: false },
            Self::Fixed(abbreviation, offset) => {
                Observed { abbreviation: abbreviation.clone(), offset: *offset, dst: false }
            }
            Self::Named(zone) => {
                // Beyond the years that the database library knows the rules of its last year hold.
                let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
                let timestamp = Timestamp::from_second(seconds).unwrap_or_default();
                let info = zone.to_offset_info(timestamp);
                Observed {
                    abbreviation: info.abbreviation().to_owned(),
                    offset: info.offset().seconds().into(),
                    dst: info.dst().is_dst(),
                }
            }
        }
    }

    /// The offset that an abbreviation means in this zone for a clock that shows `local`: one that holds then or, failing that,
    /// the first in history.
    pub(in crate::sprig) fn offset_of(&self, abbreviation: &str, local: i64) -> Option<i64> {
        // After this year zones only repeat their rules.
        const YEAR_2038: i64 = 2_145_916_800;
        let Self::Named(zone) = self else { return None };
        let end = Timestamp::from_second(YEAR_2038).unwrap_or_default();
        let mut offsets: Vec<i64> = zone
            .preceding(end)
            .filter(|transition| transition.abbreviation() == abbreviation)
            .map(|transition| transition.offset().seconds().into())
            .collect();
        // What held before the first transition.
        let first = self.at(i64::MIN);
        offsets.extend((first.abbreviation == abbreviation).then_some(first.offset));
        offsets.reverse();
        let holds = |offset: &&i64| self.at(local - **offset).abbreviation == abbreviation;
        match offsets.iter().find(holds) {
            Some(offset) => Some(self.at(local - offset).offset),
            None => offsets.first().copied(),
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Utc, Self::Utc) => true,
            (Self::Named(a), Self::Named(b)) => a == b,
            (Self::Fixed(a, a_offset), Self::Fixed(b, b_offset)) => a == b && a_offset == b_offset,
            _ => false,
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utc => f.write_str("UTC"),
            Self::Named(zone) => f.write_str(zone.iana_name().unwrap_or("Local")),
            Self::Fixed(name, offset) => write!(f, "{name}{offset:+}"),
        }
    }
}
