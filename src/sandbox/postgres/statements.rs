//! What servers are asked about themselves. Each statement is known by its beginning, whitespace folded.

use super::super::json::{Access, name, namespace};
use super::sql::{Answer, Rows, Session};
use super::{follow, volume_of};

fn flag(value: bool) -> String {
    if value { "t" } else { "f" }.into()
}

/// The answer to a question about the server; `None` when the statement is none.
pub fn answer(session: &mut Session<'_>, statement: &str) -> Option<Answer> {
    let begins = |text: &str| statement.len() >= text.len() && statement[..text.len()].eq_ignore_ascii_case(text);
    let is = |text: &str| statement.eq_ignore_ascii_case(text);
    Some(if begins("SELECT current_setting('server_version_num'), current_setting('server_version')") {
        identity(session)
    } else if begins("SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()") {
        position(session)
    } else if begins("SELECT (SELECT status FROM pg_stat_wal_receiver)") {
        receiver(session)
    } else if begins("SELECT application_name, host(client_addr), state, sent_lsn") {
        standbys(session)
    } else if begins("SELECT count(*) FROM pg_stat_replication") {
        standbys(session).map(|rows| Rows::one(rows.rows.len()))
    } else if begins("SELECT count(pg_terminate_backend(pid))") {
        let delay = std::time::Duration::from_millis(session.state.config.pace.commit);
        session.server().map(|server| Rows::one(server.end_sessions(delay)))
    } else if begins("SELECT setting, source, (SELECT coalesce(string_agg(coalesce(r.rolname") {
        clients(session)
    } else if begins("SELECT datname, pg_database_size(oid)") {
        session.server().map(|server| {
            Rows::of(server.databases.iter().map(|(name, database)| {
                let rows: u64 = database.tables.values().map(|table| table.rows).sum();
                [name.clone(), (7_500_000 + rows * 128).to_string()]
            }))
        })
    } else if begins("SELECT 'setting', name, CASE WHEN name IN ('archive_command'") {
        facts(session)
    } else if begins("SELECT 'unlogged', n.nspname") {
        session.database().map(|database| {
            let unlogged = database.tables.iter().filter(|(_, table)| table.unlogged);
            Rows::of(unlogged.map(|(name, _)| ["unlogged".to_string(), name.clone()]))
        })
    } else if begins("SELECT pg_drop_replication_slot(")
        || begins("SELECT EXISTS (SELECT FROM pg_replication_slots")
        || begins("SELECT pg_create_physical_replication_slot(")
    {
        slot(session, statement)
    } else if begins("SELECT name, setting FROM pg_settings WHERE name IN") {
        Ok(settings(session, statement))
    } else if begins("SELECT format(CASE WHEN pg_relation_size(c.oid)") {
        session.database().map(|database| {
            Rows::of(database.tables.iter().map(|(name, table)| [name.clone(), table.rows.to_string()]))
        })
    } else if begins("SELECT '*', coalesce(extract(epoch FROM stats_reset)") {
        changes(session)
    } else if begins("SELECT format(CASE WHEN c.relname = 'databasechangelog'") {
        session.database().map(|database| {
            let version = database.schema_version.clone();
            Rows::of(version.map(|version| ["public.schema_version".to_string(), version]))
        })
    } else if is("CHECKPOINT") {
        session.server().map(|server| {
            if !server.standby {
                server.advance(0x70);
            }
            Rows::tag("CHECKPOINT")
        })
    } else if begins("ALTER SYSTEM SET ") || begins("ALTER SYSTEM RESET ") {
        alter_system(session, statement)
    } else if is("SELECT pg_reload_conf()") {
        Ok(Rows::one("t"))
    } else if begins(
        "SELECT coalesce((SELECT setting FROM pg_file_settings WHERE name = 'default_transaction_read_only'",
    ) {
        session
            .server()
            .map(|server| Rows::one(server.settings.get("default_transaction_read_only").map_or("off", String::as_str)))
    } else if begins("SELECT txid_current_snapshot(), to_char(now()") {
        session.server().map(|server| {
            let next = server.transactions + 1;
            Rows::of([[format!("{next}:{next}:"), now()]])
        })
    } else if begins("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") {
        // Sessions end with their command; those whose rows are not counted yet are taken to be there still.
        session.server().map(|server| Rows::one(server.unseen.len()))
    } else if is("SELECT pg_is_in_recovery()") {
        session.server().map(|server| Rows::one(flag(server.standby)))
    } else if is("SELECT NOT pg_is_in_recovery()") {
        session.server().map(|server| Rows::one(flag(!server.standby)))
    } else if is("SELECT pg_current_wal_lsn()")
        || is("SELECT pg_current_wal_flush_lsn()")
        || is("SELECT pg_current_wal_insert_lsn()")
    {
        session.server().and_then(|server| {
            if server.standby {
                Err("recovery is in progress\nHINT:  WAL control functions cannot be executed during recovery.".into())
            } else {
                Ok(Rows::one(server.position))
            }
        })
    } else if is("SELECT pg_last_wal_replay_lsn()") || is("SELECT pg_last_wal_receive_lsn()") {
        let received = statement.to_lowercase().contains("receive");
        session.server().map(|server| {
            let position = if received { server.received.max(server.position) } else { server.position };
            Rows::one(if server.standby { position.to_string() } else { String::new() })
        })
    } else if is("SELECT pg_wal_replay_pause()") || is("SELECT pg_wal_replay_resume()") {
        let pause = statement.to_lowercase().contains("pause");
        session.server().map(|server| {
            server.paused = pause;
            Rows::one("")
        })
    } else if is("SELECT pg_switch_wal()") {
        session.server().map(|server| {
            server.advance(0x18);
            Rows::one(server.position)
        })
    } else if is("SELECT timeline_id FROM pg_control_checkpoint()") {
        session.server().map(|server| Rows::one(server.timeline))
    } else if is("SELECT system_identifier FROM pg_control_system()") {
        session.server().map(|server| Rows::one(server.system_identifier))
    } else if is("SELECT version()") {
        session
            .server()
            .map(|server| Rows::one(format!("PostgreSQL {} on x86_64-pc-linux-gnu (sandbox)", server.version())))
    } else if is("SELECT current_database()") {
        Ok(Rows::one(session.database.clone()))
    } else if is("SELECT current_user") || is("SELECT user") {
        Ok(Rows::one(session.role.clone()))
    } else if begins("SHOW ") {
        show(session, statement)
    } else {
        return None;
    })
}

fn data_directory(session: &Session<'_>) -> String {
    super::server_container(session.pod)
        .map_or_else(String::new, |container| super::data_directory(container, session.environment))
}

fn identity(session: &mut Session<'_>) -> Answer {
    let (user, folder) = (session.role.clone(), data_directory(session));
    let server = session.server()?;
    let superuser = server.roles.get(&user).is_none_or(|role| role.superuser);
    Ok(Rows::of([[
        server.version_number().to_string(),
        server.version(),
        folder,
        user,
        flag(server.standby),
        server.system_identifier.to_string(),
        server.timeline.to_string(),
        "logical".to_string(),
        flag(superuser),
    ]]))
}

fn position(session: &mut Session<'_>) -> Answer {
    let server = session.server()?;
    Ok(Rows::of([[flag(server.standby), server.position.to_string(), now()]]))
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn receiver(session: &mut Session<'_>) -> Answer {
    let streams = follow(session.state, session.volume);
    let server = session.server()?;
    if !server.standby {
        return Ok(Rows::of([[String::new(), String::new(), String::new(), "f".to_string()]]));
    }
    let status = if streams { "streaming" } else { "" };
    let received = server.received.max(server.position);
    Ok(Rows::of([[status.to_string(), received.to_string(), server.position.to_string(), flag(server.paused)]]))
}

/// The standbys that stream from this master: pods that run and follow it.
fn standbys(session: &mut Session<'_>) -> Answer {
    if session.server()?.standby {
        return Ok(Rows::default());
    }
    let master = session.server()?.position.to_string();
    let mut rows = Vec::new();
    for pod in session.state.store.list("/pods", Some(namespace(session.pod))) {
        let Some(container) = super::server_container(&pod) else { continue };
        let Some(volume) = volume_of(session.state, &pod, container) else { continue };
        let mine = session
            .state
            .volumes
            .get(&volume)
            .and_then(|volume| volume.follows.clone())
            .and_then(|(space, host)| super::master_behind(session.state, &space, &host));
        if mine.is_none_or(|(_, master)| master != session.volume) || !follow(session.state, &volume) {
            continue;
        }
        let replayed = session
            .state
            .volumes
            .get(&volume)
            .and_then(|volume| volume.server.as_ref())
            .map(|s| s.position.to_string());
        rows.push([
            name(&pod).to_string(),
            pod.text("/status/podIP").to_string(),
            "streaming".to_string(),
            master.clone(),
            replayed.unwrap_or_default(),
            "async".to_string(),
        ]);
    }
    Ok(Rows::of(rows))
}

/// What a copy of the server must know of.
fn facts(session: &mut Session<'_>) -> Answer {
    let server = session.server()?;
    let mut rows = Vec::new();
    let mut row =
        |kind: &str, name: &str, value: &str| rows.push([kind.to_string(), name.to_string(), value.to_string()]);
    let mut names = vec!["archive_mode", "archive_command", "synchronous_standby_names", "shared_preload_libraries"];
    // New in 17.
    if server.major >= 17 {
        names.extend(["synchronized_standby_slots", "allow_alter_system"]);
    }
    for name in names {
        let value = server.settings.get(name).map_or(if name == "archive_mode" { "off" } else { "" }, String::as_str);
        row("setting", name, if name == "archive_command" && !value.is_empty() { "set" } else { value });
    }
    for (name, used) in &server.slots {
        row("slot", name, if *used { "physical active 0" } else { "physical inactive 0" });
    }
    for (name, place) in &server.tablespaces {
        row("tablespace", name, place);
    }
    for name in &server.prepared {
        row("prepared", name, "postgres");
    }
    row("hba", "all", "");
    let own = server.settings.get("primary_slot_name").filter(|_| server.standby);
    row("mine", "slot", own.map_or("", String::as_str));
    Ok(Rows::of(rows))
}

/// Makes, drops, or looks for the slot that a statement names.
fn slot(session: &mut Session<'_>, statement: &str) -> Answer {
    let name = statement.split('\'').nth(1).unwrap_or_default().to_string();
    let server = session.server()?;
    if statement.contains("pg_create") {
        if server.slots.contains_key(&name) {
            return Err(format!("replication slot \"{name}\" already exists"));
        }
        server.slots.insert(name.clone(), false);
        return Ok(Rows::one(format!("({name},)")));
    }
    if statement.contains("pg_drop") {
        server.slots.remove(&name);
        return Ok(Rows::default());
    }
    Ok(Rows::one(flag(server.slots.contains_key(&name))))
}

/// The settings among those asked that every server has.
fn settings(session: &Session<'_>, statement: &str) -> Rows {
    let file = format!("{}/postgresql.conf", data_directory(session));
    let known = [
        ("config_file", file.as_str()),
        ("max_connections", "100"),
        ("max_locks_per_transaction", "64"),
        ("max_prepared_transactions", "0"),
        ("max_wal_senders", "20"),
        ("max_worker_processes", "16"),
        ("track_commit_timestamp", "off"),
        ("wal_level", "logical"),
        ("wal_log_hints", "off"),
    ];
    let asked = known.iter().filter(|(name, _)| statement.contains(&format!("'{name}'")));
    Rows::of(asked.map(|(name, value)| [(*name).to_string(), (*value).to_string()]))
}

fn changes(session: &mut Session<'_>) -> Answer {
    let delay = std::time::Duration::from_millis(session.state.config.pace.statistics);
    session.server()?.count(delay);
    let started = session.server()?.started;
    let mut rows = vec![["*".to_string(), "0".into(), started.to_string(), "0".into()]];
    for (name, table) in &session.database()?.tables {
        let [inserted, updated, deleted] = table.changes.map(|count| count.to_string());
        rows.push([name.clone(), inserted, updated, deleted]);
    }
    Ok(Rows::of(rows))
}

fn alter_system(session: &mut Session<'_>, statement: &str) -> Answer {
    let words: Vec<&str> = statement.split([' ', '=']).filter(|word| !word.is_empty()).collect();
    let server = session.server()?;
    match words.as_slice() {
        [_, _, verb, name, value @ ..] if verb.eq_ignore_ascii_case("SET") => {
            let value = value.join(" ").trim_start_matches("TO ").trim_matches('\'').to_string();
            server.settings.insert((*name).to_lowercase(), value);
        }
        [_, _, _, name] => {
            server.settings.remove(&name.to_lowercase());
        }
        _ => return Err(format!("sandbox: does not model: {statement}")),
    }
    Ok(Rows::tag("ALTER SYSTEM"))
}

/// Whether this session's transactions may only read, and where that is set: the role's own setting comes before the command
/// line, and that before what `ALTER SYSTEM` has set.
pub fn read_only(session: &mut Session<'_>) -> Result<(bool, &'static str), String> {
    if session.unfenced {
        return Ok((false, "client"));
    }
    let role = session.role.clone();
    let container = super::server_container(session.pod);
    let argument = container.into_iter().flat_map(|container| container.items("/args")).find_map(|argument| {
        argument
            .as_str()?
            .trim_start_matches('-')
            .trim_start_matches("c ")
            .strip_prefix("default_transaction_read_only=")
    });
    let argument = argument.map(str::to_owned);
    let server = session.server()?;
    let set = server.settings.get("default_transaction_read_only").cloned();
    let own = server.role_settings.get(&role).cloned();
    let found = [(own, "user"), (argument, "command line"), (set, "configuration file")];
    let found = found.into_iter().find_map(|(value, source)| Some((value? == "on", source)));
    Ok(found.unwrap_or((false, "default")))
}

fn clients(session: &mut Session<'_>) -> Answer {
    let (fenced, source) = read_only(session)?;
    let time = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
    let server = session.server()?;
    let exempt: Vec<String> = server
        .role_settings
        .iter()
        .filter(|(_, value)| *value != "on")
        .map(|(role, _)| format!("{role} in all databases"))
        .collect();
    let fenced = if fenced { "on" } else { "off" };
    let prepared = server.prepared.join(", ");
    Ok(Rows::of([[fenced.into(), source.into(), exempt.join(", "), prepared, time.to_string()]]))
}

fn show(session: &mut Session<'_>, statement: &str) -> Answer {
    let wanted = statement[5..].trim().to_lowercase();
    let folder = data_directory(session);
    let unfenced = session.unfenced;
    let server = session.server()?;
    Ok(Rows::one(match wanted.as_str() {
        "server_version_num" => server.version_number().to_string(),
        "server_version" => server.version(),
        "data_directory" => folder,
        "wal_level" => "logical".into(),
        "default_transaction_read_only" if unfenced => "off".into(),
        "transaction_read_only" => if server.standby { "on" } else { "off" }.into(),
        other => match server.settings.get(other) {
            Some(value) => value.clone(),
            None if other == "default_transaction_read_only" => "off".into(),
            None => return Err(format!("sandbox: does not model: {statement}")),
        },
    }))
}
