//! The Secret of a journal: its essentials for people in annotations, and the document in a packed form.
//!
//! A Secret holds at most 1 MiB, and a database may have thousands of tables, whose rows are noted several times over. So the
//! lists of tables are stored by columns, with each name once, and all is compressed. What an earlier version has written
//! plainly is read as well.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{Read as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Map, json};

use super::{Fork, Journal, MANAGER, Moment, Problem, journal::NAME};
use crate::{
    cluster::Json,
    database::{Changes, Lsn, TableChanges, TableCount},
};

/// What the data of a Secret may have in bytes (Kubernetes' `MaxSecretSize`).
const MOST: usize = 1 << 20;
/// What is kept free for what grows on the way: the log of the Job, warnings, tables that the schema change makes.
const SPARE: usize = 128 << 10;
/// A journal that unpacks to more than this is an attack or an accident.
const MOST_UNPACKED: u64 = 256 << 20;

/// Where lists of tables stand, and where lists of databases that have one each.
const TABLES: [&str; 1] = ["/fork/counts"];
const DATABASES: [&str; 3] = ["/fork/changes", "/beta_up/changes", "/route/changes"];

/// The Secret as it is written.
///
/// # Errors
/// Why it can't be.
pub fn seal(journal: &Journal) -> Result<Json, String> {
    let packed = pack(journal)?;
    if packed.len() > MOST {
        return Err(format!(
            "it has {} kB, packed, and a Secret holds at most {} kB: values, warnings or the names of tables are too long",
            packed.len() / 1000,
            MOST / 1000
        ));
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": NAME,
            "namespace": journal.namespace,
            "labels": {"app.kubernetes.io/managed-by": MANAGER},
            "annotations": essentials(journal),
        },
        "type": "vulas-native/handover.v1",
        "data": {"journal": STANDARD.encode(packed)},
    }))
}

/// What somebody with nothing but `kubectl` wants to know. No values: those may hold secrets.
fn essentials(journal: &Journal) -> Json {
    let mut known = json!({
        "vulas-native/state": journal.state,
        "vulas-native/from": journal.alpha,
        "vulas-native/to": journal.beta,
        "vulas-native/holder": journal.holder,
        "vulas-native/written": journal.written,
        "vulas-native/claim": journal.layout.volume.claim,
        "vulas-native/read-by": format!(
            "kubectl -n {} get secret {NAME} -o jsonpath='{{.data.journal}}' | base64 -d | gunzip",
            journal.namespace
        ),
    });
    if let Some(step) = journal.next() {
        known["vulas-native/step"] = json!(format!("{} of 8 ({step})", step.number()));
    }
    if let Some(fork) = &journal.fork {
        known["vulas-native/fork"] = json!(format!("{} at {}", fork.lsn, fork.time));
    }
    known
}

/// The document in a Secret.
///
/// # Errors
/// What is wrong with it, without a word of its content.
pub fn open(secret: &Json) -> Result<Json, String> {
    let data = secret.pointer("/data/journal").and_then(Json::as_str).ok_or("it has no key `journal`")?;
    let bytes = STANDARD.decode(data).map_err(|error| format!("it is not base64: {error}"))?;
    unpack(&bytes)
}

/// Whether the journal will still fit when all that the steps note about these tables is in it.
///
/// # Errors
/// Why the handover can't be recorded.
pub fn must_have_room(journal: &Journal, changes: &[Changes]) -> Result<(), Problem> {
    let full = grown(journal, changes);
    let size =
        pack(&full).map_err(|cause| Problem::new(cause, "this is an error of the program: please report it"))?.len();
    if size <= MOST - SPARE {
        return Ok(());
    }
    let tables: usize = changes.iter().map(|changes| changes.tables.len()).sum();
    let alone = pack(journal).map_or(0, |packed| packed.len());
    Err(Problem::new(
        format!(
            "the journal of this handover could not be written to its end: a Secret holds {} kB, and it may come to {} kB, {} kB of them values, and the rest for {tables} tables",
            MOST / 1000,
            size / 1000,
            alone / 1000
        ),
        "give shorter values or a shorter check file, or move tables that are not used any more out of the database",
    ))
}

/// The journal with all that may be noted about tables, in numbers that can't be compressed.
fn grown(journal: &Journal, changes: &[Changes]) -> Journal {
    let number = |table: &str, salt: u8| {
        let mut hasher = DefaultHasher::new();
        (table, salt).hash(&mut hasher);
        hasher.finish() % 1_000_000_000
    };
    let mut later = changes.to_vec();
    for table in later.iter_mut().flat_map(|changes| &mut changes.tables) {
        let name = table.table.clone();
        (table.inserted, table.updated, table.deleted) = (number(&name, 0), number(&name, 1), number(&name, 2));
    }
    let count = |database: &str, table: &TableChanges| TableCount {
        database: database.into(),
        table: table.table.clone(),
        rows: Some(number(&table.table, 3)),
    };
    let counts = changes.iter().flat_map(|c| c.tables.iter().map(|table| count(&c.database, table))).collect();
    let (changes, lsn, time) = (later.clone(), Lsn::default(), journal.began.clone());
    let (transactions, schema, settings, check) = (None, None, Vec::new(), None);
    let mut full = journal.clone();
    full.fork = Some(Fork { lsn, time: time.clone(), changes, transactions, counts, schema, settings, check });
    full.beta_up = Some(Moment { time, changes: later, transactions: None });
    full
}

fn pack(journal: &Journal) -> Result<Vec<u8>, String> {
    let mut document = serde_json::to_value(journal).map_err(|error| error.to_string())?;
    let mut names = Names::default();
    each_list(&mut document, |list| names.fold(list));
    if !names.all.is_empty() {
        document["tables"] = json!(names.all);
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(document.to_string().as_bytes()).map_err(|error| error.to_string())?;
    gzip.finish().map_err(|error| error.to_string())
}

fn unpack(bytes: &[u8]) -> Result<Json, String> {
    let mut text = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut reader = GzDecoder::new(bytes).take(MOST_UNPACKED + 1);
        reader.read_to_end(&mut text).map_err(|error| format!("it is not gzip: {error}"))?;
        if text.len() as u64 > MOST_UNPACKED {
            return Err(format!("it unpacks to more than {} MiB", MOST_UNPACKED >> 20));
        }
    } else {
        // Of a version that did not compress it.
        text.extend_from_slice(bytes);
    }
    // The values in it may hold passwords: the place is told, never the content.
    let mut document: Json = serde_json::from_slice(&text)
        .map_err(|error| format!("its JSON is wrong at line {}, column {}", error.line(), error.column()))?;
    let names: Vec<String> = match document.as_object_mut().and_then(|all| all.remove("tables")) {
        Some(names) => serde_json::from_value(names).map_err(|_| "its names of tables are wrong".to_owned())?,
        None => Vec::new(),
    };
    let mut whole = true;
    each_list(&mut document, |list| {
        if list.is_object() {
            match unfold(list, &names) {
                Some(rows) => *list = rows,
                None => whole = false,
            }
        }
    });
    if whole { Ok(document) } else { Err("a list of tables in it is wrong".into()) }
}

fn each_list(document: &mut Json, mut does: impl FnMut(&mut Json)) {
    for place in TABLES {
        document.pointer_mut(place).into_iter().for_each(&mut does);
    }
    for place in DATABASES {
        let databases = document.pointer_mut(place).and_then(Json::as_array_mut);
        databases.into_iter().flatten().filter_map(|one| one.get_mut("tables")).for_each(&mut does);
    }
}

/// The names of tables, each once.
#[derive(Default)]
struct Names {
    all: Vec<String>,
    places: HashMap<String, i64>,
}

impl Names {
    fn place(&mut self, name: &str) -> i64 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.all.len() as i64;
        self.all.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    /// Makes columns of rows that all have the same fields, one of them the name of a table. That becomes the distance to the
    /// name before, nearly always one: lists are in the same order.
    fn fold(&mut self, list: &mut Json) {
        let Some(rows) = list.as_array().filter(|rows| !rows.is_empty()) else { return };
        let Some(fields) = rows[0].as_object().map(|row| row.keys().cloned().collect::<Vec<_>>()) else { return };
        let alike = |row: &Json| {
            let row =
                row.as_object().filter(|row| row.len() == fields.len() && fields.iter().all(|f| row.contains_key(f)));
            row.is_some_and(|row| row.get("table").is_some_and(Json::is_string))
        };
        if !rows.iter().all(alike) {
            return;
        }
        let mut columns = Map::new();
        for field in &fields {
            let mut before = -1;
            let mut cell = |row: &Json| match row[field].as_str().filter(|_| field == "table") {
                Some(name) => {
                    let place = self.place(name);
                    let distance = place - before;
                    before = place;
                    json!(distance)
                }
                None => row[field].clone(),
            };
            columns.insert(field.clone(), rows.iter().map(&mut cell).collect());
        }
        *list = Json::Object(columns);
    }
}

/// Makes rows of columns again; `None` when they do not fit together.
fn unfold(columns: &Json, names: &[String]) -> Option<Json> {
    let columns = columns.as_object()?;
    let length = columns.get("table")?.as_array()?.len();
    let mut rows = vec![Map::new(); length];
    for (field, column) in columns {
        let column = column.as_array().filter(|column| column.len() == length)?;
        let mut place = -1;
        for (row, cell) in rows.iter_mut().zip(column) {
            let value = if field == "table" {
                place += cell.as_i64()?;
                json!(names.get(usize::try_from(place).ok()?)?)
            } else {
                cell.clone()
            };
            row.insert(field.clone(), value);
        }
    }
    Some(rows.into_iter().map(Json::Object).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal as an earlier version has written it.
    const PLAIN: &str = include_str!("../../fixtures/handover/journal-plain.json");

    fn plain() -> Journal {
        serde_json::from_str(PLAIN).unwrap()
    }

    /// Names of 63 characters that differ in the middle.
    fn changes(tables: usize, name: impl Fn(usize) -> String) -> Vec<Changes> {
        let table = |n| TableChanges {
            table: format!("public.{}", name(n)),
            inserted: n as u64 * 7919,
            updated: 3,
            deleted: 0,
        };
        let tables = (0..tables).map(table).collect();
        vec![Changes { database: "vulas".into(), reset: 0, started: 1, tables }]
    }

    fn long_name(n: usize) -> String {
        let name = format!("measurements_of_the_sensor_{n:0>9}_in_the_year_2026_and_later");
        assert_eq!(name.len(), 63, "{name}");
        name
    }

    fn opened(secret: &Json) -> Journal {
        serde_json::from_value(open(secret).unwrap()).unwrap()
    }

    #[test]
    fn a_journal_of_twenty_thousand_tables_fits_a_secret() {
        let full = grown(&plain(), &changes(20_000, long_name));
        assert!(serde_json::to_vec(&full).unwrap().len() > 6 * MOST);
        let secret = seal(&full).unwrap();
        let size = STANDARD.decode(secret["data"]["journal"].as_str().unwrap()).unwrap().len();
        assert!(size < MOST - SPARE, "{size}");
        assert_eq!(opened(&secret), full);
        assert_eq!(must_have_room(&plain(), &changes(20_000, long_name)), Ok(()));
    }

    #[test]
    fn what_would_not_fit_is_refused_beforehand_and_when_it_is_written() {
        let random = |n: usize| {
            let mut hasher = DefaultHasher::new();
            let mut word = || {
                n.hash(&mut hasher);
                format!("{:016x}", hasher.finish())
            };
            [word(), word(), word(), word()].concat()
        };
        let problem = must_have_room(&plain(), &changes(30_000, random)).unwrap_err();
        assert!(
            problem.what.contains("30000 tables") && problem.what.contains("a Secret holds 1048 kB"),
            "{problem:?}"
        );
        let error = seal(&grown(&plain(), &changes(30_000, random))).unwrap_err();
        assert!(error.contains("a Secret holds at most 1048 kB"), "{error}");
    }

    #[test]
    fn a_plain_journal_is_read() {
        let secret = json!({"data": {"journal": STANDARD.encode(PLAIN)}});
        assert_eq!(opened(&secret), plain());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_content() {
        let broken = |text: &[u8]| open(&json!({"data": {"journal": STANDARD.encode(text)}})).unwrap_err();
        assert_eq!(broken(br#"{"alpha_values": s3cret}"#), "its JSON is wrong at line 1, column 18");
        assert!(broken(&[0x1f, 0x8b, 1, 2]).starts_with("it is not gzip"));
        assert_eq!(
            broken(br#"{"fork": {"counts": {"table": [9]}}, "tables": ["a"]}"#),
            "a list of tables in it is wrong"
        );
    }

    #[test]
    fn lists_that_differ_in_their_fields_stay_as_they_are() {
        let mut list = json!([{"table": "a", "rows": 1}, {"table": "b"}]);
        let before = list.clone();
        Names::default().fold(&mut list);
        assert_eq!(list, before);
    }

    #[test]
    fn the_essentials_are_in_annotations() {
        let secret = seal(&plain()).unwrap();
        let known = &secret["metadata"]["annotations"];
        assert_eq!(known["vulas-native/state"], "up");
        assert_eq!(known["vulas-native/claim"], "data-alpha-database-slave-1");
        assert!(known.as_object().unwrap().values().all(Json::is_string), "{known}");
    }
}
