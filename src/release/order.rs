//! In which order kinds are installed and removed (Helm, `release/v1/util/kind_sorter.go`).

use std::cmp::Ordering;

use crate::render::INSTALL_ORDER as INSTALL;

/// The place of a kind while installing; kinds that are not known come last, by name.
fn install_place(kind: &str) -> usize {
    INSTALL.iter().position(|known| *known == kind).unwrap_or(INSTALL.len())
}

/// The place of a kind while removing: the reverse, but Services go early, so that nobody is sent to what ends.
fn uninstall_place(kind: &str) -> usize {
    let reverse = |kind: &str| INSTALL.iter().rev().position(|known| *known == kind);
    match kind {
        "Service" => reverse("IngressClass").map_or(0, |place| 2 * place + 1),
        _ => reverse(kind).map_or(usize::MAX, |place| 2 * place),
    }
}

/// Compares two kinds by the order of installing.
pub fn by_install(a: &str, b: &str) -> Ordering {
    compare(a, b, install_place)
}

/// Compares two kinds by the order of removing.
pub fn by_uninstall(a: &str, b: &str) -> Ordering {
    compare(a, b, uninstall_place)
}

fn compare(a: &str, b: &str, place: fn(&str) -> usize) -> Ordering {
    let (place_a, place_b) = (place(a), place(b));
    let unknown = |place: usize| place == INSTALL.len() || place == usize::MAX;
    if unknown(place_a) && unknown(place_b) { a.cmp(b) } else { place_a.cmp(&place_b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<'a>(kinds: &[&'a str], order: fn(&str, &str) -> Ordering) -> Vec<&'a str> {
        let mut kinds = kinds.to_vec();
        kinds.sort_by(|a, b| order(a, b));
        kinds
    }

    #[test]
    fn both_orders() {
        let kinds = ["Zebra", "Ingress", "Service", "Ape", "Namespace", "Deployment", "IngressClass", "CronJob"];
        let install = ["Namespace", "Service", "Deployment", "CronJob", "IngressClass", "Ingress", "Ape", "Zebra"];
        let uninstall = ["Ingress", "IngressClass", "Service", "CronJob", "Deployment", "Namespace", "Ape", "Zebra"];
        assert_eq!(sorted(&kinds, by_install), install);
        assert_eq!(sorted(&kinds, by_uninstall), uninstall);
    }
}
