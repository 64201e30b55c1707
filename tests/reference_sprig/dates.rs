//! Dates and durations.

use super::*;

#[test]
fn dates_agree() {
    const LAYOUTS: &[&str] = &[
        "2006-01-02T15:04:05Z07:00",
        "Mon Jan _2 15:04:05 2006",
        "Monday, 02-Jan-06 15:04:05 MST",
        "02 Jan 06 15:04 -0700",
        "3:04PM",
        "2006-01-02 15:04:05.000 -07:00",
        "2006-01-02 15:04:05.999999",
        "January 2, 2006 at 3:04pm (MST)",
        "2006.002",
        "__2 2006",
        "06-1-2",
        "15h04",
        "_2006",
        "2006-01-02 15:04:05 -070000",
        "Z0700 Z07",
        "05,000",
        "Janet Mondays 2006",
        "2006-01-02",
        "03:04:05 PM",
        "1 _2 3 4 5",
    ];
    const ZONES: &[&str] = &[
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Local",
        "",
        "Nope/Where",
        "Australia/Lord_Howe",
        "europe/berlin",
    ];
    let mut both = Both::start();
    let mut random = Random::new();
    let mut texts: Vec<(&str, String)> = Vec::new();
    for round in 0..3000 {
        let layout = pick(&mut random, LAYOUTS);
        let seconds = random.next() as i64 % 8_000_000_000;
        let zone = pick(&mut random, ZONES);
        let format = format!(r#"{{{{ dateInZone "{layout}" (int64 {seconds}) "{zone}" }}}}"#);
        both.compare(&format);
        if round % 4 == 0
            && let Ok(text) = both.ours(&format)
        {
            texts.push((layout, text));
        }
    }
    for _ in 0..6000 {
        let (mut layout, mut text) = texts[random.below(texts.len())].clone();
        if random.below(4) == 0 {
            layout = pick(&mut random, LAYOUTS);
        }
        if random.below(3) == 0 && !text.is_empty() {
            let at = random.below(text.len());
            text.replace_range(at..=at, pick(&mut random, &["", "9", "x", "0", " ", "Z"]));
        }
        let must = pick(&mut random, &["toDate", "mustToDate"]);
        both.compare(&format!(r#"{{{{ {must} "{layout}" "{text}" }}}}"#));
    }
    for method in [
        "Year",
        "Month",
        "Day",
        "YearDay",
        "Weekday",
        "Hour",
        "Minute",
        "Second",
        "Nanosecond",
        "Unix",
        "UnixNano",
        "UTC",
        "IsZero",
        "Nope",
        "AddDate 0 1 31",
        "Add 1000000000",
        "Truncate 60000000000",
        "Round 3600000000000",
        "Format \"2006\"",
        "Sub $t",
        "After $t",
        "Equal $t",
        "Format",
    ] {
        both.compare(&format!(
            r#"{{{{ $t := toDate "2006-01-02T15:04:05.000" "2023-12-31T23:59:31.250" }}}}{{{{ $t.{method} }}}}"#
        ));
    }
    for text in ["1h30m", "-2h", "1.5h", "x", "", "100ms", "3us", "1h1", "9999999h", "0", "-1d"] {
        for function in ["duration", "durationRound", "mustDateModify", "dateModify"] {
            let date = if function.ends_with("Modify") { r#"(toDate "2006-01-02" "2024-02-29")"# } else { "" };
            both.compare(&format!(r#"{{{{ {function} "{text}" {date} }}}}"#));
        }
    }
    both.differences.finish();
}
