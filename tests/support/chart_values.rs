//! Random values of charts: files, `--set` in all its kinds, schemas.

use serde_json::{Map, Value as Json, json};

use super::documents::{Documents, mutate};
use super::random::Random;

/// Keys that the templates and subcharts of generated charts know.
const KEYS: &[&str] = &[
    "n", "s", "f", "empty", "list", "map", "deep", "nil", "yes", "a", "b", "c", "x", "global", "tags", "exports",
    "data", "enabled", "one", "two", "lib", "other", "imported",
];

const SCALARS: &[&str] = &[
    "1",
    "0",
    "-3",
    "2.5",
    "true",
    "false",
    "null",
    "~",
    "\"\"",
    "text",
    "\"a b\"",
    "[]",
    "{}",
    "1e3",
    "0x1F",
    "010",
    "yes",
    "2001-01-01",
    "'{{ .Values.n }}'",
    "'{{ include \"c.text\" . }}'",
    "'{{ .Release.Name }}-{{ .Values.s }}'",
    "9007199254740993",
    "12345678901234567890",
    "[1, two, null]",
    "{a: 1, b: null}",
    "{a: {x: {y: 1}}}",
    "!!str 5",
    "",
    "[a, {b: c}]",
    "1.0",
    "'1'",
    "'{{ nope }}'",
    "'{{ .Values.a.b.c }}'",
    "1_000",
    "\"é\\n\"",
];

/// What the generated templates expect.
const USUAL: &str = "n: 3\nf: 2.5\ns: text\nempty: \"\"\nnil: null\nyes: true\nlist: [b, a, 1, null]\nmap: {a: {b: {c: 1}}, x: y}\ndeep: [[1, 2], {k: v}]\n";

/// A values file; `subcharts` are the names under which the values of subcharts are.
pub fn file(random: &mut Random, subcharts: &[String]) -> Vec<u8> {
    match random.below(200) {
        0 => return Documents::document(random),
        1 => {
            return (*random.pick(&["", "[]", "a", "null", "# nothing\n", "---\n", "{}", "a: [", "\t", "a: b: c"]))
                .into();
        }
        _ => {}
    }
    let mut text = String::new();
    if random.once_in(2) {
        text += USUAL;
    } else {
        map(random, 0, 3, &mut text);
    }
    let mut add = |random: &mut Random, key: &str, often: usize, body: &mut dyn FnMut(&mut Random, &mut String)| {
        // A key that is there twice is an error.
        let twice = text.lines().any(|line| line.split(':').next() == Some(key)) && !random.once_in(60);
        if random.once_in(often) && !twice {
            text += &format!("{key}:");
            body(random, &mut text);
        }
    };
    for name in subcharts {
        add(random, name, 2, &mut |random, text| {
            if random.once_in(150) {
                *text += " 1\n";
            } else {
                text.push('\n');
                map(random, 2, 2, text);
            }
        });
    }
    add(random, "global", 3, &mut |random, text| {
        text.push('\n');
        map(random, 2, 2, text);
    });
    add(random, "tags", 4, &mut |random, text| {
        let tags = [" {front: true}\n", " {front: false, back: true}\n", " {back: x}\n", " 1\n"];
        *text += *random.pick(&tags);
    });
    add(random, "exports", 4, &mut |random, text| {
        *text += "\n  data:\n";
        map(random, 4, 2, text);
    });
    add(random, "enabled", 3, &mut |random, text| {
        *text += &format!(" {}\n", random.pick(&["true", "false", "x", "null", "1"]));
    });
    if random.once_in(15) {
        text = format!("---\n{text}---\n");
        map(random, 0, 2, &mut text);
    }
    if random.once_in(150) { mutate(random, text.into()) } else { text.into() }
}

fn map(random: &mut Random, indent: usize, depth: usize, out: &mut String) {
    let mut seen = Vec::new();
    for _ in 0..=random.below(5) {
        let key = *random.pick(KEYS);
        if seen.contains(&key) && !random.once_in(400) {
            continue;
        }
        seen.push(key);
        *out += &format!("{}{key}:", " ".repeat(indent));
        match if depth == 0 { 9 } else { random.below(10) } {
            0..=2 => {
                out.push('\n');
                map(random, indent + 2, depth - 1, out);
            }
            3 => {
                out.push('\n');
                for _ in 0..=random.below(3) {
                    *out += &format!("{}- {}\n", " ".repeat(indent), random.pick(SCALARS));
                }
            }
            _ => *out += &format!(" {}\n", random.pick(SCALARS)),
        }
    }
    if seen.is_empty() {
        *out += &format!("{}a: 1\n", " ".repeat(indent));
    }
}

/// A path of `--set`.
fn path(random: &mut Random) -> String {
    let mut out = String::new();
    // Few values are maps.
    let depth = if random.once_in(10) { 3 } else { random.below(2) };
    for i in 0..=depth {
        if i > 0 {
            out.push('.');
        }
        let maps = i < depth && !random.once_in(20);
        out += *random.pick(if maps { &["map", "global", "one", "two", "exports", "imported", "new"] } else { KEYS });
        if random.once_in(10) {
            out += *random.pick(&["[0]", "[1]", "[2]", "[0][1]", "\\.k", "\\,"]);
        }
        if random.once_in(200) {
            out += *random.pick(&["[-1]", "[x]", "[65537]", "[0", "]", "[ 1 ]"]);
        }
    }
    out
}

/// The texts of `--set`, `--set-string`, `--set-json`, `--set-literal` and `--set-file`.
pub fn set(random: &mut Random) -> [Vec<String>; 5] {
    const VALUES: &[&str] = &[
        "1",
        "true",
        "null",
        "",
        "x",
        "{a,b}",
        "{}",
        "{1,null,true}",
        "a\\,b",
        "\"q\"",
        "[1]",
        "010",
        "1e5",
        "-1",
        "99999999999999999999",
        "x=y",
        "é",
        "a b",
        " ",
        "{a\\,b,c}",
        "false",
        "0",
        "1.5",
        "0x1F",
        "\\{a",
        "nil",
    ];
    const ODD: &[&str] = &["{a}b", "{1,{2}}", "{", "{,}", "\\", "a,b", "}", "{a", "{x: 1}", "{{ .Values.n }}"];
    const JSON: &[&str] = &[
        "{\"a\":null}",
        "[1,2.5,null]",
        "null",
        "1.5",
        "\"s\"",
        "{\"a\":{\"b\":[{}]}}",
        "nul",
        "",
        "{",
        "1,b=2",
        "true",
        "{\"a\":1,\"a\":2}",
        "12345678901234567890",
        "\"\\u00e9\"",
    ];
    let mut all: [Vec<String>; 5] = Default::default();
    for (kind, texts) in all.iter_mut().enumerate() {
        while random.once_in([3, 5, 6, 8, 25][kind]) {
            let mut text = path(random);
            text += if random.once_in(100) { "" } else { "=" };
            match kind {
                2 if random.once_in(3) => text = format!("{{\"{}\": {}}}", random.pick(KEYS), random.pick(JSON)),
                2 => text += *random.pick(JSON),
                4 => {
                    text += *random.pick(&[
                        "fixtures/values/text.txt",
                        "nowhere/x.txt",
                        "",
                        "fixtures/values/text.txt,b=fixtures/values/text.txt",
                    ]);
                }
                _ => {
                    let pool = if random.once_in(60) { ODD } else { VALUES };
                    text += *random.pick(pool);
                    while random.once_in(4) {
                        text += &format!(",{}={}", path(random), random.pick(VALUES));
                    }
                }
            }
            // The path `-` is the standard input.
            if random.once_in(60) && kind != 4 {
                text = String::from_utf8_lossy(&mutate(random, text.into())).into_owned();
            }
            texts.push(text);
        }
    }
    all
}

/// A `values.schema.json`.
pub fn schema_file(random: &mut Random) -> Vec<u8> {
    // Most values are maps with some of these keys.
    let mut schema = if random.once_in(5) {
        schema(random, 3)
    } else {
        let properties: Map<String, Json> =
            (0..=random.below(2)).map(|_| ((*random.pick(KEYS)).to_owned(), schema(random, 2))).collect();
        json!({"type": "object", "properties": properties})
    };
    let version = *random.pick(&[
        "",
        "",
        "http://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-04/schema#",
    ]);
    if let (Json::Object(schema), false) = (&mut schema, version.is_empty()) {
        schema.insert("$schema".into(), version.into());
    }
    if let (Json::Object(schema), true) = (&mut schema, random.once_in(3)) {
        let definitions = if random.once_in(2) { "$defs" } else { "definitions" };
        schema.insert(definitions.into(), json!({"x": self::schema(random, 1), "y": {"type": "string"}}));
    }
    let text = serde_json::to_vec(&schema).unwrap();
    // What is left of a URL would be fetched.
    if version.is_empty() && random.once_in(20) { mutate(random, text) } else { text }
}

fn schema(random: &mut Random, depth: usize) -> Json {
    if random.once_in(20) {
        return Json::Bool(random.once_in(2));
    }
    let mut out = Map::new();
    let some_value = |random: &mut Random| {
        random
            .pick(&[json!(1), json!("text"), json!(null), json!(true), json!({"a": 1}), json!([1]), json!(2.5)])
            .clone()
    };
    for _ in 0..=random.below(3) {
        let number = json!(*random.pick(&[0, 1, 2, 3, 10]));
        let names: Vec<&str> = (0..=random.below(2)).map(|_| *random.pick(KEYS)).collect();
        let (key, value) = match random.below(if depth == 0 { 16 } else { 32 }) {
            0..=2 => {
                ("type", json!(*random.pick(&["object", "string", "number", "integer", "boolean", "array", "null"])))
            }
            3 => ("type", json!(["object", "string"])),
            4 => ("enum", json!([some_value(random), some_value(random)])),
            5 => ("const", some_value(random)),
            6 => (*random.pick(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), number),
            7 => ("multipleOf", json!(*random.pick(&[1.0, 2.0, 0.5, 0.1]))),
            8 => (*random.pick(&["minLength", "maxLength"]), number),
            9 => (
                "pattern",
                json!(*random.pick(&[
                    "^t",
                    "[0-9]+",
                    "^$",
                    "(",
                    "a|b",
                    "(?=x)",
                    "^\\d+$",
                    "^{{.*}}$",
                    "\\w\\s",
                    "[[:digit:]]"
                ])),
            ),
            10 => (
                "format",
                json!(*random.pick(&[
                    "date",
                    "uri",
                    "email",
                    "ipv4",
                    "hostname",
                    "regex",
                    "duration",
                    "uuid",
                    "time",
                    "date-time",
                    "ipv6",
                    "uri-reference",
                    "uri-template",
                    "json-pointer",
                    "relative-json-pointer",
                    "period",
                    "semver",
                    "idn-email",
                    "nope"
                ])),
            ),
            11 => (*random.pick(&["minItems", "maxItems", "minProperties", "maxProperties"]), number),
            12 => ("required", json!(names)),
            13 => ("uniqueItems", json!(true)),
            14 => (
                "$ref",
                json!(*random.pick(&[
                    "#/$defs/x",
                    "#/definitions/x",
                    "#/$defs/y",
                    "#",
                    "#/nope",
                    "#/properties/a",
                    "#/$defs/a,b c"
                ])),
            ),
            15 => ("description", json!("words")),
            16..=20 => {
                let properties: Map<String, Json> =
                    names.iter().map(|name| ((*name).to_owned(), schema(random, depth - 1))).collect();
                ("properties", properties.into())
            }
            21 => ("additionalProperties", schema(random, depth - 1)),
            22 => ("patternProperties", json!({"^[a-f]$": schema(random, depth - 1)})),
            23 => ("items", schema(random, depth - 1)),
            24 => (
                *random.pick(&["anyOf", "oneOf", "allOf"]),
                json!([schema(random, depth - 1), schema(random, depth - 1)]),
            ),
            25 => ("not", schema(random, depth - 1)),
            26 => {
                out.insert("then".into(), schema(random, depth - 1));
                out.insert("else".into(), schema(random, depth - 1));
                ("if", schema(random, depth - 1))
            }
            27 => (
                *random.pick(&["propertyNames", "contains", "unevaluatedProperties", "additionalItems"]),
                schema(random, depth - 1),
            ),
            28 => match random.below(3) {
                0 => {
                    (*random.pick(&["dependentSchemas", "dependencies"]), json!({names[0]: schema(random, depth - 1)}))
                }
                1 => ("unevaluatedItems", schema(random, depth - 1)),
                _ => (*random.pick(&["dependentRequired", "dependencies"]), json!({names[0]: ["a", "zz"]})),
            },
            29 => match random.below(4) {
                0 => (*random.pick(&["minContains", "maxContains"]), number),
                1 => ("items", json!([schema(random, depth - 1), schema(random, depth - 1)])),
                2 if random.once_in(2) => {
                    out.insert("properties".into(), json!({names[0]: {"$ref": "#x"}}));
                    (*random.pick(&["$anchor", "$dynamicAnchor"]), json!("x"))
                }
                2 => ("$id", json!(*random.pick(&["#x", "x.json", "http://example.com/x", "#/properties/a"]))),
                _ => ("exclusiveMinimum", json!(random.once_in(2))),
            },
            _ => ("prefixItems", json!([schema(random, depth - 1)])),
        };
        out.insert(key.into(), value);
    }
    out.into()
}
