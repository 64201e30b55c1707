//! Every function of sprig against the original: the same calls through Go's `text/template` and through ours, results and
//! error texts compared byte for byte.
//!
//! `SPRIG_CASES` sets how many random calls of each function are compared (300).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use vulas_native::gotemplate::{MissingKey, Set, Type};
use vulas_native::goyaml::from_json;
use vulas_native::sprig;

struct Reference {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

type Answer = Result<Vec<u8>, String>;

impl Reference {
    fn start() -> Self {
        let program = std::env::var("GOREF").unwrap_or_else(|_| "/work/scratch/sprig/goref/goref".into());
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn render(&mut self, template: &str) -> Answer {
        let request = serde_json::json!({"op": "template", "template": template, "data": data()});
        self.input.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the reference died of {template}");
        let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
        match answer["err"].as_str() {
            Some("") | None => {
                Ok(base64::engine::general_purpose::STANDARD.decode(answer["out"].as_str().unwrap_or("")).unwrap())
            }
            Some(error) => Err(error.to_owned()),
        }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn data() -> serde_json::Value {
    serde_json::json!({
        "n": 3, "f": 2.5, "s": "text", "empty": "", "nil": null, "yes": true,
        "list": ["b", "a", 1, null], "map": {"a": {"b": {"c": 1}}, "x": "y"}, "deep": [[1, 2], {"k": "v"}],
    })
}

fn render(template: &str) -> Answer {
    let functions = sprig::functions();
    let mut set = Set::new("t", &functions).missing_key(MissingKey::Zero);
    set.parse("t", template).map_err(|error| error.to_string())?;
    let data = from_json(data().to_string().as_bytes()).unwrap();
    set.execute("t", data, &mut ()).map_err(|error| error.to_string())
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

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn pick<'a>(&mut self, pool: &[&'a str]) -> &'a str {
        pool[self.below(pool.len())]
    }

    fn any(&mut self) -> &'static str {
        match self.below(6) {
            0 => self.pick(INTS),
            1 => self.pick(NUMBERS),
            2 => self.pick(STRINGS),
            3 => self.pick(LISTS),
            4 => self.pick(MAPS),
            _ => self.pick(ANY),
        }
    }

    fn argument(&mut self, wanted: Type) -> &'static str {
        if self.below(8) == 0 {
            return self.any();
        }
        match wanted {
            Type::Int | Type::Int64 => self.pick(INTS),
            Type::Float => self.pick(NUMBERS),
            Type::Str => self.pick(STRINGS),
            Type::Bool => self.pick(&["true", "false"]),
            Type::MapOfAny => self.pick(MAPS),
            Type::ListOfAny | Type::ListOfStr => self.pick(LISTS),
            Type::Time => "(toDate \"2006-01-02T15:04\" \"2024-02-29T23:59\")",
            _ => self.any(),
        }
    }
}

fn compare(reference: &mut Reference, template: &str, differences: &mut Vec<String>) {
    let (expected, actual) = (reference.render(template), render(template));
    if expected != actual {
        let show = |answer: &Answer| match answer {
            Ok(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
            Err(error) => format!("ERROR {error}"),
        };
        differences.push(format!("{template}\n   go: {}\n ours: {}", show(&expected), show(&actual)));
    }
}

fn report(differences: &[String], total: usize) {
    for difference in differences.iter().take(60) {
        println!("{difference}");
    }
    assert!(differences.is_empty(), "{} of {total} calls differ", differences.len());
}

#[test]
fn random_calls_agree() {
    let cases = std::env::var("SPRIG_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    let only = std::env::var("SPRIG_ONLY").ok();
    let mut reference = Reference::start();
    let mut random = Random(7);
    let (mut differences, mut total) = (Vec::new(), 0);
    let functions: BTreeMap<_, _> = sprig::functions().into_iter().collect();
    let mut counts = BTreeMap::new();
    for (name, function) in functions {
        if UNSTABLE.contains(&name) || only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let before = differences.len();
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
            let arguments: Vec<_> = wanted.iter().map(|wanted| random.argument(*wanted)).collect();
            // Go would ask for more memory than there is.
            let greedy =
                matches!(name, "until" | "untilStep" | "seq" | "repeat" | "indent" | "nindent" | "chunk" | "mustChunk");
            if greedy && arguments.contains(&"9223372036854775807") {
                continue;
            }
            let mut call = format!("({name} {})", arguments.join(" ")).replace(" )", ")");
            if matches!(name, "keys" | "values") {
                call = format!("(sortAlpha {call})");
            }
            let template = format!("{{{{ $x := {call} }}}}{{{{ printf \"%T %v\" $x $x }}}} {{{{ toJson $x }}}}");
            compare(&mut reference, &template, &mut differences);
            total += 1;
        }
        if differences.len() > before {
            counts.insert(name, differences.len() - before);
        }
    }
    println!("{total} calls; differing: {counts:?}");
    report(&differences, total);
}
