//! Recognition of timestamps, as Go's `time.Parse` takes them with the four layouts that the YAML libraries try.

/// Whether the text is a date, or a date and a time, in one of YAML's forms.
pub fn is_timestamp(text: &[u8]) -> bool {
    if text.len() < 8 || text[4] != b'-' || !text[..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let year = text[..4].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
    date(year, &text[5..]).is_some_and(|rest| match rest {
        [] => true,
        [b'T' | b't', rest @ ..] => time(rest).is_some_and(zone),
        [b' ', rest @ ..] => time(skip_spaces(rest)).is_some_and(<[u8]>::is_empty),
        _ => false,
    })
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|b| **b == b' ').count()..]
}

/// One or two digits.
fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => Some((u32::from(a - b'0') * 10 + u32::from(b - b'0'), rest)),
        [a @ b'0'..=b'9', rest @ ..] => Some((u32::from(a - b'0'), rest)),
        _ => None,
    }
}

fn date(year: u32, text: &[u8]) -> Option<&[u8]> {
    let (month, rest) = number(text)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    (1..=days).contains(&day).then_some(rest)
}

fn time(text: &[u8]) -> Option<&[u8]> {
    let (hour, rest) = number(text)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?)?;
    let (second, rest) = number(rest.strip_prefix(b":")?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(match rest {
        [b'.' | b',', b'0'..=b'9', ..] => &rest[1 + rest[1..].iter().take_while(|b| b.is_ascii_digit()).count()..],
        _ => rest,
    })
}

fn zone(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            let pair = |a: &u8, b: &u8| {
                (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
            };
            pair(h1, h2).is_some_and(|h| h <= 24) && pair(m1, m2).is_some_and(|m| m <= 60)
        }
        _ => false,
    }
}
