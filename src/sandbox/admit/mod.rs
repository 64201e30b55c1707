//! What happens to an object between request and store: decoding, defaults, admission, validation.

pub mod decode;
mod defaults;
mod names;
mod pod;
mod prepare;
mod validate;

use std::sync::Arc;

use super::json::{Access, Json, name};
use super::registry::Kind;
use super::state::State;
use super::status::{ApiError, ApiResult};
use super::write::Call;

pub use decode::quantity;

/// Fills in what the request has left out.
pub fn defaults(kind: &Kind, object: &mut Json) {
    defaults::set(kind, object);
}

/// Completes and checks a new object.
pub fn create(state: &mut State, kind: &Arc<Kind>, object: &mut Json, call: &mut Call) -> ApiResult<()> {
    prepare::create(state, kind, object, call)?;
    let mut causes = validate::object(kind, object);
    causes.extend(custom(state, kind, object, call));
    refuse(kind, object, &causes)
}

/// Completes and checks a changed object.
pub fn update(
    state: &mut State,
    kind: &Arc<Kind>,
    live: &Arc<Json>,
    object: &mut Json,
    call: &mut Call,
) -> ApiResult<()> {
    if call.subresource == "status" {
        return Ok(());
    }
    prepare::update(state, kind, live, object);
    let mut causes = validate::object(kind, object);
    causes.extend(validate::change(kind, live, object));
    causes.extend(custom(state, kind, object, call));
    refuse(kind, object, &causes)
}

/// Consequences of an object being stored.
pub fn stored(state: &mut State, kind: &Arc<Kind>, object: &Arc<Json>) {
    if kind.key.as_ref() == "apiextensions.k8s.io/customresourcedefinitions" {
        let State { registry, schema, .. } = state;
        registry.define(Arc::make_mut(schema), object);
    }
}

/// Consequences of an object being gone.
pub fn removed(state: &mut State, kind: &Arc<Kind>, object: &Arc<Json>) {
    match kind.key.as_ref() {
        "apiextensions.k8s.io/customresourcedefinitions" => {
            let definition = object.clone();
            let key = format!("{}/{}", definition.text("/spec/group"), definition.text("/spec/names/plural"));
            for instance in state.store.list(&key, None) {
                let key: super::registry::Key = key.as_str().into();
                state.store.remove(&key, super::json::namespace(&instance), name(&instance));
            }
            state.registry.undefine(&definition);
        }
        "/persistentvolumes" => state.volumes.forget(name(object)),
        _ => {}
    }
}

fn refuse(kind: &Kind, object: &Json, causes: &[super::status::Cause]) -> ApiResult<()> {
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid(kind, name(object), causes)) }
}

/// Required fields of custom resources.
fn custom(state: &State, kind: &Kind, object: &Json, call: &Call) -> Vec<super::status::Cause> {
    if !kind.custom {
        return Vec::new();
    }
    let version = kind.version(&call.version).unwrap_or(kind.stored());
    validate::required(&state.schema, version.ty, object)
}
