//! The keywords that lead to other schemas for the same value, and what is left for those that come last.

use boon::ErrorKind;
use serde_json::Value as Json;

use super::meeting::{Meeting, Token};
use super::unseen::Unseen;
use super::{Draft, Failure, Judge, Keywords};

impl<'s> Judge<'s> {
    pub(super) fn conditions<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        if let Some(schema) = keywords.get("not")
            && self.beside(meeting, schema, true, unseen).is_ok()
        {
            failures.push(meeting.finding(|| ErrorKind::Not));
        }
        let schemas =
            |keyword| keywords.get(keyword).and_then(Json::as_array).filter(|a: &&'s Vec<Json>| !a.is_empty());
        if let Some(schemas) = schemas("allOf") {
            let mut causes = Vec::new();
            for schema in schemas {
                causes.extend(self.beside(meeting, schema, false, unseen).err());
                if meeting.quiet && !causes.is_empty() {
                    break;
                }
            }
            if !causes.is_empty() {
                failures.push(meeting.caused(causes, || ErrorKind::AllOf));
            }
        }
        if let Some(schemas) = schemas("anyOf") {
            let (mut causes, mut matched) = (Vec::new(), false);
            for schema in schemas {
                match self.beside(meeting, schema, false, unseen) {
                    Err(failure) => causes.push(failure),
                    Ok(()) => {
                        matched = true;
                        // The others could look at what is left.
                        if unseen.is_empty() {
                            break;
                        }
                    }
                }
            }
            if !matched {
                failures.push(meeting.caused(causes, || ErrorKind::AnyOf));
            }
        }
        if let Some(schemas) = schemas("oneOf") {
            let (mut causes, mut matched) = (Vec::new(), None);
            for (i, schema) in schemas.iter().enumerate() {
                match (self.beside(meeting, schema, matched.is_some(), unseen), matched) {
                    (Err(failure), None) => causes.push(failure),
                    (Err(_), Some(_)) => {}
                    (Ok(()), None) => matched = Some(i),
                    (Ok(()), Some(first)) => {
                        failures.push(meeting.finding(|| ErrorKind::OneOf(Some((first, i)))));
                        break;
                    }
                }
            }
            if matched.is_none() {
                failures.push(meeting.caused(causes, || ErrorKind::OneOf(None)));
            }
        }
        if let Some(schema) = keywords.get("if").filter(|_| self.draft >= Draft::Seven) {
            let branch = if self.beside(meeting, schema, true, unseen).is_ok() { "then" } else { "else" };
            if let Some(schema) = keywords.get(branch) {
                failures.extend(self.beside(meeting, schema, false, unseen).err());
            }
        }
    }

    pub(super) fn unevaluated<'v>(
        &self,
        meeting: &Meeting<'_, 's, 'v>,
        keywords: &'s Keywords,
        unseen: &mut Unseen<'v>,
        failures: &mut Vec<Failure>,
    ) {
        match meeting.value {
            Json::Object(entries) => {
                if let Some(schema) = keywords.get("unevaluatedProperties") {
                    for name in std::mem::take(&mut unseen.properties) {
                        let value = entries.get(name);
                        let found = value.and_then(|v| self.part(meeting, schema, v, Token::Name(name)).err());
                        failures.extend(found);
                    }
                }
            }
            Json::Array(items) => {
                if let Some(schema) = keywords.get("unevaluatedItems") {
                    for i in std::mem::take(&mut unseen.items) {
                        failures.extend(self.part(meeting, schema, &items[i], Token::Index(i)).err());
                    }
                }
            }
            _ => {}
        }
    }
}
