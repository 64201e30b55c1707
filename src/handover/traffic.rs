//! Which admin releases lead to beta, and how they are led back.

use super::{
    Error, Journal, RetreatOptions, State, releases,
    route::{ADMIN_CHART, RELEASE_VALUE},
    values::get_path,
};
use crate::{
    cluster::{Cluster, Json},
    release::Release,
};

/// An admin release that serves beta.
pub struct Served {
    /// Its namespace.
    pub namespace: String,
    /// The release.
    pub name: String,
    /// The value of its chart that names the served release.
    pub value: String,
    /// Its chart, where its record does not hold all of it.
    pub chart: String,
    /// The release that it goes back to.
    pub back_to: String,
}

/// Where the traffic may be led to beta from.
#[derive(PartialEq)]
struct Place {
    namespace: String,
    name: String,
    value: String,
}

/// The release that an admin release serves.
pub fn served_by(admin: &Release, value: &str) -> Option<String> {
    let text = |values: &Json| get_path(values, value).and_then(Json::as_str).map(str::to_owned);
    text(&admin.config).or_else(|| text(&releases::all_values(admin))).filter(|name| !name.is_empty())
}

/// Finds every admin release that serves beta: the one that was named, the one that was recorded, and all others of its
/// namespace.
///
/// # Errors
/// [`Error::Unfit`] when the one that was named, or that leads to beta as far as is known, is not there or does not say
/// whom it serves: when beta is removed, the traffic would lead nowhere.
pub async fn to_beta(cluster: &Cluster, journal: &Journal, options: &RetreatOptions) -> Result<Vec<Served>, Error> {
    let recorded = journal.route.as_ref();
    let namespace = options.admin_namespace.clone().or_else(|| recorded.map(|route| route.namespace.clone()));
    let namespace = namespace.or_else(|| journal.admin_namespace.clone());
    // A route that was made by another value would not be seen by ours.
    let value = options.release_value.clone().or_else(|| recorded.map(|route| route.release_value.clone()));
    let value = value.unwrap_or_else(|| RELEASE_VALUE.into());
    let named = options.admin_release.clone().or_else(|| recorded.map(|route| route.release.clone()));
    let none_left = options.admin_release.as_deref() == Some("");
    let given = options.admin_release.is_some() || options.release_value.is_some();
    let needed = (journal.state == State::Routed || given) && !none_left;

    let mut places: Vec<(Place, bool)> = Vec::new();
    if let Some(name) = named.filter(|_| !none_left) {
        let Some(namespace) = namespace.clone() else {
            return Err(Error::unfit(
                format!("the namespace of release {name} is not known"),
                "name it: --admin-namespace NS",
            ));
        };
        places.push((Place { namespace, name, value: value.clone() }, needed));
    }
    if let Some(route) = recorded {
        let (namespace, name) = (route.namespace.clone(), route.release.clone());
        places.push((Place { namespace, name, value: route.release_value.clone() }, false));
    }
    if let Some(namespace) = &namespace {
        let names = match releases::names(cluster, namespace).await {
            Ok(names) => names,
            // Where one is known already, more may stay unseen.
            Err(_) if !places.is_empty() => Vec::new(),
            Err(error) => return Err(error),
        };
        let place = |name| Place { namespace: namespace.clone(), name, value: value.clone() };
        places.extend(names.into_iter().map(|name| (place(name), false)));
    }
    let mut found: Vec<Served> = Vec::new();
    for (place, needed) in places {
        if found.iter().any(|known| known.namespace == place.namespace && known.name == place.name) {
            continue;
        }
        let admin = releases::current(cluster, &place.namespace, &place.name).await;
        let admin = match admin {
            Ok(Some(admin)) => admin,
            Ok(None) if needed => return Err(missing(cluster, journal, &place).await),
            Ok(None) => continue,
            Err(error) if needed => return Err(error),
            Err(_) => continue,
        };
        match served_by(&admin, &place.value) {
            Some(release) if release == journal.beta => found.push(served(journal, options, place)),
            None if needed => {
                return Err(Error::unfit(
                    format!("release {} has no value {} that names the release it serves", place.name, place.value),
                    "name the value by which it does: --release-value PATH",
                ));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn served(journal: &Journal, options: &RetreatOptions, place: Place) -> Served {
    let recorded = journal.route.as_ref();
    let chart = options.admin_chart.clone().or_else(|| recorded.map(|route| route.admin_chart.clone()));
    let of_record = recorded.filter(|route| route.release == place.name && route.namespace == place.namespace);
    // A record that leads back to beta leads nowhere when beta is gone.
    let back_to = of_record.map(|route| route.before.clone()).filter(|before| *before != journal.beta);
    Served {
        chart: chart.unwrap_or_else(|| ADMIN_CHART.into()),
        back_to: back_to.unwrap_or_else(|| journal.alpha.clone()),
        namespace: place.namespace,
        name: place.name,
        value: place.value,
    }
}

async fn missing(cluster: &Cluster, journal: &Journal, place: &Place) -> Error {
    let known = releases::names(cluster, &place.namespace).await.unwrap_or_default();
    let listed = if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) };
    Error::unfit(
        format!("release {} is not deployed in namespace {}", place.name, place.namespace),
        format!(
            "name the deployed admin release that leads to {} ({listed}): --admin-release NAME --admin-namespace NS; or, when there is none any more: --admin-release=",
            journal.beta
        ),
    )
}
