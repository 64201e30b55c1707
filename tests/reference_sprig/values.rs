//! Dictionaries, numbers and versions.

use super::*;

/// A random dictionary as a template expression.
fn dictionary(random: &mut Random, depth: usize) -> String {
    let entries: Vec<_> = (0..random.below(4))
        .map(|_| {
            let value = match random.below(if depth == 0 { 9 } else { 13 }) {
                0 => "\"\"".to_owned(),
                1 => "0".to_owned(),
                2 => "nil".to_owned(),
                3 => "(list)".to_owned(),
                4 => "(list 1 \"x\")".to_owned(),
                5 => "false".to_owned(),
                6 => "(dict)".to_owned(),
                7 => format!("{}", random.below(9)),
                8 => "\"s\"".to_owned(),
                _ => dictionary(random, depth - 1),
            };
            format!("\"{}\" {value}", pick(random, &["a", "b", "c"]))
        })
        .collect();
    format!("(dict {})", entries.join(" ")).replace(" )", ")")
}

#[test]
fn merges_agree() {
    let mut both = Both::start();
    let mut random = Random::new();
    for _ in 0..5000 {
        let (a, b, c) = (dictionary(&mut random, 3), dictionary(&mut random, 3), dictionary(&mut random, 2));
        let function = pick(&mut random, &["merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"]);
        both.compare(&format!(
            "{{{{ $a := {a} }}}}{{{{ $b := {b} }}}}{{{{ $r := {function} $a $b {c} }}}}{{{{ toJson $r }}}} {{{{ toJson $a }}}} {{{{ toJson $b }}}} \
             {{{{ $_ := set (get $b \"a\" | default dict) \"n\" 1 }}}}{{{{ toJson $a }}}} {{{{ toJson (deepCopy $a) }}}} {{{{ deepEqual $a $b }}}} \
             {{{{ dig \"a\" \"b\" \"none\" $a }}}}"
        ));
    }
    both.differences.finish();
}

#[test]
fn arithmetic_agrees() {
    const NUMBERS: &[&str] = &[
        "0",
        "1",
        "3",
        "0.1",
        "0.2",
        "0.3",
        "1.5",
        "2.675",
        "-7.25",
        "1e10",
        "1e-10",
        "123456789.987654321",
        "1e300",
        "-1e-300",
        "7",
        "-3",
        "\"0.7\"",
        "\"x\"",
        "9007199254740993",
        "1.005",
        "33.33",
        "4.5e15",
        "0.30000000000000004",
        "true",
        "nil",
        "1e22",
        "1e23",
    ];
    let mut both = Both::start();
    let mut random = Random::new();
    for _ in 0..6000 {
        let numbers: Vec<_> = (0..=random.below(4)).map(|_| pick(&mut random, NUMBERS)).collect();
        let function = pick(
            &mut random,
            &[
                "addf", "subf", "mulf", "divf", "add1f", "add", "sub", "mul", "div", "mod", "max", "min", "maxf",
                "minf", "floor", "ceil", "round",
            ],
        );
        let places = if function == "round" { format!(" {}", random.below(12) as i64 - 3) } else { String::new() };
        let on = if function == "round" && random.below(3) == 0 { " 0.3" } else { "" };
        let numbers = if function == "round" { numbers[0].to_owned() } else { numbers.join(" ") };
        both.compare(&format!("{{{{ {function} {numbers}{places}{on} }}}}"));
    }
    both.differences.finish();
}

#[test]
fn versions_and_constraints_agree() {
    const OPERATORS: &[&str] =
        &["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "==", "!", "> ", "^ "];
    const PARTS: &[&str] =
        &["0", "1", "2", "3", "10", "x", "X", "*", "01", "1x", "99999999999999999999", "0", "1", "2"];
    const SUFFIXES: &[&str] =
        &["", "", "", "", "-0", "-alpha", "-alpha.1", "-beta.11", "+build", "-rc.1+b", "-", "-01", "-a_b", "|1"];
    const JOINTS: &[&str] = &[" ", ", ", ",", " || ", "||", " - ", "  ", " , ", ",, ", "-", " -"];
    let mut go = reference();
    let mut random = Random::new();
    let mut differences = Differences::default();
    let version = |random: &mut Random| {
        let count = 1 + random.below(4);
        let parts: Vec<_> = (0..count.min(3 + count / 4)).map(|_| pick(random, PARTS)).collect();
        format!("{}{}{}", pick(random, &["", "", "", "v"]), parts.join("."), pick(random, SUFFIXES))
    };
    for _ in 0..20_000 {
        let mut constraint = String::from(pick(&mut random, &["", "", " "]));
        for index in 0..=random.below(3) {
            if index > 0 {
                constraint.push_str(pick(&mut random, JOINTS));
            }
            constraint.push_str(pick(&mut random, OPERATORS));
            constraint.push_str(&version(&mut random));
        }
        let checked = version(&mut random).replace(['x', 'X', '*', '|'], "1");
        let ours = match sprig::semver::Constraints::parse(&constraint) {
            Err(error) => format!("constraint: {error}"),
            Ok(constraints) => match sprig::semver::Version::parse(&checked) {
                Err(error) => format!("version: {error}"),
                Ok(version) => format!("{} {version}", constraints.check(&version)),
            },
        };
        let answer = ask(&mut go, "semver", json!({"constraint": constraint, "version": checked}));
        differences.compare(&format!("{constraint:?} {checked:?}"), &answer.as_str().unwrap().to_owned(), &ours);
    }
    differences.finish();
}

#[test]
fn version_objects_agree() {
    let mut both = Both::start();
    for version in ["1.2.3", "v1.2", "1.0.0-rc.1+b.2", "0.0.18446744073709551615", "x"] {
        for method in [
            "Major",
            "Minor",
            "Patch",
            "Prerelease",
            "Metadata",
            "Original",
            "String",
            "IncPatch",
            "IncMinor",
            "IncMajor",
            "Compare $o",
            "LessThan $o",
            "GreaterThanEqual $o",
            "Equal $o",
            "SetPrerelease \"a.1\"",
            "SetPrerelease \"01\"",
            "SetMetadata \"m\"",
            "Nope",
            "Compare",
            "Compare 1",
            "IncMajor.Original",
            "IncMajor.Compare $o",
            "MarshalText",
        ] {
            both.compare(&format!(r#"{{{{ $o := semver "1.2.4" }}}}{{{{ $v := semver "{version}" }}}}{{{{ $r := $v.{method} }}}}{{{{ printf "%T %v" $r $r }}}}"#));
        }
    }
    both.differences.finish();
}
