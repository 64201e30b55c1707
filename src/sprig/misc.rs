//! What stands alone: greeting, failing, host names, versions, URLs.

use super::args::{Args, Chapter, Outcome, fail, func};
use super::limits::account_for_texts;
use super::semver::{Constraints, Version, VersionObject};
use super::url;
use crate::gotemplate::Type::{MapOfAny, Str};
use crate::gotemplate::{Value, errtext, strconv};

pub(super) static FUNCTIONS: Chapter = &[
    ("fail", func!([Str], |_, a| fail(errtext::text(a.bytes(0))))),
    // Looking up a name is I/O: the renderer answers as Helm does without `--enable-dns`.
    ("getHostByName", func!([Str], |_, _| Ok("".into()))),
    ("hello", func!([], |_, _| Ok("Hello!".into()))),
    ("semver", func!([Str], |_, a| semver(&a.text(0)))),
    ("semverCompare", func!([Str, Str], |_, a| semver_compare(a.bytes(0), &a.text(1)))),
    ("urlJoin", func!([MapOfAny], |_, a| url::join(&a.dict(0)))),
    (
        "urlParse",
        func!([Str], |scope, a| {
            account_for_texts(scope, 1, a.bytes(0).len())?;
            url::parse(a.bytes(0))
        }),
    ),
];

fn semver(text: &str) -> Outcome {
    match Version::parse(text) {
        Ok(version) => Ok(Value::Object(std::rc::Rc::new(VersionObject::pointer(version)))),
        Err(error) => fail(error.to_string()),
    }
}

fn semver_compare(constraint: &[u8], version: &str) -> Outcome {
    let Ok(constraint) = std::str::from_utf8(constraint) else {
        return fail(format!("improper constraint: {}", strconv::quote(constraint)));
    };
    let constraints = match Constraints::parse(constraint) {
        Ok(constraints) => constraints,
        Err(error) => return fail(error.to_string()),
    };
    match Version::parse(version) {
        Ok(version) => Ok(constraints.check(&version).into()),
        Err(error) => fail(error.to_string()),
    }
}
