//! What the fuzzer does with an input (`fuzz/`), and what `tests/fuzzed.rs` does again with those that once did harm: none may
//! panic, hang or take much memory. Only `Result`s come out, and they are of no interest.
#![allow(dead_code)]

use std::rc::Rc;

use vulas_native::chart::{File, Notices, archive, dependencies, loader, strvals, values};
use vulas_native::gotemplate::{Set, Value};
use vulas_native::render::{self, Capabilities, Options, ReleaseInfo};
use vulas_native::{goyaml, sprig};

/// What an input is given to.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 6] = [
    ("template", template),
    ("yaml", yaml),
    ("json_toml", json_toml),
    ("set_values", set_values),
    ("archive", archive),
    ("chart", chart),
];

/// Parses and executes a template with sprig's functions and some values.
pub fn template(data: &[u8]) {
    let mut set = Set::new("set", sprig::functions());
    if set.parse_bytes("t", data).is_err() {
        return;
    }
    let values = "a: 1\nb: {c: [x, 2.5, null, true], d: {}}\ns: text\nl: []\n";
    let values = goyaml::from_yaml(values.as_bytes()).unwrap_or_default();
    let mut host = sprig::Host::fixed(1_700_000_000, 1);
    let _ = set.execute("t", Value::map([("Values", values)]), &mut host);
}

/// Reads YAML as values, manifests and metadata are read, and writes what was read.
pub fn yaml(data: &[u8]) {
    let _ = values::load(data);
    let _ = goyaml::from_yaml_strict(data);
    let _ = goyaml::from_yaml_list(data);
    let Ok(value) = goyaml::from_yaml(data) else { return };
    let _ = goyaml::to_yaml_pretty(&value);
    let _ = goyaml::to_json_indent(&value, "", "  ", true);
    if let Ok(text) = goyaml::to_yaml(&value) {
        // It need not be the same value: -0 becomes 0, as in Go.
        if let Err(error) = goyaml::from_yaml(&text) {
            panic!("what was written cannot be read: {error}\n{}", String::from_utf8_lossy(&text));
        }
    }
}

/// Reads JSON and TOML, and writes what was read as both.
pub fn json_toml(data: &[u8]) {
    let json = goyaml::from_json(data);
    let toml = goyaml::from_toml(data, &|time| Value::str(format!("{}-{}", time.year, time.month)));
    for value in [json, toml].into_iter().flatten() {
        let _ = goyaml::to_json(&value, false);
        let _ = goyaml::to_toml(&value);
        let _ = goyaml::to_yaml(&value);
    }
    let _ = goyaml::from_json_list(data);
}

/// Takes lines as `--set` and its relatives, one after the other into the same map.
pub fn set_values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Value::Map(target) = Value::map::<&str>([]) else { return };
    let file = |path: &str| Ok(Value::str(path));
    for line in text.lines().take(64) {
        for kind in [
            strvals::Kind::Typed,
            strvals::Kind::String,
            strvals::Kind::Json,
            strvals::Kind::File(&file),
            strvals::Kind::Literal,
        ] {
            let _ = strvals::parse_into(line, &kind, &Rc::clone(&target));
        }
    }
    let _ = goyaml::to_json(&Value::Map(target), true);
}

/// Loads an archive. The first byte says whether the rest is zipped already.
pub fn archive(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    if first % 2 == 0 {
        let _ = archive::unpack(rest);
        return;
    }
    let mut zipper = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zipped = std::io::Write::write_all(&mut zipper, rest).and_then(|()| zipper.finish());
    let _ = loader::load_archive(&zipped.unwrap_or_default(), &Notices::new());
}

/// Renders a chart. Files are divided by lines that begin with `=== ` and the path.
pub fn chart(data: &[u8]) {
    let notices = Notices::new();
    let mut files = vec![File { name: "Chart.yaml".into(), data: "name: c\nversion: 1.2.3\napiVersion: v2\n".into() }];
    for part in String::from_utf8_lossy(data).split("=== ").skip(1) {
        let (name, content) = part.split_once('\n').unwrap_or((part, ""));
        files.push(File { name: name.trim().into(), data: content.as_bytes().into() });
    }
    let Ok(mut chart) = loader::from_files(files, &notices) else { return };
    let user = Value::map([("user", Value::int(1))]);
    let _ = dependencies::process(&mut chart.clone(), &user, &notices);
    let release =
        ReleaseInfo { name: "r".into(), namespace: "n".into(), revision: 1, is_upgrade: false, is_install: true };
    let _ = render::release(&mut chart, &user, &release, &Capabilities::default(), &Options::default(), &notices);
}
