//! The first record of a CSV text, as Go's `encoding/csv` reads it for flags that hold lists.

/// The elements of the first line that is not empty: `"a,b",c` has two.
///
/// # Errors
/// Go's words for quotes in the wrong place, and for a text without a record.
pub fn record(text: &str) -> Result<Vec<String>, String> {
    let mut lines = Lines { rest: text, number: 0 };
    let mut line = loop {
        match lines.next() {
            None => return Err("EOF".into()),
            Some(line) if line == "\n" => {}
            Some(line) => break line,
        }
    };
    let start = lines.number;
    let wrong = |line: usize, column: usize, what: &str| {
        let before = if line == start { String::new() } else { format!("record on line {start}; ") };
        Err(format!("{before}parse error on line {line}, column {column}: {what}"))
    };
    let mut elements = Vec::new();
    let mut column = 1;
    loop {
        let Some(quoted) = line.strip_prefix('"') else {
            let end = line.find(',');
            let element = &line[..end.unwrap_or(line.trim_end_matches('\n').len())];
            if let Some(quote) = element.find('"') {
                return wrong(lines.number, column + quote, "bare \" in non-quoted-field");
            }
            elements.push(element.to_owned());
            let Some(end) = end else { return Ok(elements) };
            line = line.split_off(end + 1);
            column += end + 1;
            continue;
        };
        let mut quoted = quoted.to_owned();
        column += 1;
        let mut element = String::new();
        // Up to the quote that ends the element, over several lines perhaps.
        loop {
            let Some(quote) = quoted.find('"') else {
                element.push_str(&quoted);
                column += quoted.len();
                match lines.next() {
                    Some(next) => (quoted, column) = (next, 1),
                    None => return wrong(lines.number, column, "extraneous or missing \" in quoted-field"),
                }
                continue;
            };
            element.push_str(&quoted[..quote]);
            quoted = quoted.split_off(quote + 1);
            column += quote + 1;
            match quoted.as_bytes() {
                [b'"', ..] => {
                    element.push('"');
                    quoted = quoted.split_off(1);
                    column += 1;
                }
                [b',', ..] => {
                    elements.push(element);
                    line = quoted.split_off(1);
                    column += 1;
                    break;
                }
                [] | [b'\n'] => {
                    elements.push(element);
                    return Ok(elements);
                }
                _ => return wrong(lines.number, column - 1, "extraneous or missing \" in quoted-field"),
            }
        }
    }
}

/// Lines with the newline that ends them; a carriage return before it, or at the very end, is dropped.
struct Lines<'a> {
    rest: &'a str,
    /// How many were read.
    number: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                Some(format!("{}\n", line.strip_suffix('\r').unwrap_or(line)))
            }
            None => {
                let line = std::mem::take(&mut self.rest);
                Some(line.strip_suffix('\r').unwrap_or(line).to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_counts() {
        let split = |text| record(text).unwrap();
        assert_eq!(split("a,b"), ["a", "b"]);
        assert_eq!(split("\"a,b\",\"c\"\"d\""), ["a,b", "c\"d"]);
        assert_eq!(split("a,"), ["a", ""]);
        assert_eq!(split("\n\r\na,b\r\nc"), ["a", "b"]);
        assert_eq!(split("\"a\nb\",c"), ["a\nb", "c"]);
        assert_eq!(split("\r"), [""]);
    }

    #[test]
    fn quotes_in_the_wrong_place_are_refused() {
        for (text, expected) in [
            ("\n", "EOF"),
            ("a\"b", "parse error on line 1, column 2: bare \" in non-quoted-field"),
            ("\"a\"b", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            ("\"a", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            (
                "\"a\nb\"c",
                "record on line 1; parse error on line 2, column 2: extraneous or missing \" in quoted-field",
            ),
        ] {
            assert_eq!(record(text).unwrap_err(), expected, "{text:?}");
        }
    }
}
