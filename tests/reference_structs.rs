//! Documents read into Go structs, compared with sigs.k8s.io/yaml and Helm's own types.
//!
//! Run with `cargo test --features reference --test reference_structs`; needs Go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;

use serde_json::Value as Json;
use support::compare::{compare_reading, ours};
use support::differences::{Differences, cases};
use support::random::Random;
use support::reference::{Answer, base64, reference};
use vulas_native::gotemplate::Value;
use vulas_native::goyaml;
use vulas_native::goyaml::schema::{Field, Struct, Type};

static MAINTAINER: Struct = Struct {
    package: "v2",
    name: "Maintainer",
    fields: &[field("name", Type::Str), field("email", Type::Str), field("url", Type::Str)],
};

static DEPENDENCY: Struct = Struct {
    package: "v2",
    name: "Dependency",
    fields: &[
        field("name", Type::Str),
        field("version", Type::Str),
        field("repository", Type::Str),
        field("condition", Type::Str),
        field("tags", Type::List(&Type::Str)),
        field("enabled", Type::Bool),
        field("import-values", Type::List(&Type::Any)),
        field("alias", Type::Str),
    ],
};

static METADATA: Struct = Struct {
    package: "v2",
    name: "Metadata",
    fields: &[
        field("name", Type::Str),
        field("home", Type::Str),
        field("sources", Type::List(&Type::Str)),
        field("version", Type::Str),
        field("description", Type::Str),
        field("keywords", Type::List(&Type::Str)),
        field("maintainers", Type::List(&Type::Pointer(&Type::Struct(&MAINTAINER)))),
        field("icon", Type::Str),
        field("apiVersion", Type::Str),
        field("condition", Type::Str),
        field("tags", Type::Str),
        field("appVersion", Type::Str),
        field("deprecated", Type::Bool),
        field("annotations", Type::Map(&Type::Str)),
        field("kubeVersion", Type::Str),
        field("dependencies", Type::List(&Type::Pointer(&Type::Struct(&DEPENDENCY)))),
        field("type", Type::Str),
    ],
};

const fn field(name: &'static str, ty: Type) -> Field {
    Field { name, ty }
}

/// The JSON of the struct: Go writes the fields in the order of the declaration and leaves empty ones out, but for two of a
/// dependency.
fn metadata_json(value: &Value) -> Json {
    fn write(value: &Value, ty: &Type) -> String {
        let text = |v: &Value| String::from_utf8(goyaml::to_json(v, true).unwrap()).unwrap();
        match (ty.pointee(), value) {
            (Type::Struct(s), Value::Map(map)) => {
                let mut fields = Vec::new();
                for field in s.fields {
                    let always = s.name == "Dependency" && matches!(field.name, "name" | "repository");
                    let value = map.get(field.name).unwrap_or(if always { Value::str("") } else { Value::Nil });
                    if always || value.truth() {
                        fields.push(format!("\"{}\":{}", field.name, write(&value, &field.ty)));
                    }
                }
                format!("{{{}}}", fields.join(","))
            }
            (Type::List(item), Value::List(list)) => {
                format!("[{}]", list.items.iter().map(|v| write(v, item)).collect::<Vec<_>>().join(","))
            }
            _ => text(value),
        }
    }
    base64(write(value, &Type::Struct(&METADATA)))
}

fn read_ours(op: &str, input: &[u8]) -> Answer {
    ours(goyaml::from_yaml_struct(input, &METADATA, op == "metadataStrict").map(|v| metadata_json(&v)))
}

#[test]
fn structs_are_read_alike() {
    let mut go = reference();
    let mut differences = Differences::default();
    let mut random = Random::new();
    let values = [
        "a",
        "1",
        "1.0",
        "1.10",
        "true",
        "yes",
        "null",
        "~",
        "",
        "[a]",
        "[1, b]",
        "{a: b}",
        "[{name: x}]",
        "[{name: 1, Version: 2}]",
        "[[x]]",
        "[null]",
        "1e3",
        "0x10",
        "2001-01-01",
        "{a: 1, b: true}",
        "{a: {b: c}}",
        "[{tags: [1, a, true]}]",
        "[{enabled: yes}]",
        "[{enabled: 1}]",
        "[{import-values: [a, {child: b}]}]",
        "[{name: [x]}]",
        "[x]",
        "{name: x}",
        "[{nope: 1}]",
        "12345678901234567890",
        ".inf",
        "\"1\"",
        "1_000",
        "|\n    x\n    y",
        "[{name: a, name: b}]",
        "-0.0",
        "123456789.5",
        "{1: 2, ~: 3}",
    ];
    let keys = [
        "name",
        "Name",
        "NAME",
        "version",
        "apiVersion",
        "apiversion",
        "APIVERSION",
        "appVersion",
        "sources",
        "keywords",
        "maintainers",
        "dependencies",
        "Dependencies",
        "annotations",
        "deprecated",
        "type",
        "tags",
        "unknown",
        "home",
        "kubeVersion",
        "\u{212A}eywords",
        "1",
        "true",
        "import-values",
        "description",
        "\"\"",
        "~",
        "icon",
    ];
    let mut inputs: Vec<Vec<u8>> = Vec::new();
    for key in keys {
        inputs.extend(values.map(|value| format!("{key}: {value}\n").into_bytes()));
    }
    inputs.extend(values.map(|value| value.as_bytes().to_vec()));
    for _ in 0..cases(3000) {
        let mut text = String::new();
        for _ in 0..=random.below(5) {
            let _ = writeln!(text, "{}: {}", random.pick(&keys), random.pick(&values));
        }
        inputs.push(text.into());
    }
    for op in ["metadata", "metadataStrict"] {
        compare_reading(&mut go, &mut differences, op, &inputs, read_ours);
    }
    differences.finish();
}
