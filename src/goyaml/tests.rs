//! Tables of what Go answers. The differential tests (`tests/reference_yaml.rs` and its neighbours) ask Go itself.

use super::*;
use crate::gotemplate::GoStr;

/// What a YAML document is in JSON.
fn json_of(yaml: &str) -> String {
    match from_yaml(yaml.as_bytes()) {
        Ok(value) => String::from_utf8(to_json(&value, false).unwrap()).unwrap(),
        Err(error) => error.to_string(),
    }
}

fn yaml_of(json: &str) -> String {
    let value = from_json(json.as_bytes()).unwrap();
    String::from_utf8(to_yaml(&value).unwrap()).unwrap()
}

fn pretty_of(json: &str) -> String {
    let value = from_json(json.as_bytes()).unwrap();
    String::from_utf8(to_yaml_pretty(&value).unwrap()).unwrap()
}

#[test]
fn plain_scalars_mean_what_yaml_1_1_says() {
    for (yaml, json) in [
        ("yes", "true"),
        ("Off", "false"),
        ("n", "false"),
        ("nO", "\"nO\""),
        ("~", "null"),
        ("", "null"),
        ("010", "8"),
        ("0o10", "8"),
        ("08", "8"),
        ("0x1F", "31"),
        ("-0b11", "-3"),
        ("0b-11", "-3"),
        ("1_000", "1000"),
        ("1:30", "\"1:30\""),
        ("+1", "1"),
        ("1e3", "1000"),
        ("1.", "1"),
        (".5", "0.5"),
        (".", "\".\""),
        ("1e400", "\"1e400\""),
        ("2001-01-01", "\"2001-01-01\""),
        ("18446744073709551615", "18446744073709552000"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"),
        ("!!str 5", "\"5\""),
        ("!!float 5", "5"),
        ("!!binary aGk=", "\"hi\""),
        ("!own x", "\"x\""),
        ("'5'", "\"5\""),
        ("\"\\x41\\u00e9\\U0001F600\\N\"", "\"Aé😀\u{85}\""),
    ] {
        assert_eq!(json_of(yaml), json, "{yaml}");
    }
}

#[test]
fn collections_are_read() {
    for (yaml, json) in [
        ("a: 1\nb:\n- x\n- w: {z: [1, 2,]}\n", r#"{"a":1,"b":["x",{"w":{"z":[1,2]}}]}"#),
        ("? a\n: b\n? c", r#"{"a":"b","c":null}"#),
        ("- - a\n  - b\n-\n- c", r#"[["a","b"],null,"c"]"#),
        ("1: a\n1.5: b\ntrue: c\n'x': d", r#"{"1":"a","1.5":"b","true":"c","x":"d"}"#),
        ("a: &x {b: 1}\nc: *x\nd:\n  b: 0\n  <<: *x\n  e: 2", r#"{"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}}"#),
        ("<<: [{a: 1, b: 1}, {a: 2}]", r#"{"a":1,"b":1}"#),
        ("a: 1\na: 2", r#"{"a":2}"#),
        ("[a: b, c]", r#"[{"a":"b"},"c"]"#),
        ("--- # first\na: 1\n---\nb: 2", r#"{"a":1}"#),
        ("\u{FEFF}a: 1\r\nb: 2\r\n", r#"{"a":1,"b":2}"#),
        ("%YAML 1.1\n%TAG !e! tag:yaml.org,2002:\n---\n!e!int 5", "5"),
        ("# nothing", "null"),
    ] {
        assert_eq!(json_of(yaml), json, "{yaml}");
    }
}

#[test]
fn scalars_on_several_lines_are_folded() {
    for (yaml, json) in [
        ("a\nb\n\nc", "\"a b\\nc\""),
        ("\"a \\\n  b\n  c\"", "\"a b c\""),
        ("'it''s\n\n  so'", "\"it's\\nso\""),
        ("|\n a\n  b\n\n", "\"a\\n b\\n\""),
        ("|+\n a\n\n", "\"a\\n\\n\""),
        ("|-\n a\n", "\"a\""),
        (">\n a\n b\n\n c\n  d\n e\n", "\"a b\\nc\\n d\\ne\\n\""),
        ("|2\n   a\n  b", "\" a\\nb\""),
        ("x: >-2 # c\n    a\n   b", "{\"x\":\"  a\\n b\"}"),
    ] {
        assert_eq!(json_of(yaml), json, "{yaml}");
    }
}

#[test]
fn faults_are_reported_with_gos_words_and_lines() {
    for (yaml, error) in [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: 1\nb: c: d", "yaml: line 2: mapping values are not allowed in this context"),
        ("a:\n\t- b", "yaml: line 2: found character that cannot start any token"),
        ("a: [1, 2", "yaml: line 1: did not find expected ',' or ']'"),
        ("a: {b: c", "yaml: line 1: did not find expected ',' or '}'"),
        ("a: 'x", "yaml: found unexpected end of stream"),
        ("a: @x", "yaml: found character that cannot start any token"),
        ("a: *x", "yaml: unknown anchor 'x' referenced"),
        ("&a [*a]", "yaml: anchor 'a' value contains itself"),
        ("{{ .Values.x }}: 1", "yaml: invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}"),
        ("<<: 1", "yaml: map merge requires map or sequence of maps as the value"),
        ("!!int x", "yaml: cannot decode !!str `x` as a !!int"),
        ("a: \u{1}", "yaml: control characters are not allowed"),
        ("~: 1", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1"),
        ("a: .nan", "json: unsupported value: NaN"),
        ("- a\nb", "yaml: line 3: could not find expected ':'"),
    ] {
        assert_eq!(json_of(yaml), format!("error converting YAML to JSON: {error}"), "{yaml}");
    }
    let error = from_yaml_map(b"- a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"
    );
    let error = from_yaml_strict(b"a: 1\na: 2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "error converting YAML to JSON: yaml: unmarshal errors:\n  line 2: key \"a\" already set in map"
    );
}

#[test]
fn depth_and_aliases_are_bounded() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(from_yaml(nested(10_000).as_bytes()).is_ok());
    assert_eq!(json_of(&nested(10_001)), "error converting YAML to JSON: yaml: exceeded max depth of 10000");
    assert!(from_json(nested(10_000).as_bytes()).is_ok());
    assert_eq!(
        from_json(nested(10_001).as_bytes()).unwrap_err().to_string(),
        "invalid character '[' exceeded max depth"
    );
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let alias = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", ")));
    }
    assert_eq!(json_of(&bomb), "error converting YAML to JSON: yaml: document contains excessive aliasing");
}

#[test]
fn values_are_written_as_yaml() {
    for (json, yaml) in [
        (r#"{"b":[1,{"c":2,"d":[]}],"a":{}}"#, "a: {}\nb:\n- 1\n- c: 2\n  d: []\n"),
        (r"[[1,[2]],[]]", "- - 1\n  - - 2\n- []\n"),
        (r#"{"a10":1,"a9":1,"a-1":1,"B":1,"_":1,"é":1}"#, "_: 1\nB: 1\na-1: 1\na9: 1\na10: 1\né: 1\n"),
        (r#""yes""#, "\"yes\"\n"),
        (r#""1e3""#, "\"1e3\"\n"),
        (r#""1:30""#, "\"1:30\"\n"),
        (r#""2001-01-01""#, "\"2001-01-01\"\n"),
        (r#""a: b""#, "'a: b'\n"),
        (r##""# it's""##, "'# it''s'\n"),
        (r#""""#, "\"\"\n"),
        (r#"" a""#, "' a'\n"),
        (r#""a\tb""#, "\"a\\tb\"\n"),
        (r#""a\nb\n""#, "|\n  a\n  b\n"),
        (r#"{"k":"a\n\nb"}"#, "k: |-\n  a\n\n  b\n"),
        (r#"{"k":" a\nb\n\n"}"#, "k: |2+\n   a\n  b\n\n"),
        (r#"{"k":"a \nb"}"#, "k: \"a \\nb\"\n"),
        (r#"{"a\nb":1}"#, "? |-\n  a\n  b\n: 1\n"),
        ("1e6", "1000000\n"),
        ("1e21", "1e+21\n"),
        ("0.00001", "1e-05\n"),
        ("-0", "0\n"),
        ("\"\u{85}\"", "' '\n"),
        ("null", "null\n"),
    ] {
        assert_eq!(yaml_of(json), yaml, "{json}");
    }
    let long = format!("\"{}\"", "word ".repeat(20).trim());
    let folded = format!("{}\n  {}\n", "word ".repeat(17).trim(), "word ".repeat(3).trim());
    assert_eq!(yaml_of(&long), folded);
    assert!(to_yaml(&Value::str("\u{7F}")).is_err(), "YAML has no DEL");
}

#[test]
fn values_are_written_as_pretty_yaml() {
    for (json, yaml) in [
        (r#"{"b":[1,{"c":2,"d":[]}],"a":{}}"#, "a: {}\nb:\n  - 1\n  - c: 2\n    d: []\n"),
        ("1000000", "1e+06\n"),
        (r#"{"a1b":1,"a1-":1,"a1":1,"ab":1}"#, "a1: 1\na1b: 1\na1-: 1\nab: 1\n"),
        (r#""on""#, "\"on\"\n"),
        (r#""a\tb\n""#, "|\n  a\tb\n"),
    ] {
        assert_eq!(pretty_of(json), yaml, "{json}");
    }
    let long = format!("\"{}\"", "word ".repeat(40).trim());
    assert_eq!(pretty_of(&long), format!("{}\n", "word ".repeat(40).trim()));
    assert_eq!(to_yaml_pretty(&Value::str(vec![0xFF])).unwrap(), b"!!binary /w==\n");
}

#[test]
fn json_is_written_as_go_writes_it() {
    let value = Value::map([
        ("b", Value::str("<a & b>\u{2028}\u{7F}\n\u{1}")),
        ("a", Value::list(vec![Value::int(1), Value::Float(1e21), Value::Float(1e-7), Value::Float(0.1), Value::Nil])),
        ("c", Value::Bytes(vec![0xFF].into())),
        ("d", Value::str(vec![b'x', 0xFF])),
    ]);
    assert_eq!(
        String::from_utf8(to_json(&value, true).unwrap()).unwrap(),
        "{\"a\":[1,1e+21,1e-7,0.1,null],\"b\":\"\\u003ca \\u0026 b\\u003e\\u2028\u{7F}\\n\\u0001\",\"c\":\"/w==\",\"d\":\"x\\ufffd\"}"
    );
    let value = Value::map([("a", Value::list(vec![Value::int(1)])), ("b", Value::list(Vec::new()))]);
    assert_eq!(to_json_indent(&value, "", "  ", true).unwrap(), b"{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}");
}

#[test]
fn a_map_that_contains_itself_is_refused() {
    let map = Value::map(Vec::<(&str, Value)>::new());
    map.as_map().unwrap().insert("self", map.clone());
    let error = to_yaml(&map).unwrap_err().to_string();
    assert_eq!(
        error,
        "error marshaling into JSON: json: unsupported value: encountered a cycle via map[string]interface {}"
    );
    assert!(to_yaml_pretty(&map).is_err());
    assert!(to_toml(&map).is_err());
    map.as_map().unwrap().insert("self", Value::list(vec![map.clone()]));
    assert!(to_yaml(&map).is_err());
    assert!(to_yaml_pretty(&map).is_err());
    assert!(to_toml(&map).is_err());
    map.as_map().unwrap().borrow_mut().clear();
}

#[test]
fn faults_in_json_are_reported_with_gos_words() {
    for (json, error) in [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ("nul", "invalid character ' ' in literal null (expecting 'l')"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("[1 2]", "invalid character '2' after array element"),
        ("01", "invalid character '1' after top-level value"),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("'", "invalid character '\\'' looking for beginning of value"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("1e999", "json: cannot unmarshal number 1e999 into Go value of type float64"),
    ] {
        assert_eq!(from_json(json.as_bytes()).unwrap_err().to_string(), error, "{json}");
    }
    let (value, length) = from_json_prefix(b" {\"a\": [1]}, rest").unwrap();
    assert_eq!((to_json(&value, true).unwrap(), length), (b"{\"a\":[1]}".to_vec(), 11));
    assert_eq!(from_json_prefix(b"  ").unwrap_err().to_string(), "EOF");
    assert_eq!(from_json_prefix(b"[1").unwrap_err().to_string(), "unexpected EOF");
}

#[test]
fn structs_take_what_fits() {
    static OWNER: Struct =
        Struct { package: "v2", name: "Owner", fields: &[schema::Field { name: "name", ty: Type::Str }] };
    static CHART: Struct = Struct {
        package: "v2",
        name: "Chart",
        fields: &[
            schema::Field { name: "version", ty: Type::Str },
            schema::Field { name: "owners", ty: Type::List(&Type::Pointer(&Type::Struct(&OWNER))) },
        ],
    };
    let read = |text: &str, strict| match from_yaml_struct(text.as_bytes(), &CHART, strict) {
        Ok(value) => String::from_utf8(to_json(&value, true).unwrap()).unwrap(),
        Err(error) => error.to_string(),
    };
    assert_eq!(read("Version: 1.10\nother: x", false), r#"{"version":"1.1"}"#);
    assert_eq!(
        read("owners: [{name: [x]}]", false),
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Owner.owners.name of type string"
    );
    assert_eq!(
        read("owners: x", false),
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field Chart.owners of type []*v2.Owner"
    );
    assert_eq!(read("other: x", true), "error unmarshaling JSON: while decoding JSON: json: unknown field \"other\"");
}

#[test]
fn toml_is_read_and_written() {
    let time = |t: &DateTime| Value::str(format!("{}-{}-{}", t.year, t.month, t.day));
    let read = |text: &str| match from_toml(text.as_bytes(), &time) {
        Ok(value) => String::from_utf8(to_json(&value, true).unwrap()).unwrap(),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        read("a = 1\nb.c = [1.5, \"x\\n\", 2001-02-03]\n[[t]]\nx = {y = true}\n[[t]]\n[t.'q r']\n"),
        r#"{"a":1,"b":{"c":[1.5,"x\n","2001-2-3"]},"t":[{"x":{"y":true}},{"q r":{}}]}"#
    );
    for (toml, error) in [
        ("a = 1\na = 2", "toml: line 2 (last key \"a\"): Key 'a' has already been defined."),
        ("a = ", "toml: line 1 (last key \"a\"): unexpected EOF; expected value"),
        ("a = 01", "toml: line 1 (last key \"a\"): Invalid integer \"01\": cannot have leading zeroes"),
        ("[a", "toml: line 1: expected '.' or ']' to end table name, but got '\\x00' instead"),
    ] {
        assert_eq!(read(toml), error, "{toml}");
    }
    let value = from_json(br#"{"z":1.0,"a":{"k":["x",1.5],"t":[{"n":1},{"n":2}]},"e":[],"s":"\"\n"}"#).unwrap();
    assert_eq!(
        String::from_utf8(to_toml(&value).unwrap()).unwrap(),
        "e = []\ns = \"\\\"\\n\"\nz = 1.0\n\n[a]\n  k = [\"x\", 1.5]\n\n  [[a.t]]\n    n = 1.0\n\n  [[a.t]]\n    n = 2.0\n"
    );
    let error = to_toml(&Value::map([("a", Value::list(vec![Value::Nil]))])).unwrap_err();
    assert_eq!(error.to_string(), "toml: cannot encode array with nil element");
}

#[test]
fn documents_are_split_as_kubernetes_does() {
    let split = |text: &str| {
        documents(text.as_bytes())
            .map(|d| d.iter().map(|d| GoStr::from(&d[..]).to_str().into_owned()).collect::<Vec<_>>())
    };
    assert_eq!(split("a: 1\r\n--- # x\nb: 2").unwrap(), ["a: 1\n", "b: 2\n"]);
    assert_eq!(split("---\na: 1\n").unwrap(), ["---\na: 1\n"]);
    assert_eq!(split("a\n--- b\n").unwrap_err().to_string(), "invalid Yaml document separator: b");
}
