//! What is made to go wrong: requests are counted, logged, and by rule refused, dropped, delayed or frozen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::config::fits;

/// A request as rules and the log see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number, from 1.
    pub number: u64,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `deletecollection`, `connect`.
    pub verb: String,
    /// The API group, empty for the core group.
    pub group: String,
    /// `pods`, `deployments/scale`, or the path of what is no resource.
    pub resource: String,
    /// The namespace, empty for what is cluster-wide.
    pub namespace: String,
    /// The name, empty for collections.
    pub name: String,
    /// The field manager, if one was given.
    pub manager: String,
    /// Whether the request changes something when it succeeds (dry runs do not).
    pub writes: bool,
}

/// Which requests a rule is for. Empty fields fit all; texts may hold `*`.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// The request's number.
    pub number: Option<u64>,
    /// The number among the requests that write, from 1.
    pub write: Option<u64>,
    /// The verb.
    pub verb: String,
    /// The resource, as `deployments` or `deployments/scale`.
    pub resource: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Matcher {
    /// The request with this number.
    pub fn number(number: u64) -> Self {
        Self { number: Some(number), ..Self::default() }
    }

    /// The request that is the `write`-th to change something.
    pub fn write(write: u64) -> Self {
        Self { write: Some(write), ..Self::default() }
    }

    /// Requests that do this to that.
    pub fn of(verb: &str, resource: &str, name: &str) -> Self {
        Self { verb: verb.into(), resource: resource.into(), name: name.into(), ..Self::default() }
    }

    fn covers(&self, request: &Request, writes: u64) -> bool {
        let fit = |pattern: &str, text: &str| pattern.is_empty() || fits(pattern, text);
        self.number.is_none_or(|number| number == request.number)
            && self.write.is_none_or(|write| request.writes && write == writes)
            && fit(&self.verb, &request.verb)
            && fit(&self.resource, &request.resource)
            && fit(&self.namespace, &request.namespace)
            && fit(&self.name, &request.name)
    }
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// It is answered with this status, reason and message.
    Refuse {
        /// The HTTP status.
        code: u16,
        /// The reason of the Status object.
        reason: String,
        /// Its message.
        message: String,
    },
    /// The connection is closed without an answer.
    Drop,
    /// It waits, then goes on.
    Delay(Duration),
    /// It is never answered.
    Freeze,
}

impl Action {
    /// A refusal as the server's own "internal error".
    pub fn internal_error() -> Self {
        Self::Refuse { code: 500, reason: "InternalError".into(), message: "Internal error occurred: injected".into() }
    }
}

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum When {
    /// Before anything is done.
    #[default]
    Before,
    /// After the request was carried out, instead of its answer.
    After,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests.
    pub matcher: Matcher,
    /// What happens to them.
    pub action: Action,
    /// When.
    pub when: When,
    /// How often; `None` is always.
    pub times: Option<u32>,
}

impl Fault {
    /// A rule for one request, before it is carried out.
    pub fn once(matcher: Matcher, action: Action) -> Self {
        Self { matcher, action, when: When::Before, times: Some(1) }
    }

    /// A rule for one request, after it was carried out.
    pub fn once_after(matcher: Matcher, action: Action) -> Self {
        Self { when: When::After, ..Self::once(matcher, action) }
    }

    /// A rule for all requests that fit.
    pub fn always(matcher: Matcher, action: Action) -> Self {
        Self { times: None, ..Self::once(matcher, action) }
    }
}

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<Fault>,
    log: Vec<Request>,
    writes: u64,
}

/// The rules of a server and the log of its requests. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Inner>>);

impl Faults {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // The data is whole after every statement, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule. Rules are asked in the order they were added; the first that fits acts.
    pub fn add(&self, fault: Fault) {
        self.inner().rules.push(fault);
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.inner().rules.clear();
    }

    /// How many requests there were.
    pub fn count(&self) -> u64 {
        self.inner().log.len() as u64
    }

    /// How many requests there were that change something.
    pub fn writes(&self) -> u64 {
        self.inner().writes
    }

    /// The requests so far.
    pub fn log(&self) -> Vec<Request> {
        self.inner().log.clone()
    }

    /// Forgets the requests so far; counting starts again.
    pub fn reset(&self) {
        let mut inner = self.inner();
        inner.log.clear();
        inner.writes = 0;
    }

    /// Counts a request and says what is to happen to it.
    pub(super) fn admit(&self, mut request: Request) -> Option<(Action, When)> {
        let mut inner = self.inner();
        request.number = inner.log.len() as u64 + 1;
        inner.writes += u64::from(request.writes);
        let writes = inner.writes;
        inner.log.push(request.clone());
        let rule =
            inner.rules.iter_mut().find(|rule| rule.times != Some(0) && rule.matcher.covers(&request, writes))?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some((rule.action.clone(), rule.when))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(verb: &str, name: &str, writes: bool) -> Request {
        Request {
            number: 0,
            verb: verb.into(),
            group: String::new(),
            resource: "pods".into(),
            namespace: "a".into(),
            name: name.into(),
            manager: String::new(),
            writes,
        }
    }

    #[test]
    fn rules_fire_as_often_as_they_say() {
        let faults = Faults::default();
        faults.add(Fault::once(Matcher::write(2), Action::Drop));
        faults.add(Fault::always(Matcher::of("get", "pods", "x*"), Action::Freeze));
        assert!(faults.admit(request("create", "a", true)).is_none());
        assert!(matches!(faults.admit(request("get", "xy", false)), Some((Action::Freeze, When::Before))));
        assert!(matches!(faults.admit(request("create", "b", true)), Some((Action::Drop, When::Before))));
        assert!(faults.admit(request("create", "b", true)).is_none());
        assert_eq!((faults.count(), faults.writes()), (4, 3));
        assert_eq!(faults.log()[2].number, 3);
    }
}
