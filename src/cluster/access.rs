//! What we may do.

use http::Method;
use serde_json::json;

use super::{Cluster, Error, client::Call, in_parallel};

/// Something one may or may not do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Access {
    /// `get`, `list`, `create`, `patch`, `delete`, ...
    pub verb: String,
    /// `apps`; empty for the core group.
    pub group: String,
    /// `statefulsets`
    pub resource: String,
    /// `scale`, or empty.
    pub subresource: String,
    /// `None` for cluster-wide.
    pub namespace: Option<String>,
    /// One object, or empty for all.
    pub name: String,
}

impl Access {
    /// A verb on a resource of a namespace; `resource` may hold a subresource after a slash (`pods/exec`).
    pub fn new(verb: &str, group: &str, resource: &str, namespace: Option<&str>) -> Self {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        Self {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: namespace.map(str::to_owned),
            name: String::new(),
        }
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => write!(f, " cluster-wide"),
        }
    }
}

impl Cluster {
    /// Which of these we may not do (`SelfSubjectAccessReview`, many at once).
    ///
    /// # Errors
    /// When the server does not answer the question.
    pub async fn denied(&self, wanted: &[Access]) -> Result<Vec<Access>, Error> {
        let answers = in_parallel(wanted, |access| async move {
            self.allowed(access).await.map(|yes| (!yes).then(|| access.clone()))
        });
        answers.await.into_iter().filter_map(Result::transpose).collect()
    }

    async fn allowed(&self, access: &Access) -> Result<bool, Error> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": access.verb, "group": access.group, "resource": access.resource, "subresource": access.subresource,
                "namespace": access.namespace.as_deref().unwrap_or_default(), "name": access.name,
            }},
        });
        // A question, though it is asked by POST: it does not pass the gate of writes, and may be asked again.
        let mut call = Call::new(Method::POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        call.body = review.to_string().into_bytes();
        call.idempotent = true;
        let answer = self.read(call).await?;
        Ok(answer["status"]["allowed"] == true)
    }
}
