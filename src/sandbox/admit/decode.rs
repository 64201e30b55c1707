//! Reading an object as the server's Go types would: unknown fields, wrong types, empty values.

use serde_json::{Map, json};

use super::super::json::Json;
use super::super::schema::{MapType, Scalar, Schema, Type, TypeId};
use super::super::status::Cause;

/// Fields of wrong types and fields that are not known.
#[derive(Debug, Default)]
pub struct Findings {
    /// `unknown field "spec.replica"`
    pub unknown: Vec<String>,
    /// The first wrong type: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
    pub wrong: Option<String>,
    /// The same, as custom resources are told it.
    pub mistyped: Option<Cause>,
}

struct Walker<'a> {
    schema: &'a Schema,
    findings: Findings,
}

/// Brings `object` into the form that the server would give it: unknown fields and empty values dropped, structs that are
/// always there made.
pub fn decode(schema: &Schema, ty: TypeId, object: &mut Json) -> Findings {
    let mut walker = Walker { schema, findings: Findings::default() };
    walker.value(ty, object, "", "", "");
    walker.findings
}

impl Walker<'_> {
    /// `path` has list indexes, `plain` has none, `owner` is the struct that holds the field.
    fn value(&mut self, ty: TypeId, value: &mut Json, path: &str, plain: &str, owner: &str) {
        match (self.schema.get(ty), &mut *value) {
            (_, Json::Null) | (Type::Any, _) => {}
            (Type::Map(map), Json::Object(object)) => self.object(map, object, path, plain, owner),
            (Type::List(list), Json::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.value(list.element, item, &format!("{path}[{index}]"), plain, owner);
                }
            }
            (Type::Scalar(scalar), scalar_value) => {
                if let Some(go) = mismatch(*scalar, scalar_value) {
                    let cause = Cause::wrong_type(path, json_type(*scalar), word(scalar_value));
                    self.findings.mistyped.get_or_insert(cause);
                    self.wrong(&go, plain, owner);
                } else if *scalar == Scalar::Quantity
                    && let Some(text) = canonical(scalar_value)
                {
                    *scalar_value = text.into();
                }
            }
            (Type::Map(map), other) => {
                let go = if map.name.is_empty() { "map[string]string".into() } else { go_package(&map.name) };
                let text =
                    format!("cannot unmarshal {} into Go struct field {owner}.{plain} of type {go}", word(other));
                self.findings.wrong.get_or_insert(format!("json: {text}"));
            }
            (Type::List(list), other) => {
                let go = match self.schema.get(list.element) {
                    Type::Map(map) => go_package(&map.name),
                    _ => "string".into(),
                };
                let text =
                    format!("cannot unmarshal {} into Go struct field {owner}.{plain} of type []{go}", word(other));
                self.findings.wrong.get_or_insert(format!("json: {text}"));
            }
        }
    }

    fn wrong(&mut self, go: &str, plain: &str, owner: &str) {
        let text = match go.split_once(' ') {
            Some((_, _)) if go.starts_with('!') => go[1..].to_string(),
            Some((what, ty)) => {
                format!("json: cannot unmarshal {what} into Go struct field {owner}.{plain} of type {ty}")
            }
            None => go.to_string(),
        };
        self.findings.wrong.get_or_insert(text);
    }

    fn object(&mut self, map: &MapType, object: &mut Map<String, Json>, path: &str, plain: &str, owner: &str) {
        let owner = if map.name.is_empty() { owner } else { &map.name };
        let keys: Vec<String> = object.keys().cloned().collect();
        for key in keys {
            let below = |prefix: &str| if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            let (field, ty) = (map.fields.get(&key), map.field(&key));
            let Some(ty) = ty else {
                self.findings.unknown.push(format!("unknown field \"{}\"", below(path)));
                object.remove(&key);
                continue;
            };
            let Some(value) = object.get_mut(&key) else { continue };
            // The path of a map's value does not name the key, as Go's decoder prints it.
            let plain = if field.is_some() { below(plain) } else { plain.to_string() };
            self.value(ty, value, &below(path), &plain, owner);
            let drop = match field {
                Some(field) => {
                    value.is_null() || (field.omit_zero && is_zero(value)) || self.empty_collection(field.ty, value)
                }
                None => value.is_null() && map.element.is_none(),
            };
            if drop {
                object.remove(&key);
            }
        }
        for (key, field) in &map.fields {
            if let Some(default) = &field.default
                && !object.contains_key(key)
                && map.name != "ContainerPort"
                && map.name != "ServicePort"
            {
                object.insert(key.clone(), default.clone());
            }
            if field.always && !object.contains_key(key) {
                let mut fresh = json!({});
                self.value(field.ty, &mut fresh, "", "", "");
                object.insert(key.clone(), fresh);
            }
        }
    }

    /// Go drops empty maps (they are all `omitempty`), except where the map is a struct.
    fn empty_collection(&self, ty: TypeId, value: &Json) -> bool {
        match (self.schema.get(ty), value) {
            (Type::Map(map), Json::Object(object)) => {
                object.is_empty() && map.fields.is_empty() && map.element.is_some() && map.name.is_empty()
            }
            _ => false,
        }
    }
}

fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}

fn word(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn json_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Int(_) => "integer",
        Scalar::Number => "number",
        Scalar::Bool => "boolean",
        _ => "string",
    }
}

fn go_package(name: &str) -> String {
    // Every group that is served has v1 types; the package is named after the version.
    format!("v1.{name}")
}

/// Says "found TYPE" when the value is not of the scalar's kind; a text that starts with `!` is a whole message.
fn mismatch(scalar: Scalar, value: &Json) -> Option<String> {
    let wrong = |go: &str| Some(format!("{} {go}", word(value)));
    match scalar {
        Scalar::String if !value.is_string() => wrong("string"),
        Scalar::Bool if !value.is_boolean() => wrong("bool"),
        Scalar::Int(bits) => match value {
            Json::Number(number) if number.is_f64() && number.as_f64().is_none_or(|n| n.fract() != 0.0) => {
                wrong(if bits == 32 { "int32" } else { "int64" })
            }
            Json::Number(_) => None,
            _ => wrong(if bits == 32 { "int32" } else { "int64" }),
        },
        Scalar::Number if !value.is_number() => wrong("float64"),
        Scalar::Bytes => match value.as_str() {
            None => wrong("[]uint8"),
            Some(text) => {
                use base64::Engine;
                let error = base64::engine::general_purpose::STANDARD.decode(text).err()?;
                let at = match error {
                    base64::DecodeError::InvalidByte(at, _)
                    | base64::DecodeError::InvalidLastSymbol(at, _)
                    | base64::DecodeError::InvalidLength(at) => at,
                    base64::DecodeError::InvalidPadding => text.len(),
                };
                Some(format!("!illegal base64 data at input byte {at}"))
            }
        },
        Scalar::Quantity => match value {
            Json::String(text) if quantity(text).is_none() => Some(
                "!quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".into(),
            ),
            Json::String(_) | Json::Number(_) => None,
            _ => wrong("resource.Quantity"),
        },
        Scalar::IntOrString if !(value.is_string() || value.is_number()) => wrong("intstr.IntOrString"),
        Scalar::Time => match value.as_str() {
            Some(text) if text.parse::<jiff::Timestamp>().is_ok() => None,
            Some(text) => Some(format!(
                "!parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\""
            )),
            None => wrong("string"),
        },
        _ => None,
    }
}

/// The form in which the server keeps a quantity: `1000m` is `1`, `1024Mi` is `1Gi`, 0.5 is `500m`.
fn canonical(value: &Json) -> Option<String> {
    const BILLIONTHS: i128 = 1_000_000_000;
    let text = match value {
        Json::String(text) => text.clone(),
        number => number.to_string(),
    };
    if text.contains(['e', 'E']) {
        // Written with an exponent, it stays so.
        return Some(text);
    }
    let amount = billionths(&text)?;
    if amount == 0 {
        return Some("0".into());
    }
    if text.ends_with('i') && amount % BILLIONTHS == 0 && amount.abs() >= 1024 * BILLIONTHS {
        let (mut mantissa, mut power) = (amount / BILLIONTHS, 0);
        while mantissa % 1024 == 0 && power < 6 {
            mantissa /= 1024;
            power += 1;
        }
        return Some(format!("{mantissa}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power]));
    }
    let suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let (mut mantissa, mut power) = (amount, 0);
    while mantissa % 1000 == 0 && power + 1 < suffixes.len() {
        mantissa /= 1000;
        power += 1;
    }
    Some(format!("{mantissa}{}", suffixes[power]))
}

/// A quantity in thousandths of its unit; `None` when it is not one.
pub fn quantity(text: &str) -> Option<i128> {
    billionths(text).map(|amount| amount / 1_000_000)
}

/// A quantity in billionths of its unit, below which nothing is kept.
fn billionths(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (number, suffix) = match suffix.strip_prefix(['e', 'E']) {
        // `1e3`, but `1E` alone is exa.
        Some(exponent) if exponent.parse::<i32>().is_ok() => {
            let scaled = format!("{number}e{exponent}").parse::<f64>().ok()?;
            return Some((scaled * 1e9).round() as i128);
        }
        _ => (number, suffix),
    };
    let factor: f64 = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    };
    if number.is_empty() || number.matches('.').count() > 1 || !number.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // Exactly, as far as nine digits go.
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let negative = whole.starts_with('-');
    let whole: i128 = if whole.trim_start_matches(['+', '-']).is_empty() { 0 } else { whole.parse().ok()? };
    let billionths = whole.abs() * 1_000_000_000 + digits.parse::<i128>().ok()?;
    let scaled = if factor < 1.0 {
        billionths / (1.0 / factor).round() as i128
    } else {
        billionths.checked_mul(factor as i128)?
    };
    Some(if negative { -scaled } else { scaled })
}

#[cfg(test)]
mod tests {
    use super::super::super::schema::recorded;
    use super::*;

    fn read(kind: &str, mut object: Json) -> (Json, Findings) {
        let schema = &recorded().schema;
        let findings = decode(schema, schema.named(kind).unwrap(), &mut object);
        (object, findings)
    }

    #[test]
    fn unknown_fields_are_named_with_their_place() {
        let (object, findings) =
            read("io.k8s.api.core.v1.PodSpec", json!({"containers": [{"name": "a", "imagee": "x"}], "replicas": 1}));
        assert_eq!(findings.unknown, ["unknown field \"containers[0].imagee\"", "unknown field \"replicas\""]);
        assert_eq!(object, json!({"containers": [{"name": "a", "resources": {}}]}));
    }

    #[test]
    fn wrong_types_read_as_go_says_them() {
        let (_, findings) = read("io.k8s.api.apps.v1.Deployment", json!({"spec": {"replicas": "two"}}));
        assert_eq!(
            findings.wrong.unwrap(),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
        );
    }

    #[test]
    fn pointers_keep_their_zeroes_and_values_do_not() {
        let (object, _) = read(
            "io.k8s.api.core.v1.PodSpec",
            json!({"hostNetwork": false, "automountServiceAccountToken": false, "nodeSelector": {}, "nodeName": null,
                "containers": [{"name": "a", "env": [{"name": "A", "value": ""}], "resources": {"limits": {}}}]}),
        );
        assert_eq!(
            object,
            json!({"automountServiceAccountToken": false, "containers": [{"name": "a", "env": [{"name": "A"}], "resources": {}}]})
        );
    }

    #[test]
    fn quantities() {
        assert_eq!(quantity("500m"), Some(500));
        assert_eq!(quantity("10Gi"), Some(10 * 1024 * 1024 * 1024 * 1000));
        assert_eq!(quantity("1e3"), Some(1_000_000));
        for (given, kept) in [
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5", "500m"),
            ("100Mi", "100Mi"),
            ("1000", "1k"),
            ("1G", "1G"),
            ("0", "0"),
            ("-2", "-2"),
            ("1e3", "1e3"),
        ] {
            assert_eq!(canonical(&json!(given)).as_deref(), Some(kept), "{given}");
        }
        assert_eq!(quantity("10GiB"), None);
        assert_eq!(quantity(""), None);
    }
}
