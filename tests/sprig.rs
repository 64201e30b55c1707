//! Calls of every function of sprig compared with answers that were recorded from Go.
//!
//! They are recorded anew by `VULAS_RECORD=1 cargo test --features reference --test reference_sprig recorded`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value as Json, json};
use vulas_native::gotemplate::{MissingKey, Set, Value};
use vulas_native::goyaml::from_json;
use vulas_native::sprig::{self, Host};

fn data() -> Value {
    from_json(include_bytes!("../fixtures/sprig/data.json")).unwrap()
}

fn render_with(template: &str, host: &mut dyn std::any::Any) -> Result<String, String> {
    let mut set = Set::new("t", sprig::functions()).missing_key(MissingKey::Zero);
    set.parse("t", template).map_err(|error| error.to_string())?;
    let out = set.execute("t", data(), host).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn render(template: &str) -> Result<String, String> {
    render_with(template, &mut ())
}

#[test]
fn calls_give_what_go_gave() {
    let answers: Json = serde_json::from_str(include_str!("../fixtures/sprig/calls.json")).unwrap();
    let answers = answers.as_object().unwrap();
    assert!(answers.len() > 1000);
    for (call, expected) in answers {
        let ours = match render(call) {
            Ok(out) => json!({ "output": out }),
            Err(error) => json!({ "error": error }),
        };
        assert_eq!(&ours, expected, "{call}");
    }
}

#[test]
fn a_seed_and_a_clock_repeat_everything() {
    let template = r#"{{ randAlphaNum 20 }} {{ uuidv4 }} {{ now | unixEpoch }} {{ shuffle "abcdef" }} {{ randInt 0 1000000 }}
        {{ dateInZone "2006-01-02 15:04:05" now "UTC" }} {{ ago 1699999990 }} {{ genPrivateKey "ed25519" }}
        {{ (genCAWithKey "x" 1 (genPrivateKey "ed25519")).Cert }} {{ bcrypt "x" }} {{ randBytes 9 }}"#;
    let host = |seed| Host::fixed(1_700_000_000, seed);
    let first = render_with(template, &mut host(1)).unwrap();
    assert_eq!(first, render_with(template, &mut host(1)).unwrap());
    assert_ne!(first, render_with(template, &mut host(2)).unwrap());
    assert!(first.contains(" 1700000000 ") && first.contains("2023-11-14 22:13:20 10s "), "{first}");
}

#[test]
fn the_system_gives_different_random_values() {
    let template = "{{ randAlphaNum 30 }}{{ uuidv4 }}";
    assert_ne!(render(template), render(template));
}

/// A chart must not be able to take all memory or to overflow the stack.
#[test]
fn hostile_calls_end_in_errors() {
    for template in [
        r#"{{ repeat 4000000000 "abcdefgh" }}"#,
        r#"{{ indent 9000000000 "x" }}"#,
        "{{ until 9000000000 }}",
        "{{ untilStep 0 9000000000000 1 }}",
        "{{ seq 1 9000000000 }}",
        "{{ randAlpha 9000000000 }}",
        "{{ randBytes 9000000000 }}",
        r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepCopy $d }}"#,
        r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $e := dict }}{{ $_ := set $e "d" $e }}{{ merge $d $e }}"#,
        r#"{{ regexMatch "((a{1000}){1000}){1000}" "a" | ternary "" (fail "no match") }}"#,
    ] {
        assert!(render(template).is_err(), "{template}");
    }
    let cyclic =
        r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $e := dict }}{{ $_ := set $e "d" $e }}{{ deepEqual $d $e }}"#;
    assert_eq!(render(cyclic).unwrap(), "true");
    for printed in [
        "quote",
        "toString",
        "squote",
        "join \",\"",
        "toJson",
        "toPrettyJson",
        "toYaml",
        "list | toStrings",
        "cat",
        "empty",
    ] {
        let template = format!(
            r#"{{{{ $d := dict }}}}{{{{ $_ := set $d "d" $d }}}}{{{{ $_ := set $d "e" $d }}}}{{{{ $d | {printed} }}}}"#
        );
        // Whatever comes out, it ends.
        let _ = render(&template);
    }
}
