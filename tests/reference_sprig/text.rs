//! Strings, encodings, URLs and regular expressions.

use super::*;

#[test]
fn strings_agree() {
    const PIECES: &[&str] = &[
        "a",
        "B",
        "foo",
        "Bar",
        "HTTP",
        "ID",
        "1",
        "42",
        "_",
        "-",
        " ",
        "  ",
        ".",
        "$",
        "é",
        "É",
        "ß",
        "ǆ",
        "日本",
        "\u{a0}",
        "İ",
        "ŉ",
        "x",
        "Z",
        "+",
        "Ⅷ",
        "ა",
        "/",
        "ᾳ",
        "\u{2028}",
        "word",
        "loooooooong",
    ];
    let mut both = Both::start();
    let mut random = Random::new();
    for _ in 0..6000 {
        let (s, t) = (words(&mut random, PIECES, 9), words(&mut random, PIECES, 2));
        let (m, n) = (random.below(16) as i64 - 3, random.below(30) as i64 - 5);
        let names: &[&str] = &[
            "camelcase",
            "snakecase",
            "kebabcase",
            "title",
            "untitle",
            "swapcase",
            "initials",
            "nospace",
            "upper",
            "lower",
            "trim",
            "b64enc",
            "b32enc",
            "sha1sum",
            "adler32sum",
            "quote",
            "squote",
            "regexQuoteMeta",
            "base",
            "clean",
            "dir",
            "ext",
            "b64dec",
            "b32dec",
        ];
        let call = match random.below(12) {
            0 => format!("wrap {m} \"{s}\""),
            1 => format!("wrapWith {m} \"{t}\" \"{s}\""),
            2 => format!("abbrev {n} \"{s}\""),
            3 => format!("abbrevboth {m} {n} \"{s}\""),
            4 => format!("substr {m} {n} \"{s}\""),
            5 => format!("trunc {n} \"{s}\""),
            6 => format!(
                "{} \"{t}\" \"{s}\"",
                pick(&mut random, &["trimAll", "trimPrefix", "trimSuffix", "contains", "hasPrefix", "hasSuffix"])
            ),
            7 => format!("{} \"{t}\" \"{s}\" | toJson", pick(&mut random, &["split", "splitList", "splitn \"o\" 2"])),
            8 => format!("replace \"{t}\" \"{m}\" \"{s}\""),
            _ => format!("{} \"{s}\"", pick(&mut random, names)),
        };
        both.compare(&format!("{{{{ {call} | quote }}}}"));
    }
    both.differences.finish();
}

#[test]
fn encodings_agree() {
    const PIECES: &[&str] = &[
        "QUJD", "QQ==", "QUI=", "=", "A", "/", "+", "\\n", "\\r\\n", "!", "MFRGG===", "MFRA====", "ME======",
        "MFRGGZDF", "a", "1", "é",
    ];
    let mut both = Both::start();
    let mut random = Random::new();
    for _ in 0..4000 {
        let s = words(&mut random, PIECES, 6);
        both.compare(&format!("{{{{ {} \"{s}\" | quote }}}}", pick(&mut random, &["b64dec", "b32dec"])));
    }
    both.differences.finish();
}

#[test]
fn urls_agree() {
    const PIECES: &[&str] = &[
        "http",
        "://",
        "//",
        ":",
        "/",
        "a",
        "host",
        "[::1]",
        "[fe80::1%25en0]",
        "[",
        "]",
        "@",
        "user",
        "u:p",
        "?",
        "#",
        "q=1",
        "%20",
        "%zz",
        "%",
        " ",
        "é",
        ":80",
        ":x",
        "*",
        "..",
        "&",
        "+",
        "mailto",
        "<",
        "\\\"",
        "%41",
        ";",
        "1.2.3.4",
    ];
    const VALUES: &[&str] = &[
        "\"\"",
        "\"http\"",
        "\"a b\"",
        "\"/p q\"",
        "\"u:p\"",
        "\"h:80\"",
        "\"x=1&y\"",
        "\"a:b\"",
        "\"é\"",
        "1",
        "nil",
        "\"*\"",
        "\"%41\"",
        "\"u@v\"",
    ];
    const KEYS: &[&str] = &["scheme", "host", "path", "query", "opaque", "fragment", "userinfo", "hostname"];
    let mut both = Both::start();
    let mut random = Random::new();
    for _ in 0..4000 {
        let s = words(&mut random, PIECES, 8);
        both.compare(&format!("{{{{ urlParse \"{s}\" | toJson }}}}"));
        both.compare(&format!("{{{{ urlParse \"{s}\" | urlJoin }}}}"));
        // More than one bad part would make Go's choice of the error depend on nothing but its order, which is fixed.
        let parts: Vec<_> = (0..random.below(5))
            .map(|_| format!("\"{}\" {}", pick(&mut random, KEYS), pick(&mut random, VALUES)))
            .collect();
        both.compare(&format!("{{{{ urlJoin (dict {}) }}}}", parts.join(" ")));
    }
    both.differences.finish();
}

#[test]
fn expressions_agree() {
    const PIECES: &[&str] = &[
        "a",
        "b",
        "x*",
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?P<n>",
        "(?<m>",
        "[a-c]",
        "[^a-c]",
        "[[:alpha:]]",
        "[[:^digit:]]",
        "[[:foo:]]",
        r"\d",
        r"\W",
        r"\s+",
        r"\b",
        r"\B",
        r"\A",
        r"\z",
        r"\Z",
        r"\pL",
        r"\p{Greek}",
        r"\P{Lu}",
        r"\p{Nope}",
        r"\Q.*\E",
        r"\x41",
        r"\x{1F600}",
        r"\x{110000}",
        r"\012",
        r"\C",
        r"\8",
        "|",
        "*",
        "+",
        "?",
        "*?",
        "+?",
        "{2}",
        "{1,3}",
        "{2,1}",
        "{,5}",
        "{1001}",
        "{0,2}?",
        "^",
        "$",
        ".",
        "(?s).",
        "(?m)^",
        "(?U)a+",
        "(?-i)",
        "(?x)",
        "é",
        "ß",
        "[",
        "]",
        "[a",
        "[]a]",
        "[z-a]",
        r"[\d-z]",
        "\\",
        "(a|b)",
        "(a*)*",
        "(|a)+",
        "((a{100}){100}){100}",
        "{",
        "}",
        r"[\pL\d_]",
        "(?i:K)",
        r"(?i)\w",
        "-",
        r"\.",
    ];
    const TEXTS: &[&str] = &[
        "abc",
        "",
        "aaa",
        "a b c",
        "Hello World 123",
        "ΑΒΓ αβγ é ß",
        r"a\nb\nc",
        "KkK ſ",
        "xaxbxc",
        "2024-02-29",
        r"\xff a",
    ];
    const REPLACEMENTS: &[&str] =
        &["", "-", "$1", "${1}x", "$1x", "${n}", "$0$0", "$$", "$", "${", "[$2]", "$n", "$12", "${01}"];
    let mut both = Both::start();
    let mut random = Random::new();
    for _ in 0..6000 {
        let expression: String = (0..=random.below(5)).map(|_| pick(&mut random, PIECES)).collect();
        let (text, replacement) = (pick(&mut random, TEXTS), pick(&mut random, REPLACEMENTS));
        let count = random.below(5) as i64 - 1;
        let must = pick(&mut random, &["r", "mustR"]);
        both.compare(&match random.below(6) {
            0 => format!(r#"{{{{ {must}egexMatch `{expression}` "{text}" }}}}"#),
            1 => format!(r#"{{{{ {must}egexFind `{expression}` "{text}" | quote }}}}"#),
            2 => format!(r#"{{{{ {must}egexFindAll `{expression}` "{text}" {count} | toJson }}}}"#),
            3 => format!(r#"{{{{ {must}egexSplit `{expression}` "{text}" {count} | toJson }}}}"#),
            4 => format!(r#"{{{{ {must}egexReplaceAllLiteral `{expression}` "{text}" "{replacement}" | quote }}}}"#),
            _ => format!(r#"{{{{ {must}egexReplaceAll `{expression}` "{text}" "{replacement}" | quote }}}}"#),
        });
    }
    both.differences.finish();
}
