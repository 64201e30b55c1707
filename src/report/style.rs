//! How talk looks on this terminal, or in this log.

use std::io::IsTerminal;

/// What the user asked for with `--color` (`NO_COLOR` and `HELM_COLOR` count as well).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorWish {
    /// On a terminal that takes it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The manner of talking, decided once per run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Say only what went wrong.
    pub quiet: bool,
    /// One JSON object a line.
    pub json: bool,
    /// The talk goes to a terminal: lines may be redrawn.
    pub terminal: bool,
    /// Colours may be used. They never carry a meaning alone.
    pub color: bool,
    /// Symbols beyond ASCII may be used.
    pub unicode: bool,
}

impl Style {
    /// The style for standard error in this environment: terminal or not, `NO_COLOR` (<https://no-color.org>), `TERM`,
    /// the locale's character set, and `CI`, where nothing is ever redrawn.
    pub fn detect(quiet: bool, json: bool, wish: ColorWish) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let terminal = std::io::stderr().is_terminal() && !dumb && !set("CI");
        let color = match wish {
            ColorWish::Always => true,
            ColorWish::Never => false,
            ColorWish::Auto => terminal && !set("NO_COLOR"),
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let unicode = locale.is_some_and(|l| {
            let l = l.to_ascii_lowercase();
            l.contains("utf-8") || l.contains("utf8")
        });
        Self { quiet, json, terminal: terminal && !json, color: color && !json, unicode }
    }
}
