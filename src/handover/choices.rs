//! By which values beta's chart takes the claim and the credentials: those that are given, else those that are found by
//! rendering it.

use serde_json::{Value as Json, json};

use super::{
    Layout, Problem, credentials, fit, releases,
    values::{get_path, leaves, merge, set_path},
};

/// Where the embedded core chart takes them.
const CORE_CLAIM: &str = "database.postgres.master.existingClaims";
const CORE_CREDENTIALS: &str = "global.database.copyCredentialsFrom";
/// How many values are tried that do not look like it.
const MOST: usize = 150;

/// What is looked for, and for whom.
pub(super) struct Wanted<'a> {
    pub namespace: &'a str,
    pub beta: &'a str,
    pub chart: &'a str,
    /// Given by the user: `--claim-value`.
    pub claim_value: Option<&'a str>,
    /// Given by the user: `--credentials-value`; empty for none.
    pub credentials_value: Option<&'a str>,
    pub layout: &'a Layout,
}

/// Beta's values, complete, and in words by which of them it takes the claim.
pub(super) struct Chosen {
    pub values: Json,
    pub claim_value: String,
}

impl Wanted<'_> {
    fn claim(&self) -> &str {
        &self.layout.volume.claim
    }

    fn render(&self, values: &Json) -> Option<Vec<Json>> {
        releases::render_new(self.namespace, self.beta, self.chart, values)
    }

    /// The values with the claim in that place, as a text or as a list of one, so that beta's server mounts it.
    fn with_claim(&self, values: &Json, path: &str) -> Option<Json> {
        let forms = [json!(self.claim()), json!([self.claim()])];
        forms.into_iter().map(|form| with(values, path, form)).find(|changed| {
            let objects = self.render(changed);
            objects.is_some_and(|objects| fit::takes_claim(&objects, self.claim(), &self.layout.replica.container))
        })
    }

    /// The values with the name of alpha's Secret in that place, so that beta's server takes its password from it.
    fn with_secret(&self, values: &Json, path: &str, secret: &str) -> Option<Json> {
        let changed = with(values, path, json!(secret));
        let objects = self.render(&changed)?;
        let (spec, container) = fit::server_on(&objects, self.claim(), &self.layout.replica.container)?;
        (credentials::secret_of(spec, container).as_deref() == Some(secret)).then_some(changed)
    }
}

/// The values with one of them set.
fn with(values: &Json, path: &str, value: Json) -> Json {
    let mut changed = values.clone();
    set_path(&mut changed, path, value);
    changed
}

/// Chooses.
///
/// # Errors
/// Why it can't be told which value takes the claim.
pub(super) fn choose(wanted: &Wanted<'_>, alpha: Option<&Json>, own: &Json) -> Result<Chosen, Problem> {
    let mut values = alpha.filter(|values| values.is_object()).cloned().unwrap_or_else(|| json!({}));
    merge(&mut values, own);
    let all = releases::chart_values(wanted.chart, &values);
    let (values, claim_value) = match wanted.claim_value {
        Some(path) => {
            // Where the chart does not heed it, that is judged with all the rest.
            let changed = wanted.with_claim(&values, path);
            (changed.unwrap_or_else(|| with(&values, path, json!(wanted.claim()))), path.to_owned())
        }
        None => find_claim(wanted, &values, &all)?,
    };
    let values = with_credentials(wanted, values, &all);
    Ok(Chosen { values, claim_value })
}

fn find_claim(wanted: &Wanted<'_>, values: &Json, all: &Json) -> Result<(Json, String), Problem> {
    if get_path(all, CORE_CLAIM).is_some() {
        let changed = with(values, CORE_CLAIM, json!(wanted.claim()));
        return Ok((changed, CORE_CLAIM.to_owned()));
    }
    if wanted.render(values).is_none() {
        // Why not is told by the dry run, whose error is worth reading.
        return Ok((values.clone(), "of its claim".into()));
    }
    let places = places(all);
    let mut likely: Vec<String> =
        places.iter().filter(|(path, _)| names_claim(path)).map(|(path, _)| path.clone()).collect();
    likely.extend(releases::mentioned_values(wanted.chart).into_iter().filter(|path| names_claim(path)));
    likely.sort();
    likely.dedup();
    let try_all = |paths: &[String]| -> Vec<(Json, String)> {
        paths.iter().filter_map(|path| Some((wanted.with_claim(values, path)?, path.clone()))).collect()
    };
    let mut found = try_all(&likely);
    if found.is_empty() {
        // A name that says nothing: any value that is empty may be it.
        let empty = places.iter().filter(|(path, empty)| *empty && !likely.contains(path));
        let empty: Vec<String> = empty.map(|(path, _)| path.clone()).take(MOST).collect();
        found = try_all(&empty);
    }
    if found.len() > 1 {
        let of_replica = |path: &str| {
            ["read", "slave", "replica", "standby", "secondary", "backup"]
                .iter()
                .any(|w| path.to_lowercase().contains(w))
        };
        if found.iter().any(|(_, path)| !of_replica(path)) {
            found.retain(|(_, path)| !of_replica(path));
        }
    }
    match found.len() {
        1 => found.pop().ok_or_else(|| none(wanted)),
        0 => Err(none(wanted)),
        _ => Err(Problem::new(
            format!(
                "the chart {} takes an existing claim by several values: {}",
                wanted.chart,
                found.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>().join(", ")
            ),
            "name the one by --claim-value",
        )),
    }
}

fn none(wanted: &Wanted<'_>) -> Problem {
    Problem::new(
        format!(
            "no value of the chart {} was found by which its database takes an existing claim: {} would start on a new and empty one",
            wanted.chart, wanted.beta
        ),
        "name it: --claim-value PATH; a chart that has none can't take a volume over",
    )
}

/// The values by which beta's server takes its password from alpha's Secret. Where none is found they stay as they are:
/// whether the passwords agree is judged later.
fn with_credentials(wanted: &Wanted<'_>, values: Json, all: &Json) -> Json {
    let Some(secret) = wanted.layout.secret.as_deref() else { return values };
    if let Some(path) = wanted.credentials_value {
        return if path.is_empty() { values } else { with(&values, path, json!(secret)) };
    }
    if get_path(all, CORE_CREDENTIALS).is_some() {
        return with(&values, CORE_CREDENTIALS, json!(secret));
    }
    let mut paths: Vec<String> = places(all).into_iter().map(|(path, _)| path).collect();
    paths.extend(releases::mentioned_values(wanted.chart));
    paths.retain(|path| {
        let last = path.rsplit('.').next().unwrap_or_default().to_lowercase();
        last.contains("secret") || last.contains("credential")
    });
    paths.sort();
    paths.dedup();
    paths.into_iter().take(MOST).find_map(|path| wanted.with_secret(&values, &path, secret)).unwrap_or(values)
}

fn names_claim(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    ["claim", "pvc", "existingvolume", "volumename"].iter().any(|word| last.contains(word))
        && !last.contains("template")
}

/// Paths of all values that may hold a name, and whether they are empty.
fn places(values: &Json) -> Vec<(String, bool)> {
    let place = |(path, value): (String, &Json)| match value {
        Json::Null => Some((path, true)),
        Json::String(text) => Some((path, text.is_empty())),
        Json::Array(list) if list.iter().all(Json::is_string) => Some((path, list.is_empty())),
        _ => None,
    };
    leaves(values).into_iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_hold_a_name_are_found() {
        let values = json!({"a": {"existingClaim": "", "size": 3, "list": [], "b.c": null}, "on": true});
        let mut found = places(&values);
        found.sort();
        assert_eq!(found, [("a.b\\.c".into(), true), ("a.existingClaim".into(), true), ("a.list".into(), true)]);
        assert!(
            names_claim("a.existingClaim") && names_claim("data.pvcName") && !names_claim("volumeClaimTemplates.x")
        );
    }
}
