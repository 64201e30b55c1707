//! Tables as Helm's library (`uitable`) writes them.

use super::width;

/// Columns as wide as their widest cell with tabs between them, no wider than `most` unless that is 0.
///
/// What is cut ends with dots; a cell of several lines makes a row of several lines. Every line ends with a newline.
pub fn table(rows: &[Vec<String>], most: usize) -> String {
    let most = if most == 0 { usize::MAX } else { most };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |cell: &String| cell.split('\n').map(width::of).max().unwrap_or(0).min(most);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(width_of).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| fit(cell, *width)).collect();
        let cells: Vec<Vec<&str>> = cells.iter().map(|cell| cell.split('\n').collect()).collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let part = |(cell, width): (&Vec<&str>, &usize)| match cell.get(line) {
                Some(part) => fit(part, *width),
                None => format!("{:>width$}", ' '),
            };
            let parts: Vec<String> = cells.iter().zip(&widths).map(part).collect();
            text.push_str(&parts.join("\t"));
            text.push('\n');
        }
    }
    text
}

/// Cut, with dots after at least one character, or filled up with blanks.
fn fit(text: &str, wanted: usize) -> String {
    let found = width::of(text);
    if wanted == 0 || found <= wanted {
        return text.to_owned() + &" ".repeat(wanted.saturating_sub(found));
    }
    let mut kept = String::new();
    let mut taken = 0;
    for c in text.chars() {
        kept.push(c);
        taken += width::of_char(c);
        if taken + 3 >= wanted {
            break;
        }
    }
    kept + "..."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_seen() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(table(&[row(["NAME", "B"]), row(["x", "long"])], 0), "NAME\tB   \nx   \tlong\n");
        assert_eq!(table(&[row(["日本", "B"]), row(["e\u{301}", ""])], 0), "日本\tB\ne\u{301}   \t \n");
        let lines = table(&[row(["abcdefgh", "x\ny"]), row(["", "long"])], 5);
        assert_eq!(lines, "ab...\tx   \n     \ty   \n     \tlong\n");
    }
}
