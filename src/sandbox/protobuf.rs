//! Objects that clients send in protobuf instead of JSON: read by the field numbers of the recorded types.

use base64::Engine;
use serde_json::{Map, json};

use super::json::{Access, Json};
use super::schema::{ListType, MapType, Scalar, Schema, Type, TypeId, recorded};
use super::status::{ApiError, ApiResult};

/// What protobuf bodies begin with.
const MAGIC: &[u8] = b"k8s\0";

/// Reads an object: an envelope with type and content.
///
/// # Errors
/// `BadRequest` when the bytes are no such message, or one of an unknown kind.
pub fn object(body: &[u8]) -> ApiResult<Json> {
    read(body).ok_or_else(|| ApiError::bad_request("the body is no protobuf message of a known kind"))
}

fn read(body: &[u8]) -> Option<Json> {
    let envelope = fields(body.strip_prefix(MAGIC)?)?;
    let meta = fields(bytes(&envelope, 1)?)?;
    let text = |number| bytes(&meta, number).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let (version, kind) = (text(1).unwrap_or_default(), text(2)?);
    let content = bytes(&envelope, 2).unwrap_or_default();
    let ty = type_of(&version, &kind)?;
    let mut object = Reader { schema: &recorded().schema }.message(ty, content)?;
    object["apiVersion"] = version.into();
    object["kind"] = kind.into();
    Some(object)
}

fn type_of(version: &str, kind: &str) -> Option<TypeId> {
    let schema = &recorded().schema;
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let known = recorded().kinds.iter().find(|known| known["group"] == group && known["kind"] == kind);
    let name = match (kind, known) {
        ("DeleteOptions", _) => "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
        ("Scale", _) => "io.k8s.api.autoscaling.v1.Scale",
        ("Eviction", _) => "io.k8s.api.policy.v1.Eviction",
        (_, Some(known)) => known.text("/type"),
        _ => return None,
    };
    schema.named(name)
}

/// A field of a message.
enum Field<'a> {
    Number(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

fn varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = input.split_first()?;
        *input = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(taken)
}

fn fields(mut input: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !input.is_empty() {
        let tag = varint(&mut input)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut input)?),
            1 => Field::Double(f64::from_le_bytes(take(&mut input, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut input)?).ok()?;
                Field::Bytes(take(&mut input, length)?)
            }
            5 => Field::Double(f64::from(f32::from_le_bytes(take(&mut input, 4)?.try_into().ok()?))),
            _ => return None,
        };
        fields.push((tag >> 3, field));
    }
    Some(fields)
}

fn bytes<'a>(fields: &[(u64, Field<'a>)], number: u64) -> Option<&'a [u8]> {
    fields.iter().find_map(|(known, field)| match field {
        Field::Bytes(bytes) if *known == number => Some(*bytes),
        _ => None,
    })
}

fn number(fields: &[(u64, Field<'_>)], wanted: u64) -> u64 {
    fields
        .iter()
        .find_map(|(known, field)| match field {
            Field::Number(value) if *known == wanted => Some(*value),
            _ => None,
        })
        .unwrap_or_default()
}

struct Reader<'a> {
    schema: &'a Schema,
}

impl Reader<'_> {
    fn message(&self, ty: TypeId, input: &[u8]) -> Option<Json> {
        match self.schema.get(ty) {
            Type::Map(map) if !map.fields.is_empty() => {
                let mut out = Map::new();
                self.fill(map, input, &[], &mut out)?;
                Some(Json::Object(out))
            }
            // Raw JSON (fieldsV1, extensions) is a message with the bytes as its first field.
            Type::Any => serde_json::from_slice(bytes(&fields(input)?, 1)?).ok(),
            _ => Some(json!({})),
        }
    }

    /// Reads the fields of a struct whose way in the message begins with `way`.
    fn fill(&self, map: &MapType, input: &[u8], way: &[u64], out: &mut Map<String, Json>) -> Option<()> {
        for (number, field) in fields(input)? {
            let mut here = way.to_vec();
            here.push(number);
            let known = map.fields.iter().find(|(_, field)| field.numbers == here);
            if let Some((name, known)) = known {
                self.put(name, known.ty, &field, out)?;
            } else if map
                .fields
                .values()
                .any(|field| field.numbers.len() > here.len() && field.numbers.starts_with(&here))
                && let Field::Bytes(inner) = field
            {
                self.fill(map, inner, &here, out)?;
            }
        }
        Some(())
    }

    fn put(&self, name: &str, ty: TypeId, field: &Field<'_>, out: &mut Map<String, Json>) -> Option<()> {
        match self.schema.get(ty) {
            Type::List(list) => self.append(name, list, field, out),
            Type::Map(map) if map.fields.is_empty() => {
                let (element, Field::Bytes(entry)) = (map.element?, field) else { return Some(()) };
                let entry = fields(entry)?;
                let key = String::from_utf8_lossy(bytes(&entry, 1).unwrap_or_default()).into_owned();
                let value = entry.into_iter().find(|(number, _)| *number == 2).map(|(_, value)| value);
                let value = self.value(element, &value.unwrap_or(Field::Bytes(b"")))?;
                if let Json::Object(map) = out.entry(name).or_insert_with(|| json!({})) {
                    map.insert(key, value);
                }
                Some(())
            }
            _ => {
                out.insert(name.into(), self.value(ty, field)?);
                Some(())
            }
        }
    }

    fn append(&self, name: &str, list: &ListType, field: &Field<'_>, out: &mut Map<String, Json>) -> Option<()> {
        let mut items = Vec::new();
        let number = matches!(self.schema.get(list.element), Type::Scalar(Scalar::Int(_) | Scalar::Bool));
        match field {
            // Numbers may come packed into one field.
            Field::Bytes(packed) if number => {
                let mut packed = *packed;
                while !packed.is_empty() {
                    items.push(self.value(list.element, &Field::Number(varint(&mut packed)?))?);
                }
            }
            field => items.push(self.value(list.element, field)?),
        }
        if let Json::Array(list) = out.entry(name).or_insert_with(|| json!([])) {
            list.extend(items);
        }
        Some(())
    }

    fn value(&self, ty: TypeId, field: &Field<'_>) -> Option<Json> {
        let text = |bytes: &[u8]| Json::from(String::from_utf8_lossy(bytes).into_owned());
        Some(match (self.schema.get(ty), field) {
            (Type::Scalar(Scalar::Bool), Field::Number(value)) => (*value != 0).into(),
            (_, Field::Number(value)) => value.cast_signed().into(),
            (_, Field::Double(value)) => json!(value),
            (Type::Scalar(scalar), Field::Bytes(bytes)) => match scalar {
                Scalar::Bytes => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
                Scalar::Time => time(bytes)?,
                Scalar::Quantity => text(self::bytes(&fields(bytes)?, 1).unwrap_or_default()),
                Scalar::IntOrString => {
                    let fields = fields(bytes)?;
                    if number(&fields, 1) == 0 {
                        i64::from(number(&fields, 2) as i32).into()
                    } else {
                        text(self::bytes(&fields, 3).unwrap_or_default())
                    }
                }
                _ => text(bytes),
            },
            (_, Field::Bytes(bytes)) => self.message(ty, bytes)?,
        })
    }
}

/// Seconds and nanoseconds. Whole seconds print without a fraction; Leases have microseconds.
fn time(input: &[u8]) -> Option<Json> {
    let fields = fields(input)?;
    let (seconds, nanos) = (number(&fields, 1).cast_signed(), number(&fields, 2));
    let time = jiff::Timestamp::new(seconds, i32::try_from(nanos).ok()?).ok()?;
    let form = if nanos == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
    Some(time.strftime(form).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let tag = u16::from(number) << 3 | 2;
        let mut out = if tag < 128 { vec![tag as u8] } else { vec![tag as u8 | 0x80, (tag >> 7) as u8] };
        out.push(content.len() as u8);
        out.extend_from_slice(content);
        out
    }

    /// The bytes follow the message definitions in Kubernetes' `generated.proto` files.
    #[test]
    fn a_secret_is_read() {
        let metadata =
            [field(1, b"x"), field(3, b"ns"), field(11, &[field(1, b"k"), field(2, b"v")].concat())].concat();
        let entry = [field(1, b"a"), field(2, &[0xff, 0x00])].concat();
        let content = [field(1, &metadata), field(2, &entry), field(3, b"Opaque"), vec![5 << 3, 1]].concat();
        let envelope = [field(1, &[field(1, b"v1"), field(2, b"Secret")].concat()), field(2, &content)].concat();
        let body = [MAGIC, &envelope].concat();
        assert_eq!(
            object(&body).unwrap(),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "ns", "labels": {"k": "v"}},
                "data": {"a": "/wA="}, "type": "Opaque", "immutable": true})
        );
        assert!(object(b"k8s\0\xff").is_err());
    }

    #[test]
    fn inlined_structs_are_messages_of_their_own() {
        let volume = [field(1, b"v"), field(2, &field(19, &field(1, &field(1, b"cm"))))].concat();
        let spec = field(1, &volume);
        let content = field(2, &spec);
        let envelope = [field(1, &[field(1, b"v1"), field(2, b"Pod")].concat()), field(2, &content)].concat();
        let pod = object(&[MAGIC, &envelope].concat()).unwrap();
        assert_eq!(pod["spec"]["volumes"], json!([{"name": "v", "configMap": {"name": "cm"}}]));
    }
}
