//! Case conversion of identifiers by the rules of xstrings 1.5.0.

use super::bytes::runes;
use super::unicode::{is_number, is_punct, is_space, is_upper, to_lower, to_upper};
use crate::gotemplate::runes::{decode_rune, is_letter};

/// `xstrings.ToPascalCase`
pub(super) fn pascal_case(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s.chars();
    let mut lowering = false;
    // The rune that is not written yet: whether it is depends on the next one.
    let mut held = None;
    for rune in rest.by_ref() {
        if !is_connector(rune) {
            lowering = is_upper(rune);
            held = Some(to_upper(rune));
            break;
        }
        out.push(rune);
        held = None;
    }
    let Some(mut held) = held else {
        // Only connectors: the original writes the last of them twice.
        out.extend(s.chars().last());
        return out;
    };
    for mut rune in rest {
        if is_connector(rune) && is_connector(held) {
            out.push(held);
            held = rune;
            continue;
        }
        if is_connector(held) {
            lowering = is_upper(rune);
            rune = to_upper(rune);
        } else {
            if lowering {
                if is_upper(rune) {
                    rune = to_lower(rune);
                } else {
                    lowering = false;
                }
            }
            out.push(held);
        }
        held = rune;
    }
    out.push(held);
    out
}

fn is_connector(rune: char) -> bool {
    rune == '-' || rune == '_' || is_space(rune)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Invalid,
    Number,
    UpperCase,
    Alphabet,
    Connector,
    Punct,
    Other,
}

/// `xstrings.ToSnakeCase` and `ToKebabCase`: lower case words joined by a connector.
pub(super) fn separated(s: &[u8], connector: char) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len() + s.len() / 2);
    if s.is_empty() {
        return out;
    }
    let connect = |out: &mut Vec<u8>| out.push(connector as u8);
    let (mut kind, mut word, mut rest) = next_word(s);
    while !rest.is_empty() {
        if kind != Word::Connector {
            write_lower(&mut out, kind, word, connector);
        }
        let previous = kind;
        let last = word;
        (kind, word, rest) = next_word(rest);
        match previous {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    write_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Word::Invalid | Word::Punct | Word::Connector) {
                    connect(&mut out);
                }
            }
            Word::Connector => write_lower(&mut out, previous, last, connector),
            Word::Punct => {}
            _ => {
                if kind != Word::Number {
                    if !matches!(kind, Word::Connector | Word::Punct) {
                        connect(&mut out);
                    }
                    continue;
                }
                if rest.is_empty() {
                    continue;
                }
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Alphabet {
                    write_lower(&mut out, Word::Number, number, connector);
                    if !matches!(kind, Word::Connector | Word::Punct) {
                        connect(&mut out);
                    }
                    continue;
                }
                connect(&mut out);
                write_lower(&mut out, Word::Number, number, connector);
                while matches!(kind, Word::Alphabet | Word::Number) {
                    write_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Word::Invalid | Word::Connector | Word::Punct) {
                    connect(&mut out);
                }
            }
        }
    }
    write_lower(&mut out, kind, word, connector);
    out
}

fn write_lower(out: &mut Vec<u8>, kind: Word, word: &[u8], connector: char) {
    if !matches!(kind, Word::UpperCase | Word::Connector) {
        out.extend_from_slice(word);
        return;
    }
    for (rune, _) in runes(word) {
        let mapped = if is_connector(rune) {
            connector
        } else if is_upper(rune) {
            to_lower(rune)
        } else {
            rune
        };
        out.extend_from_slice(mapped.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// The next word, its kind, and what follows it.
fn next_word(s: &[u8]) -> (Word, &[u8], &[u8]) {
    if s.is_empty() {
        return (Word::Invalid, s, s);
    }
    let (first, mut offset) = next_valid_rune(s, '\u{FFFD}');
    if first == '\u{FFFD}' {
        let (word, rest) = s.split_at(offset);
        return (Word::Invalid, word, rest);
    }
    let kind = if is_connector(first) {
        take_while(s, &mut offset, first, is_connector);
        Word::Connector
    } else if is_punct(first) {
        take_while(s, &mut offset, first, is_punct);
        Word::Punct
    } else if is_upper(first) {
        take_capitalized(s, &mut offset, first);
        Word::UpperCase
    } else if is_alphabet(first) {
        take_while(s, &mut offset, first, |rune| is_alphabet(rune) && !is_upper(rune));
        Word::Alphabet
    } else if is_number(first) {
        take_while(s, &mut offset, first, is_number);
        Word::Number
    } else {
        take_while(s, &mut offset, first, |rune| {
            !(is_connector(rune) || is_alphabet(rune) || is_number(rune) || is_punct(rune))
        });
        Word::Other
    };
    let (word, rest) = s.split_at(offset);
    (kind, word, rest)
}

/// A word that starts with a capital: `HTTPServer` gives `HTTP`, `Server` is taken whole.
fn take_capitalized(s: &[u8], offset: &mut usize, first: char) {
    if *offset == s.len() {
        return;
    }
    let (second, width) = next_valid_rune(&s[*offset..], first);
    if is_upper(second) {
        let mut last_width = width;
        *offset += width;
        let mut rune = second;
        while *offset < s.len() {
            let (next, width) = next_valid_rune(&s[*offset..], rune);
            rune = next;
            if !is_upper(rune) {
                break;
            }
            last_width = width;
            *offset += width;
        }
        if *offset < s.len() && is_alphabet(rune) {
            *offset -= last_width;
        }
    } else if is_alphabet(second) {
        *offset += width;
        take_while(s, offset, second, |rune| is_alphabet(rune) && !is_upper(rune));
    }
}

fn take_while(s: &[u8], offset: &mut usize, first: char, fits: impl Fn(char) -> bool) {
    let mut previous = first;
    while *offset < s.len() {
        let (rune, width) = next_valid_rune(&s[*offset..], previous);
        if !fits(rune) {
            break;
        }
        previous = rune;
        *offset += width;
    }
}

/// The next rune, its width counting invalid bytes before it; the previous rune when only invalid bytes follow.
fn next_valid_rune(s: &[u8], previous: char) -> (char, usize) {
    let mut at = 0;
    while at < s.len() {
        let (rune, width) = decode_rune(&s[at..]);
        at += width;
        if rune != '\u{FFFD}' {
            return (rune, at);
        }
    }
    (previous, at)
}

/// A letter of a script that has words: not Chinese, Japanese or Korean.
fn is_alphabet(rune: char) -> bool {
    is_letter(rune)
        && !matches!(rune,
            '\u{3400}'..='\u{4D85}' | '\u{4E00}'..='\u{9FCC}' | '\u{20000}'..='\u{2B81D}')
}
