//! Documents and objects of a manifest.

use super::{Error, Json};
use crate::goyaml;

/// A document of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The template it comes from, by its `# Source:` line; empty when there is none.
    pub source: String,
    /// Its text, comments included.
    pub text: String,
}

/// Splits a manifest at its document marks (Helm, `SplitManifests`: `^---[ \t]*`, so that text may follow on the same line).
/// Empty documents are left out.
pub fn documents(manifest: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut text = String::new();
    for line in manifest.trim_start().split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            push(&mut documents, &text);
            text.clear();
            text.push_str(rest.trim_start_matches([' ', '\t']));
        } else {
            text.push_str(line);
        }
    }
    push(&mut documents, &text);
    documents
}

fn push(documents: &mut Vec<Document>, text: &str) {
    let text = text.trim_start();
    if text.trim_end().is_empty() {
        return;
    }
    let source =
        text.lines().next().and_then(|line| line.strip_prefix("# Source: ")).unwrap_or_default().trim().to_owned();
    documents.push(Document { source, text: text.to_owned() });
}

/// The objects of a manifest in their order; the items of a `List` one by one. Documents that hold only comments are left out.
///
/// # Errors
/// [`Error::Manifest`] names the template of what is no YAML, or no object.
pub fn objects(manifest: &str) -> Result<Vec<Json>, Error> {
    let mut objects = Vec::new();
    for document in documents(manifest) {
        let place = if document.source.is_empty() { "the manifest" } else { &document.source };
        let value = parse(&document.text).map_err(|cause| Error::Manifest(format!("{place}: {cause}")))?;
        flatten(value, place, &mut objects)?;
    }
    Ok(objects)
}

fn flatten(mut value: Json, place: &str, objects: &mut Vec<Json>) -> Result<(), Error> {
    if value.is_null() {
        return Ok(());
    }
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let (kind, api_version) = (text(&value["kind"]), text(&value["apiVersion"]));
    for (field, found) in [("kind", &kind), ("apiVersion", &api_version)] {
        if found.is_empty() {
            return Err(Error::Manifest(format!("{place}: an object has no `{field}`")));
        }
    }
    if kind.ends_with("List") && value["items"].is_array() {
        if let Json::Array(items) = value["items"].take() {
            for item in items {
                flatten(item, place, objects)?;
            }
        }
        return Ok(());
    }
    objects.push(value);
    Ok(())
}

/// One YAML document as JSON.
fn parse(text: &str) -> Result<Json, String> {
    let value = goyaml::from_yaml(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(super::chart::to_json(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_as_helm_splits() {
        let manifest = "\n---\n# Source: c/templates/a.yaml\na: 1\n---\n\n--- \nb: '---'\n---c: 3\n";
        let found: Vec<(String, String)> = documents(manifest).into_iter().map(|d| (d.source, d.text)).collect();
        let expected =
            [("c/templates/a.yaml", "# Source: c/templates/a.yaml\na: 1\n"), ("", "b: '---'\n"), ("", "c: 3\n")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn lists_are_flattened_and_comments_left_out() {
        let manifest = "# only words\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n";
        let kinds: Vec<String> =
            objects(manifest).unwrap().iter().map(|o| o["kind"].as_str().unwrap().to_owned()).collect();
        assert_eq!(kinds, ["A", "B"]);
    }

    #[test]
    fn what_is_no_object_is_named() {
        let error = objects("---\n# Source: c/templates/a.yaml\nkind: A\n").unwrap_err();
        assert_eq!(error.to_string(), "c/templates/a.yaml: an object has no `apiVersion`");
    }
}
