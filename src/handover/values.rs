//! Values of charts, by path.

use serde_json::{Value as Json, json};

/// Merges maps deeply; what is not a map is replaced.
pub fn merge(base: &mut Json, over: &Json) {
    match (base, over) {
        (Json::Object(base), Json::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Json::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// The keys of a dotted path. `a\.b` is one key with a dot in it.
fn keys(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => keys.last_mut().into_iter().for_each(|key| key.extend(letters.next())),
            '.' => keys.push(String::new()),
            _ => keys.last_mut().into_iter().for_each(|key| key.push(letter)),
        }
    }
    keys
}

/// Sets a value by its dotted path, making maps on the way.
pub fn set_path(values: &mut Json, path: &str, value: Json) {
    let mut place = values;
    for key in keys(path) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key.as_str()];
    }
    *place = value;
}

/// A value by its dotted path; `None` when there is none of that name.
pub fn get_path<'a>(values: &'a Json, path: &str) -> Option<&'a Json> {
    keys(path).iter().try_fold(values, |place, key| place.get(key.as_str()))
}

/// What is in no further map, with its dotted path.
pub fn leaves(values: &Json) -> Vec<(String, &Json)> {
    fn walk<'a>(values: &'a Json, path: &mut String, found: &mut Vec<(String, &'a Json)>) {
        let Json::Object(map) = values else { return found.push((path.clone(), values)) };
        for (key, value) in map {
            let length = path.len();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&key.replace('\\', r"\\").replace('.', r"\."));
            walk(value, path, found);
            path.truncate(length);
        }
    }
    let mut found = Vec::new();
    walk(values, &mut String::new(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_by_path() {
        let mut values = json!({"a": {"b": 1}, "c": 2});
        set_path(&mut values, "a.d.e", json!("x"));
        set_path(&mut values, "c.f", json!(true));
        set_path(&mut values, r"g\.h", json!(3));
        assert_eq!(get_path(&values, r"g\.h"), Some(&json!(3)));
        assert_eq!(get_path(&values, "a.x"), None);
        assert_eq!(values, json!({"a": {"b": 1, "d": {"e": "x"}}, "c": {"f": true}, "g.h": 3}));
    }

    #[test]
    fn leaves_have_paths_that_lead_to_them() {
        let values = json!({"a": {"b.c": null, "d": [1]}, r"e\f": 2});
        let paths: Vec<String> = leaves(&values).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, [r"a.b\.c", "a.d", r"e\\f"]);
        for (path, leaf) in leaves(&values) {
            assert_eq!(get_path(&values, &path), Some(leaf));
        }
    }

    #[test]
    fn maps_are_merged_and_the_rest_replaced() {
        let mut base = json!({"a": {"x": 1, "y": [1]}, "b": 1});
        merge(&mut base, &json!({"a": {"y": [2]}, "c": null}));
        assert_eq!(base, json!({"a": {"x": 1, "y": [2]}, "b": 1, "c": null}));
    }
}
