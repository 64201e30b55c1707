//! Step 7: beta holds what it should.

use std::collections::HashMap;

use super::{Error, claims, containers, run::Run};
use crate::{
    cluster::{ObjectRef, Step, wait_until},
    database::{Server, TableCount},
};

/// So many tables are named; nobody reads more, and the journal has to hold them.
const MOST_LINES: usize = 20;

/// The server that runs on the volume that was handed over.
pub async fn beta_master(run: &Run<'_>) -> Result<Server, Error> {
    let namespace = &run.journal.namespace;
    let claim = &run.journal.layout.volume.claim;
    let container = &run.journal.layout.replica.container;
    let login = run.journal.layout.replica.heir_login();
    let what = format!("the master of {} on persistentvolumeclaim/{claim}", run.journal.beta);
    let look = || {
        let (cluster, login) = (run.cluster.clone(), login.clone());
        async move {
            let users = claims::users(&cluster, namespace, claim).await.map_err(|e| match e {
                Error::Cluster(error) => error,
                other => crate::cluster::Error::Other(other.to_string()),
            })?;
            let [pod] = users.as_slice() else {
                return Ok(Step::Pending(format!("mounted by {} pods", users.len())));
            };
            let Some(live) = cluster.get(&ObjectRef::new("v1", "Pod", namespace, pod)).await? else {
                return Ok(Step::Pending(format!("pod/{pod} is gone")));
            };
            let spec = live.get("spec");
            let labels = live.pointer("/metadata/labels");
            let found = spec.and_then(|spec| containers::postgres_like(spec, labels, container));
            let Some(name) = found.and_then(|c| c.get("name")?.as_str()) else {
                return Ok(Step::Pending(format!("pod/{pod} has no PostgreSQL container")));
            };
            let server = Server::new(&cluster, namespace, pod, name).with_login(login);
            match server.position().await {
                Ok(_) => Ok(Step::Done(server)),
                Err(error) => Ok(Step::Pending(error.to_string())),
            }
        }
    };
    Ok(wait_until(&what, run.timeout, run.show, look).await?)
}

/// Compares beta with what was recorded at the fork.
pub async fn apply(run: &mut Run<'_>) -> Result<String, Error> {
    let server = beta_master(run).await?;
    let identity = server.identity().await?;
    let (Some(fork), Some(promotion)) = (run.journal.fork.clone(), run.journal.promotion.clone()) else {
        return Err(Error::Verify("neither fork nor promotion were recorded".into()));
    };
    let alpha = &run.journal.layout.master.identity;
    if identity.in_recovery {
        return Err(Error::Verify(format!("{} is in recovery: not a master", server.target())));
    }
    if identity.system_identifier != alpha.system_identifier {
        return Err(Error::Verify(format!(
            "{} is another database: its system identifier is {}, alpha's {}",
            server.target(),
            identity.system_identifier,
            alpha.system_identifier
        )));
    }
    if identity.timeline < promotion.timeline {
        return Err(Error::Verify(format!(
            "{} is on timeline {}, but the volume was promoted to {}",
            server.target(),
            identity.timeline,
            promotion.timeline
        )));
    }
    let position = server.position().await?;
    if position.lsn < promotion.switched || position.lsn < fork.lsn {
        return Err(Error::Verify(format!(
            "{} is at {}, before the fork at {}",
            server.target(),
            position.lsn,
            fork.lsn
        )));
    }
    let counts = server.counts().await?;
    for line in fewer(&fork.counts, &counts) {
        run.warn(line);
    }
    let schema = server.schema_version().await?;
    if let (Some(sql), Some(before)) = (&run.journal.check_sql, &fork.check) {
        let after = server.check(sql).await?;
        if after != *before {
            return Err(Error::Verify(different(before, &after)));
        }
    }
    let rows: u64 = counts.iter().filter_map(|c| c.rows).sum();
    let mut detail = format!("timeline {}, {rows} rows in {} tables", identity.timeline, counts.len());
    match (&fork.schema, &schema) {
        (Some(old), Some(new)) if old != new => detail.push_str(&format!(", schema {old} → {new}")),
        (_, Some(new)) => detail.push_str(&format!(", schema {new}")),
        _ => {}
    }
    if fork.check.is_some() {
        detail.push_str(", your check agrees");
    }
    run.journal.beta_rows = Some((rows, counts.len()));
    run.journal.beta_schema = schema;
    Ok(detail)
}

/// Tables of the fork that are gone or have fewer rows. A schema change may do that; so it is said, and not judged.
fn fewer(fork: &[TableCount], beta: &[TableCount]) -> Vec<String> {
    let beta: HashMap<_, _> = beta.iter().map(|c| ((&c.database, &c.table), c.rows)).collect();
    let mut lines = Vec::new();
    for before in fork {
        let Some(rows) = before.rows else { continue };
        match beta.get(&(&before.database, &before.table)) {
            None => lines.push(format!("table {} ({rows} rows at the fork) is not in beta: see whether its schema change removes it", before.table)),
            Some(Some(now)) if *now < rows => lines.push(format!(
                "table {} has {now} rows in beta, {} fewer than at the fork: see whether its schema change removes them",
                before.table,
                rows - now
            )),
            Some(_) => {}
        }
    }
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("{more} more tables are not in beta, or have fewer rows there"));
    }
    lines
}

/// The first line in which two outputs of the check file differ.
fn different(before: &str, after: &str) -> String {
    let (mut old, mut new) = (before.lines(), after.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (left, right) = (old.next(), new.next());
        if left != right || left.is_none() {
            return format!(
                "your check gives another answer on beta, line {number}: \"{}\" at the fork, \"{}\" now",
                left.unwrap_or("(end)"),
                right.unwrap_or("(end)")
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(table: &str, rows: u64) -> TableCount {
        TableCount { database: "vulas".into(), table: table.into(), rows: Some(rows) }
    }

    #[test]
    fn missing_tables_and_rows_are_named() {
        let fork = [count("public.app", 10), count("public.old", 3), count("public.same", 5)];
        let beta = [count("public.app", 8), count("public.same", 6), count("public.new", 1)];
        let lines = fewer(&fork, &beta);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("public.app") && lines[0].contains("2 fewer"));
        assert!(lines[1].contains("public.old"));
        let many: Vec<TableCount> = (0..25).map(|n| count(&format!("public.t{n}"), 1)).collect();
        let lines = fewer(&many, &[]);
        assert!(lines.len() == MOST_LINES + 1 && lines[MOST_LINES].starts_with("5 more tables"), "{lines:?}");
    }

    #[test]
    fn the_first_difference_is_shown() {
        assert!(different("a\nb\n", "a\nc\n").contains("line 2: \"b\" at the fork, \"c\" now"));
        assert!(different("a\n", "a\nb\n").contains("line 2: \"(end)\" at the fork, \"b\" now"));
    }
}
