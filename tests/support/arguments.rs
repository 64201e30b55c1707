//! Expressions of every type, to call template functions with.
//!
//! Those that are fields (`.n`, `.s`, `.list`...) are there in `fixtures/sprig/data.json`.

use vulas_native::gotemplate::Type;

use super::random::Random;

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
pub const UNSTABLE: &[&str] = &[
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

/// Functions whose work grows with a number that they are given.
pub const GREEDY: &[&str] = &["until", "untilStep", "seq", "repeat", "indent", "nindent", "chunk", "mustChunk"];

/// A number with which [`GREEDY`] functions would ask for more memory than there is.
pub const HUGE: &str = "9223372036854775807";

/// An expression of any type.
pub fn any(random: &mut Random) -> &'static str {
    let pools = [INTS, NUMBERS, STRINGS, LISTS, MAPS, ANY];
    let pool = *random.pick(&pools);
    *random.pick::<&str>(pool)
}

/// An expression that mostly has the wanted type.
pub fn argument(random: &mut Random, wanted: Type) -> &'static str {
    if random.once_in(8) { any(random) } else { fitting(random, wanted) }
}

/// An expression that has the wanted type.
pub fn fitting(random: &mut Random, wanted: Type) -> &'static str {
    *random.pick::<&str>(match wanted {
        Type::Int | Type::Int64 => INTS,
        Type::Float => NUMBERS,
        Type::Str => STRINGS,
        Type::Bool => &["true", "false"],
        Type::MapOfAny => MAPS,
        Type::ListOfAny | Type::ListOfStr => LISTS,
        Type::Time => return "(toDate \"2006-01-02T15:04\" \"2024-02-29T23:59\")",
        _ => return any(random),
    })
}
