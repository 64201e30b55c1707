//! Every function of sprig against the original by the program in `reference/goref`: the same calls through Go's
//! `text/template` and through ours, results and error texts compared byte for byte.
//!
//! `SPRIG_ONLY` names one function to compare random calls of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod dates;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod values;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use support::arguments::UNSTABLE;
use support::differences::{Differences, cases};
use support::random::Random;
use support::reference::{Answer, Reference, base64, module_cache, reference, unbase64};
use support::values::pack;
use vulas_native::gotemplate::{MissingKey, Set, Type, Value, errtext};
use vulas_native::goyaml::from_json;
use vulas_native::sprig;

/// The output of a template or its error.
type Rendered = Result<String, String>;

fn data() -> Value {
    from_json(include_bytes!("../../fixtures/sprig/data.json")).unwrap()
}

/// Renders templates on both sides.
struct Both {
    go: Reference,
    differences: Differences,
}

impl Both {
    fn start() -> Self {
        Self { go: reference(), differences: Differences::default() }
    }

    fn go(&mut self, template: &str) -> Rendered {
        match self.go.ask("sprig", json!({"text": base64(template), "data": pack(&data())})) {
            Answer::Ok(Json::String(out)) => Ok(text(&unbase64(&out))),
            Answer::Ok(_) => Ok(String::new()),
            Answer::Error(error) | Answer::Panic(error) => Err(errtext::text(&error).into_owned()),
        }
    }

    fn ours(&self, template: &str) -> Rendered {
        let mut set = Set::new("t", sprig::functions()).missing_key(MissingKey::Zero);
        set.parse("t", template).map_err(|error| error.to_string())?;
        let out = set.execute("t", data(), &mut ()).map_err(|error| error.to_string())?;
        Ok(text(&out))
    }

    fn compare(&mut self, template: &str) {
        let (go, ours) = (self.go(template), self.ours(template));
        self.differences.compare(template, &go, &ours);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The text that an operation other than rendering gives.
fn ask(go: &mut Reference, op: &str, input: Json) -> Json {
    match go.ask(op, input) {
        Answer::Ok(answer) => answer,
        Answer::Error(error) | Answer::Panic(error) => Json::String(format!("error: {}", text(&error))),
    }
}

fn pick(random: &mut Random, pool: &[&'static str]) -> &'static str {
    pool[random.below(pool.len())]
}

/// A text of random pieces.
fn words(random: &mut Random, pieces: &[&'static str], most: usize) -> String {
    (0..random.below(most + 1)).map(|_| pick(random, pieces)).collect()
}
