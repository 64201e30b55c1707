//! Times as Go writes and prints them.

use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A time of a record: RFC 3339 text, kept as it was read so that a record comes back unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(#[serde(deserialize_with = "null_is_zero")] String);

fn null_is_zero<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or_default())
}

impl Time {
    /// A moment, in UTC, as Go's JSON writes it.
    pub fn at(moment: Timestamp) -> Self {
        Self(moment.to_string())
    }

    /// Go's zero time, or none at all.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty() || self.0.starts_with("0001-01-01T00:00:00")
    }

    /// As it stands in the record.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment; `None` for the zero time and for what is no time.
    pub fn timestamp(&self) -> Option<Timestamp> {
        if self.is_zero() { None } else { self.0.parse().ok() }
    }

    /// As Go's `Time.String()` prints it: `2026-01-02 03:04:05.123456 +0000 UTC`.
    pub fn go_string(&self) -> String {
        let Some((date, clock, zone)) = self.parts() else { return "0001-01-01 00:00:00 +0000 UTC".into() };
        if zone.is_empty() {
            return format!("{date} {clock} +0000 UTC");
        }
        let zone = zone.replace(':', "");
        format!("{date} {clock} {zone} {zone}")
    }

    /// As Go's `time.ANSIC` prints it, in the record's own zone: `Fri Jan  2 03:04:05 2026`.
    pub fn ansic(&self) -> String {
        self.local_parts("%a %b %e %H:%M:%S %Y").unwrap_or_else(|| "Mon Jan  1 00:00:00 0001".into())
    }

    /// To the second, as Go's `time.RFC3339` prints it: `2026-01-02T03:04:05Z`.
    pub fn rfc3339_seconds(&self) -> String {
        match self.parts() {
            Some((date, clock, zone)) => {
                let clock = clock.split('.').next().unwrap_or_default();
                format!("{date}T{clock}{}", if zone.is_empty() { "Z" } else { &zone })
            }
            None => "0001-01-01T00:00:00Z".into(),
        }
    }

    /// By a strftime pattern, in the record's own zone.
    fn local_parts(&self, pattern: &str) -> Option<String> {
        let (_, _, zone) = self.parts()?;
        let moment = self.timestamp()?;
        let seconds = offset_seconds(&zone).unwrap_or(0);
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?);
        strtime::format(pattern, &moment.to_zoned(zone)).ok()
    }

    /// Date, time of day without trailing zeros, and zone (`+01:00`, or empty for UTC).
    fn parts(&self) -> Option<(String, String, String)> {
        self.timestamp()?;
        let (date, rest) = self.0.split_once(['T', 't'])?;
        let zone_at = rest.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = rest.split_at(zone_at);
        let zone = zone.trim_start_matches(['Z', 'z']);
        let zone = if matches!(zone, "+00:00" | "-00:00") { "" } else { zone };
        let clock = if clock.contains('.') { clock.trim_end_matches('0').trim_end_matches('.') } else { clock };
        Some((date.into(), clock.into(), zone.into()))
    }
}

fn offset_seconds(zone: &str) -> Option<i32> {
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Some(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_as_go_prints() {
        let time = |text: &str| Time(text.into());
        assert_eq!(time("2026-01-02T03:04:05.1234500Z").go_string(), "2026-01-02 03:04:05.12345 +0000 UTC");
        assert_eq!(time("2026-01-02T03:04:05Z").go_string(), "2026-01-02 03:04:05 +0000 UTC");
        assert_eq!(time("2026-01-02T03:04:05+01:00").go_string(), "2026-01-02 03:04:05 +0100 +0100");
        assert_eq!(time("").go_string(), "0001-01-01 00:00:00 +0000 UTC");
        assert_eq!(time("2026-01-02T03:04:05Z").ansic(), "Fri Jan  2 03:04:05 2026");
        assert_eq!(time("2026-01-02T23:04:05-05:30").ansic(), "Fri Jan  2 23:04:05 2026");
        assert_eq!(time("0001-01-01T00:00:00Z").ansic(), "Mon Jan  1 00:00:00 0001");
        assert!(time("0001-01-01T00:00:00Z").is_zero());
        assert_eq!(time("2026-01-02T03:04:05.5+01:00").rfc3339_seconds(), "2026-01-02T03:04:05+01:00");
    }

    #[test]
    fn written_as_go_writes() {
        let moment: Timestamp = "2026-01-02T03:04:05.120Z".parse().unwrap();
        assert_eq!(Time::at(moment).as_str(), "2026-01-02T03:04:05.12Z");
    }
}
