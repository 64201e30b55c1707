//! JSON. The names without `must` swallow errors, but for `toRawJson`.

use super::args::{Args, Chapter, func, string};
use super::limits::account_for_reading;
use crate::gotemplate::Type::{Any, Str};
use crate::gotemplate::{FuncError, Scope, Value};
use crate::goyaml::{Error, from_json, to_json, to_json_indent};

pub(super) static FUNCTIONS: Chapter = &[
    ("fromJson", func!([Str], |scope, a| Ok(from_json(readable(scope, a)?).unwrap_or_default()))),
    ("mustFromJson", func!([Str], |scope, a| from_json(readable(scope, a)?).map_err(failed))),
    ("mustToJson", func!([Any], |_, a| to_json(a.any(0), true).map(Value::str).map_err(failed))),
    ("mustToPrettyJson", func!([Any], |_, a| pretty(a.any(0)).map(Value::str).map_err(failed))),
    ("mustToRawJson", func!([Any], |_, a| to_json(a.any(0), false).map(Value::str).map_err(failed))),
    ("toJson", func!([Any], |_, a| string(to_json(a.any(0), true).unwrap_or_default()))),
    ("toPrettyJson", func!([Any], |_, a| string(pretty(a.any(0)).unwrap_or_default()))),
    ("toRawJson", func!([Any], |_, a| to_json(a.any(0), false).map(Value::str).map_err(failed))),
];

fn readable<'a>(scope: &mut dyn Scope, args: &'a [Value]) -> Result<&'a [u8], FuncError> {
    account_for_reading(scope, args.bytes(0).len())?;
    Ok(args.bytes(0))
}

fn pretty(value: &Value) -> Result<Vec<u8>, Error> {
    to_json_indent(value, "", "  ", true)
}

#[expect(clippy::needless_pass_by_value, reason = "used as the argument of `map_err`")]
fn failed(error: Error) -> FuncError {
    FuncError::new(error.to_string())
}
