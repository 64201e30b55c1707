//! Reviews: questions about what somebody may do, which are answered and not stored.

use serde_json::json;

use super::http::Call;
use super::json::{Access, Json};
use super::route::Target;
use super::state::State;
use super::status::{ApiError, ApiResult};

/// Answers a review; `None` when the request is none.
pub fn answer(state: &mut State, call: &Call, target: &Target) -> Option<ApiResult<Json>> {
    let key = target.kind.key.as_ref();
    let review = key.starts_with("authorization.k8s.io/") || key.starts_with("authentication.k8s.io/");
    let token = key == "/serviceaccounts" && target.subresource == "token";
    if !(review || token) {
        return None;
    }
    if call.method != http::Method::POST {
        return Some(Err(ApiError::method_not_allowed()));
    }
    Some(call.object().and_then(|mut object| {
        let user = state.config.user.clone();
        object.put("/kind", if token { "TokenRequest" } else { &target.kind.kind });
        object.default_to("/metadata", json!({}));
        match key {
            "authorization.k8s.io/selfsubjectaccessreviews"
            | "authorization.k8s.io/subjectaccessreviews"
            | "authorization.k8s.io/localsubjectaccessreviews" => {
                let about = object.at("/spec/resourceAttributes").clone();
                let resource = match about.text("/subresource") {
                    "" => about.text("/resource").to_string(),
                    sub => format!("{}/{sub}", about.text("/resource")),
                };
                let denied = about.is_object()
                    && state.deny.iter().any(|rule| {
                        rule.covers(about.text("/verb"), about.text("/group"), &resource, about.text("/namespace"))
                    });
                let status = if denied { json!({"allowed": false}) } else { json!({"allowed": true}) };
                object.put("/status", status);
            }
            "authorization.k8s.io/selfsubjectrulesreviews" => object.put(
                "/status",
                json!({
                    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                    "incomplete": !state.deny.is_empty(),
                }),
            ),
            "authentication.k8s.io/selfsubjectreviews" => object.put(
                "/status",
                json!({"userInfo": {"username": user, "uid": user, "groups": ["system:masters", "system:authenticated"]}}),
            ),
            "authentication.k8s.io/tokenreviews" => {
                let known = object.text("/spec/token") == state.config.token;
                let status = if known {
                    json!({"authenticated": true, "user": {"username": user, "groups": ["system:masters"]}})
                } else {
                    json!({"user": {}})
                };
                object.put("/status", status);
            }
            _ => return Err(ApiError::not_modelled("service account tokens")),
        }
        Ok(object)
    }))
}
