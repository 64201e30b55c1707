//! JSON patches (RFC 6902).

use super::super::json::{Access, Json};
use super::super::status::{ApiError, ApiResult};

/// Applies a JSON patch.
///
/// # Errors
/// `Invalid` (422) in the server's words when an operation does not fit.
pub fn json(base: &Json, patch: &Json) -> ApiResult<Json> {
    let Json::Array(operations) = patch else {
        return Err(ApiError::bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
        ));
    };
    let mut result = base.clone();
    for operation in operations {
        let place = operation.text("/path");
        let value = operation.get("value").cloned().unwrap_or(Json::Null);
        let refuse = |why: String| {
            // The server keeps the cause to itself.
            tracing::debug!(why, "a JSON patch does not apply");
            ApiError::injected(422, "Invalid", "the server rejected our request due to an error in our request")
        };
        match operation.text("/op") {
            "add" => add(&mut result, place, value).map_err(refuse)?,
            "replace" => {
                if result.pointer(place).is_none() {
                    return Err(refuse(format!(
                        "replace operation does not apply: doc is missing key: {place}: missing value"
                    )));
                }
                take(&mut result, place).and_then(|_| add(&mut result, place, value)).map_err(refuse)?;
            }
            "remove" => {
                take(&mut result, place).map_err(|why| refuse(format!("remove operation does not apply: {why}")))?;
            }
            "test" => {
                if result.pointer(place).unwrap_or(&Json::Null) != &value {
                    return Err(refuse(format!("testing value {place} failed: test failed")));
                }
            }
            "move" => {
                let moved = take(&mut result, operation.text("/from")).map_err(refuse)?;
                add(&mut result, place, moved).map_err(refuse)?;
            }
            "copy" => {
                let copied = result.pointer(operation.text("/from")).cloned();
                let copied = copied.ok_or_else(|| refuse("copy operation does not apply: missing value".into()))?;
                add(&mut result, place, copied).map_err(refuse)?;
            }
            other => return Err(refuse(format!("Unexpected kind: {other}"))),
        }
    }
    Ok(result)
}

fn parent<'a>(root: &'a mut Json, path: &str) -> Result<(&'a mut Json, String), String> {
    let (parent, key) = path.rsplit_once('/').ok_or_else(|| format!("invalid path \"{path}\""))?;
    let key = key.replace("~1", "/").replace("~0", "~");
    let parent = root.pointer_mut(parent).ok_or_else(|| format!("doc is missing path: \"{path}\": missing value"))?;
    Ok((parent, key))
}

fn add(root: &mut Json, path: &str, value: Json) -> Result<(), String> {
    if path.is_empty() {
        *root = value;
        return Ok(());
    }
    let (parent, key) = parent(root, path)?;
    match parent {
        Json::Object(map) => {
            map.insert(key, value);
            Ok(())
        }
        Json::Array(list) if key == "-" => {
            list.push(value);
            Ok(())
        }
        Json::Array(list) => {
            let index: usize = key.parse().map_err(|_| format!("value was not a proper array index: '{key}'"))?;
            if index > list.len() {
                return Err(format!("Unable to access invalid index: {index}: invalid index referenced"));
            }
            list.insert(index, value);
            Ok(())
        }
        _ => Err(format!("doc is missing path: \"{path}\": missing value")),
    }
}

fn take(root: &mut Json, path: &str) -> Result<Json, String> {
    let (parent, key) = parent(root, path)?;
    let missing = || format!("Unable to remove nonexistent key: {key}: missing value");
    match parent {
        Json::Object(map) => map.remove(&key).ok_or_else(missing),
        Json::Array(list) => {
            let index: usize = key.parse().map_err(|_| missing())?;
            if index < list.len() { Ok(list.remove(index)) } else { Err(missing()) }
        }
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as j;

    #[test]
    fn operations() {
        let base = j!({"a": {"b": [1, 2]}, "x/y": 1});
        let patch = j!([
            {"op": "test", "path": "/a/b/0", "value": 1},
            {"op": "add", "path": "/a/b/1", "value": 9},
            {"op": "add", "path": "/a/b/-", "value": 3},
            {"op": "remove", "path": "/x~1y"},
            {"op": "replace", "path": "/a/b/0", "value": 0},
            {"op": "move", "from": "/a/b/3", "path": "/c"},
        ]);
        assert_eq!(json(&base, &patch).unwrap(), j!({"a": {"b": [0, 9, 2]}, "c": 3}));
        let failing = j!([{"op": "test", "path": "/a", "value": 1}]);
        assert_eq!(json(&base, &failing).unwrap_err().code, 422);
        assert!(json(&base, &j!([{"op": "replace", "path": "/none", "value": 1}])).is_err());
    }
}
