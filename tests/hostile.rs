//! Charts that mean harm: each ends with an error, in Helm's words where Helm survives, before it takes much time or memory.
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vulas_native::chart::values::Overrides;
use vulas_native::chart::{File, Notices, loader};
use vulas_native::gotemplate::Value;
use vulas_native::render::{self, Capabilities, Options, ReleaseInfo};

/// What takes memory or is timed runs alone: the limits look at the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Renders one template and some partials.
fn render(template: &str, partials: &str) -> Result<String, String> {
    render_with(template, partials, &Options::default())
}

fn render_with(template: &str, partials: &str, options: &Options) -> Result<String, String> {
    let notices = Notices::new();
    let files = vec![
        File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        File::new("templates/_p.tpl", partials),
        File::new("templates/a.yaml", format!("a: {template}")),
    ];
    let mut chart = loader::from_files(files, &notices).unwrap();
    let (values, release) = (Value::map::<&str>([]), ReleaseInfo::install("r", "n"));
    let capabilities = Capabilities::default();
    render::release(&mut chart, &values, &release, &capabilities, options, &notices)
        .map(|rendered| rendered.manifest())
        .map_err(|error| error.to_string())
}

fn fails(template: &str, partials: &str, with: &str) {
    let error = render(template, partials).unwrap_err();
    assert!(error.contains(with), "{template}: {}", error.chars().take(500).collect::<String>());
}

#[test]
fn values_that_are_held_many_times_over_are_not_walked_for_ever() {
    let lists = "{{ $x := list `aaaaaaaaaaaaaaaa` }}{{ range until 40 }}{{ $x = list $x $x }}{{ end }}";
    let maps = "{{ $x := dict }}{{ $y := dict }}{{ range until 40 }}{{ $x = dict `a` $x `b` $x }}{{ $y = dict `a` $y `b` $y }}{{ end }}";
    fails(&format!("{lists}{{{{ toRawJson $x | len }}}}"), "", "the text is too long");
    assert!(render(&format!("{lists}{{{{ toYaml $x }}}}"), "").is_ok());
    fails(&format!("{lists}{{{{ print $x | len }}}}"), "", "the text is too long");
    fails(&format!("{lists}{{{{ deepCopy $x | len }}}}"), "", "too large or nested too deeply");
    fails(&format!("{maps}{{{{ merge $x $y | len }}}}"), "", "too large or nested too deeply");
    assert!(render(&format!("{maps}{{{{ deepEqual $x $y }}}}"), "").unwrap().ends_with("a: true\n"));
}

#[test]
fn texts_and_lists_do_not_grow_without_end() {
    let _alone = alone();
    for (template, error) in [
        ("{{ $s := `x` }}{{ range until 40 }}{{ $s = printf `%s%s` $s $s }}{{ end }}", "the text is too long"),
        ("{{ $s := repeat 10000000 `x` }}{{ printf (repeat 100 `%[1]s`) $s }}", "the text is too long"),
        ("{{ $s := repeat 10000000 `x` }}{{ join $s (until 1000) }}", "is too long (at most"),
        ("{{ $s := repeat 10000000 `x` }}{{ replace `x` $s $s }}", "is too long (at most"),
        ("{{ $s := repeat 10000 `x` }}{{ regexReplaceAll `x` $s $s }}", "is too long (at most"),
        ("{{ $s := repeat 1000000 `x ` }}{{ wrapWith 1 (repeat 1000 `y`) $s }}", "is too long (at most"),
        ("{{ $s := repeat 1000000 `\n` }}{{ indent 1000 $s }}", "is too long (at most"),
        ("{{ $s := repeat 20000000 `x` }}{{ splitList `` $s }}", "is too long (at most"),
        ("{{ $l := until 4000000 }}{{ concat $l $l $l }}", "is too long (at most"),
        (
            "{{ $d := dict }}{{ range until 100000 }}{{ $_ := set $d (toString .) (repeat 1000000 `x`) }}{{ end }}",
            "too much memory",
        ),
        ("{{ range until 10000000 }}{{ repeat 1000000 `x` }}{{ end }}", "the output exceeds"),
    ] {
        fails(template, "", error);
    }
}

#[test]
fn recursion_ends() {
    let ring: String = (0..2000)
        .map(|n| format!("{{{{define \"{n}\"}}}}{{{{include \"{}\" .}}}}{{{{end}}}}", (n + 1) % 2000))
        .collect();
    fails("{{ include `0` . }}", &ring, "exceeded maximum depth of included templates");
    let itself = "{{define `r`}}{{include `r` .}}{{end}}";
    fails("{{ include `r` . }}", itself, "rendering template has a nested reference name: r");
    let through_text = "{{define `r`}}{{tpl \"{{include `r` .}}\" .}}{{end}}";
    fails("{{ include `r` . }}", through_text, "rendering template has a nested reference name: r");
    let deep_key = "{{ fromToml (printf `a%s = 1` (repeat 100000 `.b`)) | toJson }}";
    assert!(render(deep_key, "").unwrap().contains("a key has more than 1000 parts"));
}

#[test]
fn templates_end_that_would_go_on_for_ever() {
    let _alone = alone();
    let twice = "{{define `f`}}{{ if . }}{{ include `f` (rest .) }}{{ include `f` (rest .) }}{{ end }}{{end}}";
    let again = r#"{{ tpl .t (dict "t" .t "l" (rest .l)) }}"#;
    let text_twice = format!(
        "{{{{ $t := `{{{{ if .l }}}}{again}{again}{{{{ end }}}}` }}}}{}",
        again.replace(".t", "$t").replace("(rest .l)", "(until 60)")
    );
    let long = "{{ $s := repeat 10000000 `x` }}";
    for template in [
        "{{ range 1000000000000 }}{{ end }}",
        "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}",
        "{{ include `f` (until 60) }}",
        &text_twice,
        "{{ range 1000000000000 }}{{ $_ := (((1))) | quote | upper }}{{ end }}",
        &format!("{long}{{{{ range 1000000000000 }}}}{{{{ if eq $s $s }}}}{{{{ end }}}}{{{{ end }}}}"),
        &format!("{long}{{{{ range 1000000000000 }}}}{{{{ $_ := upper $s }}}}{{{{ end }}}}"),
        "{{ $l := until 10000 }}{{ range 1000000000000 }}{{ $_ := toYaml $l }}{{ end }}",
        "{{ $l := until 10000 }}{{ range 1000000000000 }}{{ $_ := has `x` $l }}{{ end }}",
        "{{ $_ := uniq (until 3000000) }}",
        "{{ $x := list 1 }}{{ $y := list 1 }}{{ range until 40 }}{{ $x = list $x $x }}{{ $y = list $y $y }}{{ end }}\
         {{ range 1000000000000 }}{{ $_ := has $x (list $y $y $y) }}{{ end }}",
        "{{ $_ := regexReplaceAll `[^b]*b|a` (repeat 1000000 `a`) `` }}",
        "{{ $_ := regexFindAll `[^b]*b|a` (repeat 1000000 `a`) -1 }}",
        "{{ range 1000000000000 }}{{ $_ := $.Files.Glob `**` }}{{ end }}",
    ] {
        let options = Options { max_time: Some(std::time::Duration::from_millis(200)), ..Options::default() };
        let began = std::time::Instant::now();
        let error = render_with(template, twice, &options).unwrap_err();
        let shown: String = error.chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
        assert!(error.contains("the templates take too long (at most 200ms)"), "{template}: {shown}");
        assert!(began.elapsed().as_secs() < 20, "{template}: {:?}", began.elapsed());
    }
}

/// Calls that take long however short their arguments are.
#[test]
fn slow_calls_are_counted() {
    let _alone = alone();
    for template in [
        "{{ range until 100000 }}{{ $_ := bcrypt `x` }}{{ end }}",
        "{{ range until 100000 }}{{ $_ := derivePassword 1 `long` `a` `b` `c` }}{{ end }}",
        "{{ range until 1000000 }}{{ $_ := genPrivateKey `ed25519` }}{{ end }}",
        r"{{ range until 1000000 }}{{ $_ := regexMatch (printf `(?i)[\pL\pN]{900}%d` .) `x` }}{{ end }}",
        r"{{ $_ := regexMatch `(\pL{1,100}){1,10}-` (repeat 3000000 `a`) }}",
    ] {
        let options = Options { max_time: Some(std::time::Duration::from_millis(200)), ..Options::default() };
        let began = std::time::Instant::now();
        let error = render_with(template, "", &options).unwrap_err();
        assert!(error.contains("the templates take too long (at most 200ms)"), "{template}: {error}");
        assert!(began.elapsed().as_secs() < 100, "{template}: {:?}", began.elapsed());
    }
}

fn render_with_files(template: &str) -> Result<String, String> {
    let notices = Notices::new();
    let mut files = vec![
        File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        File::new("templates/a.yaml", format!("a: {template}")),
    ];
    files.extend((0..12).map(|n| File::new(format!("files/{n}.bin"), "x".repeat(5_000_000))));
    let mut chart = loader::from_files(files, &notices).unwrap();
    let (values, release) = (Value::map::<&str>([]), ReleaseInfo::install("r", "n"));
    let (capabilities, options) = (Capabilities::default(), Options::default());
    let rendered = render::release(&mut chart, &values, &release, &capabilities, &options, &notices);
    rendered.map(|rendered| rendered.manifest()).map_err(|error| error.to_string())
}

/// What is inside of the lists and maps that functions return is counted, too.
#[test]
fn memory_is_counted_wherever_it_is_taken() {
    let _alone = alone();
    let keep = |before: &str, made: &str| {
        format!("{before}{{{{ $l := list }}}}{{{{ range until 400 }}}}{{{{ $l = append $l ({made}) }}}}{{{{ end }}}}")
    };
    let text = "{{ $b := repeat 60000000 `a` }}";
    for template in [
        keep(text, "splitList `x` $b"),
        keep(text, "split `x` $b"),
        keep(text, "urlParse $b"),
        keep("{{ $b := repeat 300000 `{},` }}", "fromJson (printf `{\"a\":[%s{}]}` $b)"),
        keep("{{ $b := list (fromJsonArray (printf `[%s{}]` (repeat 300000 `{},`))) }}", "deepCopy $b"),
        keep("{{ $b := until 3000000 }}", "chunk 3000000 $b"),
        keep("", "$.Files.Lines `files/1.bin`"),
        "{{ $l := list }}{{ range until 100 }}{{ range $k, $v := $.Files }}{{ $l = append $l $v }}{{ end }}{{ end }}"
            .into(),
    ] {
        let result = render_with_files(&template);
        assert!(result.as_ref().is_err_and(|error| error.contains("too much memory")), "{template}: {result:?}");
    }
}

/// `.Files` is looked up, not copied.
#[test]
fn files_are_found_at_once() {
    let _alone = alone();
    let began = std::time::Instant::now();
    let template = "{{ range until 2000 }}{{ $_ := len $.Files }}{{ end }}{{ range until 20 }}{{ $_ := index $.Files `files/1.bin` }}{{ end }}b";
    assert!(render_with_files(template).unwrap().ends_with("a: b\n"));
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

/// What all files of a chart take is counted together.
#[test]
fn many_files_are_no_way_around_the_limits() {
    let _alone = alone();
    let mut files = vec![File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")];
    files.extend((0..20).map(|n| File::new(format!("templates/{n}.yaml"), "a: {{ repeat 30000000 `x` }}")));
    let notices = Notices::new();
    let mut chart = loader::from_files(files, &notices).unwrap();
    let (values, release) = (Value::map::<&str>([]), ReleaseInfo::install("r", "n"));
    let capabilities = Capabilities::default();
    let error = render::release(&mut chart, &values, &release, &capabilities, &Options::default(), &notices);
    assert!(error.unwrap_err().to_string().ends_with("the output exceeds 256 MiB"));
}

#[test]
fn single_calls_do_not_take_for_ever() {
    let _alone = alone();
    for (template, error) in [
        ("{{ trimAll (repeat 10000000 `x`) (repeat 10000000 `y`) }}", "is too long"),
        ("{{ regexMatch `(a?b?c?d?e?f?g?h?){500}z` (repeat 50000000 `a`) }}", "the expression is too large for a text"),
        ("{{ mulf FACTORS }}", "a decimal has too many digits"),
        ("{{ regexReplaceAll `x` `x` (repeat 1000000 `$0$0$0$0`) | len }}", ""),
    ] {
        let template = template.replace("FACTORS", &"1.2345678901 ".repeat(50_000));
        let result = render(&template, "");
        match error {
            "" => assert!(result.is_ok()),
            error => assert!(result.unwrap_err().contains(error), "{}", &template[..60.min(template.len())]),
        }
    }
}

#[test]
fn subcharts_do_not_multiply_without_end() {
    let metadata = |name: &str, more: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n{more}");
    let load = |files: Vec<File>| loader::from_files(files, &Notices::new()).map_err(|error| error.message);
    let deep = |levels: usize| {
        let file = |level: usize| File::new(format!("{}Chart.yaml", "charts/a/".repeat(level)), metadata("a", ""));
        load((0..=levels).map(file).collect())
    };
    assert!(deep(100).is_ok());
    assert!(deep(101).unwrap_err().ends_with("subcharts are nested more than 100 levels deep"));

    let many: String = (0..1001).map(|n| format!("- name: x{n}\n  version: 1.0.0\n")).collect();
    let listed = load(vec![File::new("Chart.yaml", metadata("a", &format!("dependencies:\n{many}")))]);
    assert_eq!(listed.unwrap_err(), "1001 dependencies are too many (at most 1000)");

    // Each chart takes the next one twice.
    let twice: String = ["b", "c"].map(|alias| format!("- name: a\n  version: 1.0.0\n  alias: {alias}\n")).concat();
    let twice = metadata("a", &format!("dependencies:\n{twice}"));
    let file = |level: usize| File::new(format!("{}Chart.yaml", "charts/a/".repeat(level)), twice.as_str());
    let mut chart = load((0..40).map(file).collect()).unwrap();
    let (values, release) = (Value::map::<&str>([]), ReleaseInfo::install("r", "n"));
    let options = Options::default();
    let rendered = render::release(&mut chart, &values, &release, &Capabilities::default(), &options, &Notices::new());
    assert!(rendered.unwrap_err().to_string().ends_with("there are more than 10000 subcharts"));
}

#[test]
fn schemas_end() {
    let definition =
        |n: usize| format!(r##""{n}": {{"allOf": [{{"$ref": "#/$defs/{0}"}}, {{"$ref": "#/$defs/{0}"}}]}}"##, n + 1);
    let definitions: Vec<String> = (0..40).map(definition).collect();
    let doubling =
        format!(r##"{{"$ref": "#/$defs/0", "$defs": {{{}, "40": {{"type": "string"}}}}}}"##, definitions.join(", "));
    for (schema, values, expected) in [
        (doubling.as_str(), "a: 1".to_string(), "the schema is too much work to check"),
        (
            r##"{"additionalProperties": {"$ref": "#"}}"##,
            format!("{}1{}", "{a: ".repeat(5000), "}".repeat(5000)),
            "too much work",
        ),
        (&"[".repeat(100_000), "a: 1".into(), "nested more than 500 levels deep"),
        (r##"{"$ref": "#"}"##, "a: 1".into(), "reference cycle"),
    ] {
        let files = vec![
            File::new("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            File::new("values.yaml", values),
            File::new("values.schema.json", schema),
        ];
        let mut chart = loader::from_files(files, &Notices::new()).unwrap();
        let (values, release, options) = (Value::map::<&str>([]), ReleaseInfo::install("r", "n"), Options::default());
        let error = render::release(&mut chart, &values, &release, &Capabilities::default(), &options, &Notices::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{}: {error}", &schema[..50.min(schema.len())]);
    }
}

/// An archive of a chart and other entries: a name, a kind, a size and what content there is.
fn archive(entries: &[(&str, tar::EntryType, u64, &[u8])]) -> Vec<u8> {
    let mut unzipped = Vec::new();
    let metadata = b"apiVersion: v2\nname: c\nversion: 1.0.0\n";
    let first = ("c/Chart.yaml", tar::EntryType::Regular, metadata.len() as u64, &metadata[..]);
    for (name, kind, size, content) in std::iter::once(&first).chain(entries) {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_mode(0o644);
        header.set_cksum();
        unzipped.extend_from_slice(header.as_bytes());
        unzipped.extend_from_slice(content);
        unzipped.resize(unzipped.len().next_multiple_of(512), 0);
    }
    let mut zipper = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zipper, &unzipped).unwrap();
    zipper.finish().unwrap()
}

fn load_error(entries: &[(&str, tar::EntryType, u64, &[u8])]) -> String {
    loader::load_archive(&archive(entries), &Notices::new()).unwrap_err().message
}

#[test]
fn archives_keep_to_helms_limits() {
    use tar::EntryType::{GNULongName, Regular, Symlink, XHeader};
    let file = vec![0; 5 << 20];
    let size = file.len() as u64;
    assert_eq!(
        load_error(&[("c/large", Regular, size + 1, &[0])]),
        "decompressed chart file \"c/large\" is larger than the maximum file size 5242880"
    );
    let names: Vec<String> = (0..20).map(|n| format!("c/{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), Regular, size, file.as_slice())).collect();
    assert!(loader::load_archive(&archive(&many[..19]), &Notices::new()).is_ok());
    assert_eq!(load_error(&many), "decompressed chart is larger than the maximum size 104857600");
    for kind in [GNULongName, XHeader] {
        assert_eq!(load_error(&[("x", kind, size, &file)]), "archive/tar: header field too long");
        assert_eq!(load_error(&[("x", kind, 1 << 40, b"x")]), "unexpected EOF");
    }
    assert_eq!(
        load_error(&[("c/link", Symlink, 5, b"")]),
        "decompressed chart is larger than the maximum size 104857600"
    );
    assert_eq!(load_error(&[("c/../../etc/passwd", Regular, 0, b"")]), "chart illegally references parent directory");
}

#[test]
fn what_has_no_end_is_not_read_to_it() {
    let load = |path: &str| loader::load(Path::new(path), &Notices::new()).unwrap_err().message;
    assert_eq!(
        load("/dev/zero"),
        "file '/dev/zero' does not appear to be a gzipped archive; got 'application/octet-stream'"
    );
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.tgz");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(load(&pipe.to_string_lossy()), "unable to load chart archive");
    let files = ["/dev/zero".to_string()];
    let merged = Overrides { files: &files, ..Overrides::default() }.merge();
    assert_eq!(merged.unwrap_err().message, "read /dev/zero: it is larger than 100 MiB");
    let file = ["a=/dev/zero".to_string()];
    let merged = Overrides { file: &file, ..Overrides::default() }.merge();
    assert!(merged.unwrap_err().message.ends_with("read /dev/zero: it is larger than 100 MiB"));
}

#[test]
fn lists_on_the_command_line_are_bounded() {
    let merge = |text: String| Overrides { set: &[text], ..Overrides::default() }.merge().map_err(|e| e.message);
    for (text, expected) in [
        (
            format!("a{}=1", "[0]".repeat(100_000)),
            "failed parsing --set data: lists are nested more than 1000 levels deep",
        ),
        (
            format!("a{}=1", "[0].b".repeat(100_000)),
            "failed parsing --set data: lists are nested more than 1000 levels deep",
        ),
        (format!("a{}=1", "[65536]".repeat(900)), "failed parsing --set data: lists of more than 10000000 items"),
        (
            "a[2147483647]=1".into(),
            "failed parsing --set data: index of 2147483647 is greater than maximum supported index of 65536",
        ),
    ] {
        assert_eq!(merge(text).unwrap_err(), expected);
    }
    assert!(merge(format!("a{}=1", "[0]".repeat(900))).is_ok());
}

fn directory(fill: impl FnOnce(&Path)) -> (tempfile::TempDir, Result<(), String>) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 1.0.0\n").unwrap();
    fill(directory.path());
    let loaded = loader::load(directory.path(), &Notices::new()).map(|_| ()).map_err(|error| error.message);
    (directory, loaded)
}

/// Names are texts here: of two files whose names become the same text none is lost in silence.
#[test]
fn names_do_not_become_one() {
    use std::os::unix::ffi::OsStrExt as _;
    let write = |path: &Path, name: &[u8]| std::fs::write(path.join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
    let (_, loaded) = directory(|path| write(path, b"a\xFE.txt"));
    assert_eq!(loaded, Ok(()));
    let (_, loaded) = directory(|path| [b"a\xFE.txt", b"a\xFF.txt"].iter().for_each(|name| write(path, *name)));
    let error = r#"the names "a\xfe.txt" and "a\xff.txt" differ only in bytes that are not UTF-8"#;
    assert_eq!(loaded, Err(error.into()));
}

#[test]
fn directories_lead_nowhere_else() {
    let (_, loaded) = directory(|path| {
        symlink("b", path.join("a")).unwrap();
        symlink("a", path.join("b")).unwrap();
    });
    assert!(loaded.unwrap_err().ends_with("/a: EvalSymlinks: too many links"));
    let (path, loaded) = directory(|path| symlink(".", path.join("self")).unwrap());
    let error = loaded.unwrap_err();
    assert!(error.starts_with(&format!("open {}/self/self/", path.path().display())), "{error}");
    assert!(error.ends_with("/self: too many levels of symbolic links"), "{error}");
    let (_, loaded) = directory(|path| symlink("/dev/zero", path.join("zero")).unwrap());
    assert!(loaded.unwrap_err().starts_with("cannot load irregular file"));
    let (_, loaded) = directory(|path| std::fs::write(path.join(".helmignore"), "x".repeat(65_536)).unwrap());
    assert_eq!(loaded, Err("bufio.Scanner: token too long".into()));
    for name in ["Chart.yaml", ".helmignore"] {
        let (_, loaded) = directory(|path| {
            let _ = std::fs::remove_file(path.join(name));
            symlink("/dev/zero", path.join(name)).unwrap();
        });
        assert!(loaded.unwrap_err().ends_with(": not a regular file"), "{name}");
    }
    // Each folder leads to the next one twice.
    let (_, loaded) = directory(|path| {
        for level in 0..30 {
            let folder = path.join(format!("_{level}"));
            std::fs::create_dir(&folder).unwrap();
            for name in ["a", "b"] {
                symlink(format!("../_{}", level + 1), folder.join(name)).unwrap();
            }
        }
        std::fs::create_dir(path.join("_30")).unwrap();
    });
    assert_eq!(loaded, Err("the chart has more than 10000 links".into()));
    let (_, loaded) = directory(|path| std::fs::write(path.join("large"), vec![0; (5 << 20) + 1]).unwrap());
    assert_eq!(loaded, Err("chart file \"large\" is larger than the maximum file size 5242880".into()));
}
