//! Positions in the write-ahead log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Error;

/// A position in the write-ahead log: a byte offset, written as two hexadecimal halves (`0/5B1F4F0`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// How many bytes of log lie between an earlier position and this one; 0 when `earlier` is not earlier.
    pub fn bytes_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = Error;

    /// Reads what `pg_lsn` prints: both halves at most eight hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let half = |digits: &str| {
            let fits = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            fits.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
        };
        text.split_once('/')
            .and_then(|(high, low)| Some(Self(half(high)? << 32 | half(low)?)))
            .ok_or_else(|| Error::Lsn(text.into()))
    }
}

impl Serialize for Lsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A number of bytes for people: `0 B`, `918 kB`, `1.4 MB` (powers of 1000, at most one decimal).
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_and_written_as_postgresql_does() {
        for (text, bytes) in
            [("0/0", 0), ("0/5B1F4F0", 0x5B1_F4F0), ("16/B374D848", 0x16_B374_D848), ("FFFFFFFF/FFFFFFFF", u64::MAX)]
        {
            let lsn: Lsn = text.parse().unwrap();
            assert_eq!(lsn, Lsn(bytes));
            assert_eq!(lsn.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in ["", "/", "0", "0/", "/0", "0/G", "0/123456789", "0/+1", "-1/0", "0/0/0", " 0/0"] {
            assert!(text.parse::<Lsn>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn positions_are_ordered_by_both_halves() {
        let (low, high): (Lsn, Lsn) = ("0/FFFFFFFF".parse().unwrap(), "1/0".parse().unwrap());
        assert!(low < high);
        assert_eq!(high.bytes_since(low), 1);
        assert_eq!(low.bytes_since(high), 0);
    }

    #[test]
    fn bytes_are_rounded_for_people() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (918_200, "918 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_400_000, "1.4 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(human_bytes(bytes), text);
        }
    }
}
