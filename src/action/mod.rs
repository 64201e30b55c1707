//! Install, upgrade, rollback and uninstall as transactions over release and cluster.
