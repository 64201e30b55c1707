//! Lines of talk, without the question where they go.

use std::time::Duration;

use super::style::Style;

/// `0.6 s`, `41 s`, `3 min 12 s`.
pub(super) fn duration(d: Duration) -> String {
    let seconds = d.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{} min {:02} s", d.as_secs() / 60, d.as_secs() % 60)
    }
}

/// How a step stands, as a mark before its line.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Done,
    Failed,
    Undone,
    Warning,
}

impl Mark {
    /// The mark in this style; words stay beside it, so it may be plain.
    pub(super) fn show(self, style: Style) -> String {
        let (symbol, ascii, color) = match self {
            Self::Done => ("✔", "+", "32"),
            Self::Failed => ("✖", "x", "31"),
            Self::Undone => ("↩", "<", "33"),
            Self::Warning => ("!", "!", "33"),
        };
        let symbol = if style.unicode { symbol } else { ascii };
        if style.color { format!("\u{1b}[{color}m{symbol}\u{1b}[0m") } else { symbol.into() }
    }
}

/// The line of a step: mark, number, name, what happened, and the time at the right edge of `width` columns.
pub(super) fn step(mark: &str, number: usize, name: &str, text: &str, took: Duration, width: usize) -> String {
    let left = format!("{number} {name:<11} {text}");
    let time = duration(took);
    let used = 4 + left.chars().count();
    let gap = width.saturating_sub(used + time.chars().count()).max(2);
    format!("  {mark} {left}{:gap$}{time}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_few_digits() {
        assert_eq!(duration(Duration::from_millis(640)), "0.6 s");
        assert_eq!(duration(Duration::from_secs(41)), "41 s");
        assert_eq!(duration(Duration::from_secs(192)), "3 min 12 s");
    }

    #[test]
    fn a_step_keeps_its_time_even_when_its_text_is_long() {
        let text = "x".repeat(200);
        let line = step("+", 3, "fork", &text, Duration::from_secs(1), 80);
        assert!(line.ends_with("x  1.0 s"), "{line}");
        let short = step("+", 1, "preflight", "ok", Duration::ZERO, 40);
        assert!(short.starts_with("  + 1 preflight   ok  ") && short.ends_with("  0.0 s"), "{short}");
        assert_eq!(short.chars().count(), 40);
    }

    #[test]
    fn without_colour_and_unicode_marks_are_plain_ascii() {
        assert_eq!(Mark::Done.show(Style::default()), "+");
        let rich = Style { color: true, unicode: true, ..Style::default() };
        assert_eq!(Mark::Failed.show(rich), "\u{1b}[31m✖\u{1b}[0m");
    }
}
