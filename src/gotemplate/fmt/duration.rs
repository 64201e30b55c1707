//! `time.Duration` as text.

/// A duration of `nanos` nanoseconds as Go's `Duration.String` writes it: `1h15m30.918s`, `1.5ms`, `0s`.
pub fn duration_string(nanos: i64) -> String {
    let magnitude = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    if magnitude == 0 {
        return "0s".to_owned();
    }
    if magnitude < 1_000_000_000 {
        let (unit, places) = match magnitude {
            0..1_000 => ("ns", 0),
            1_000..1_000_000 => ("µs", 3),
            _ => ("ms", 6),
        };
        return format!("{sign}{}{unit}", with_fraction(magnitude, places));
    }
    let seconds = magnitude / 1_000_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let rest = with_fraction(magnitude % 60_000_000_000, 9);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{rest}s"),
        (0, _) => format!("{sign}{minutes}m{rest}s"),
        _ => format!("{sign}{hours}h{minutes}m{rest}s"),
    }
}

/// `value / 10^places` without trailing zeros.
fn with_fraction(value: u64, places: u32) -> String {
    let unit = 10u64.pow(places);
    let (whole, fraction) = (value / unit, value % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:0width$}", width = places as usize);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// `Duration.Round`: to the nearest multiple of `unit`, halves away from zero.
pub fn round_duration(duration: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return duration;
    }
    let rest = (duration % unit).abs();
    // Compared without doubling, which might overflow.
    let down = rest < unit - rest;
    match (duration < 0, down) {
        (true, true) => duration + rest,
        (true, false) => duration.saturating_sub(unit - rest),
        (false, true) => duration - rest,
        (false, false) => duration.saturating_add(unit - rest),
    }
}

#[cfg(test)]
mod tests {
    use super::duration_string;

    #[test]
    fn writes_durations_as_go_does() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanos, want) in cases {
            assert_eq!(duration_string(nanos), want);
        }
    }
}
