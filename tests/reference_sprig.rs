//! Every function of sprig against the original by the program in `reference/goref`: the same calls through Go's `text/template` and through ours, results and
//! error texts compared byte for byte.
//!
//! `SPRIG_CASES` sets how many random calls of each function are compared (100), `SPRIG_ONLY` one function.

mod reference;

use std::collections::BTreeMap;

use reference::{Differences, Go, Random, decode_bytes, encode_bytes};
use serde_json::{Value as Json, json};
use vulas_native::gotemplate::{FuncMap, MissingKey, Set, Type};
use vulas_native::goyaml::from_json;
use vulas_native::sprig;

/// The output of a template or its error.
type Answer = Result<String, String>;

fn data() -> Json {
    json!({
        "n": 3, "f": 2.5, "s": "text", "empty": "", "nil": null, "yes": true,
        "list": ["b", "a", 1, null], "map": {"a": {"b": {"c": 1}}, "x": "y"}, "deep": [[1, 2], {"k": "v"}],
    })
}

/// Renders templates on both sides.
struct Both {
    go: Go,
    functions: FuncMap,
    differences: Differences,
}

impl Both {
    fn start() -> Self {
        Self { go: Go::start(), functions: sprig::functions(), differences: Differences::default() }
    }

    fn go(&mut self, template: &str) -> Answer {
        let answer =
            self.go.ask(&json!({"op": "sprig", "text": encode_bytes(template.as_bytes()), "data": typed(&data())}));
        let text = |part: &str| String::from_utf8_lossy(&decode_bytes(&answer[part])).into_owned();
        if answer["err"].is_null() { Ok(text("out")) } else { Err(text("err")) }
    }

    fn ours(&self, template: &str) -> Answer {
        let mut set = Set::new("t", &self.functions).missing_key(MissingKey::Zero);
        set.parse("t", template).map_err(|error| error.to_string())?;
        let data = from_json(data().to_string().as_bytes()).unwrap();
        let out = set.execute("t", data, &mut ()).map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    fn compare(&mut self, template: &str) {
        let (go, ours) = (self.go(template), self.ours(template));
        self.differences.compare(template, &go, &ours);
    }
}

/// The form that the reference reads values in: numbers as floats.
fn typed(json: &Json) -> Json {
    match json {
        Json::Number(number) => json!({ "float": number.to_string() }),
        Json::Array(items) => items.iter().map(typed).collect(),
        Json::Object(entries) => {
            let entries: serde_json::Map<_, _> =
                entries.iter().map(|(key, value)| (key.clone(), typed(value))).collect();
            json!({ "map": entries })
        }
        other => other.clone(),
    }
}

const INTS: &[&str] = &["0", "1", "2", "3", "5", "-1", "-3", "7", "12", "100", "4", "6"];
const NUMBERS: &[&str] = &[
    "1.5",
    "-0.5",
    "0.0",
    "3.7",
    "1e20",
    "2.5",
    "0.1",
    "(int64 5)",
    "(int64 -7)",
    "(float64 \"1.25\")",
    ".n",
    ".f",
    "9223372036854775807",
    "(int \"12\")",
    "-2.5",
    "1e-7",
    "123456789.125",
    "(float64 \"inf\")",
    "(float64 \"nan\")",
];
const STRINGS: &[&str] = &[
    "\"\"",
    "\"a\"",
    "\"foo\"",
    "\"Hello World\"",
    "\"foo-bar_baz\"",
    "\"FooBarBaz\"",
    "\" x \"",
    "\"äöü ß Ǆ\"",
    "\"1\"",
    "\"0x1F\"",
    "\"010\"",
    "\"1.50\"",
    "\"a,b,c\"",
    "\"%d %s\"",
    "\"\\n\"",
    "\"a\\nb\\nc\"",
    "\"true\"",
    ".s",
    ".empty",
    "\"some_words and HTTPServer 42x\"",
    "\"\\xff\\xfe\"",
    "\"1h30m\"",
    "\"$1-$x\"",
    "\",\"",
    "\"o\"",
    "\"-12\"",
    "\"the quick brown fox jumps over the lazy dog\"",
    "\"<a href='x'>&</a>\"",
    "\"日本語 text\"",
    "\"1e3\"",
    "\"9999999999999999999\"",
    "\"2.00\"",
    "\"0b11\"",
    "\"1_000\"",
    "`{\"a\":[1,2.5,\"x\",null,true]}`",
    "\"a b\\tc\"",
    "\"99\"",
    "\"..\"",
    "\"/a/b/../c.tar.gz\"",
];
const ANY: &[&str] = &[
    "nil",
    "true",
    "false",
    ".nil",
    ".missing",
    ".list",
    ".map",
    ".deep",
    "(list)",
    "(list 1 2 3)",
    "(list \"a\" \"b\" \"a\" nil \"\")",
    "(list (list 1) (dict \"a\" 1))",
    "(splitList \",\" \"b,a,c\")",
    "(until 3)",
    "(dict)",
    "(dict \"a\" 1)",
    "(dict \"a\" \"\")",
    "(dict \"b\" (dict \"c\" 2))",
    "(split \"/\" \"a\")",
    "(toDate \"2006-01-02\" \"2024-02-29\")",
    "(semver \"1.2.3-rc.1+x\")",
    "(chunk 2 (list 1 2 3))",
    "(list 1.5 2 \"x\" true)",
    "(urlParse \"http://u:p@h:8/p?q#f\")",
    "1i",
    "'x'",
    "(rest (list 1))",
    "(duration 5)",
    "(dict \"a\" (list 1 2) \"b\" (dict))",
    "(tuple \"x\")",
];
const LISTS: &[&str] = &[
    ".list",
    ".deep",
    "(list)",
    "(list 1 2 3)",
    "(list \"a\" \"b\" \"a\" nil \"\")",
    "(splitList \",\" \"b,a,c\")",
    "(until 3)",
    "(chunk 2 (list 1 2 3))",
    "(list 0 \"\" nil false (list) (dict))",
    "(list 1 1.0 \"1\")",
];
const MAPS: &[&str] = &[
    ".map",
    "(dict)",
    "(dict \"a\" 1)",
    "(dict \"a\" \"\")",
    "(dict \"b\" (dict \"c\" 2))",
    "(dict \"a\" (dict \"b\" (dict \"d\" 4)))",
    "(dict \"a\" (list 1 2) \"x\" 0)",
    "(dict \"x\" nil \"a\" false)",
    "(dict \"scheme\" \"http\" \"host\" \"h\" \"path\" \"/a b\")",
];

/// Functions whose results are random, depend on the present time, or take seconds.
const UNSTABLE: &[&str] = &[
    "ago",
    "bcrypt",
    "buildCustomCert",
    "derivePassword",
    "encryptAES",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "getHostByName",
    "htpasswd",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "shuffle",
    "uuidv4",
    "date",
    "dateInZone",
    "date_in_zone",
    "htmlDate",
    "htmlDateInZone",
    "durationRound",
];

fn pick(random: &mut Random, pool: &[&'static str]) -> &'static str {
    pool[random.below(pool.len())]
}

fn any(random: &mut Random) -> &'static str {
    let pools = [INTS, NUMBERS, STRINGS, LISTS, MAPS, ANY];
    let pool = pools[random.below(pools.len())];
    pick(random, pool)
}

/// An expression that mostly has the wanted type.
fn argument(random: &mut Random, wanted: Type) -> &'static str {
    if random.below(8) == 0 {
        return any(random);
    }
    match wanted {
        Type::Int | Type::Int64 => pick(random, INTS),
        Type::Float => pick(random, NUMBERS),
        Type::Str => pick(random, STRINGS),
        Type::Bool => pick(random, &["true", "false"]),
        Type::MapOfAny => pick(random, MAPS),
        Type::ListOfAny | Type::ListOfStr => pick(random, LISTS),
        Type::Time => "(toDate \"2006-01-02T15:04\" \"2024-02-29T23:59\")",
        _ => any(random),
    }
}

#[test]
fn random_calls_agree() {
    let cases = std::env::var("SPRIG_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100);
    let only = std::env::var("SPRIG_ONLY").ok();
    let mut both = Both::start();
    let mut random = Random(7);
    let functions: BTreeMap<_, _> = sprig::functions().into_iter().collect();
    for (name, function) in functions {
        if UNSTABLE.contains(&name) || only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        for _ in 0..cases {
            let mut wanted = function.params.to_vec();
            if let Some(variadic) = function.variadic {
                wanted.extend(std::iter::repeat_n(variadic, random.below(4)));
            }
            match random.below(20) {
                0 => drop(wanted.pop()),
                1 => wanted.push(Type::Any),
                _ => {}
            }
            let arguments: Vec<_> = wanted.iter().map(|wanted| argument(&mut random, *wanted)).collect();
            // Go would ask for more memory than there is.
            let greedy =
                matches!(name, "until" | "untilStep" | "seq" | "repeat" | "indent" | "nindent" | "chunk" | "mustChunk");
            if greedy && arguments.contains(&"9223372036854775807") {
                continue;
            }
            let mut call = format!("({name} {})", arguments.join(" ")).replace(" )", ")");
            if matches!(name, "keys" | "values") {
                // Go's order is random.
                call = format!("(sortAlpha {call})");
            }
            both.compare(&format!("{{{{ $x := {call} }}}}{{{{ printf \"%T %v\" $x $x }}}} {{{{ toJson $x }}}}"));
        }
    }
    both.differences.finish();
}
