//! Random charts with their values and flags.

use super::chart_case::Case;
use super::chart_values;
use super::chart_words::{HELPERS, VOCABULARY, call};
use super::documents::Documents;
use super::random::Random;
use super::template_generator::Generator;

/// How daring the templates of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// What charts usually say: most of them render.
    Calm,
    /// Calls of all functions.
    Calls,
    /// Anything.
    Wild,
}

/// Generates charts.
pub struct ChartGenerator {
    words: Generator,
    files: Vec<(String, Vec<u8>)>,
    mood: Mood,
}

const KINDS: &[&str] = &[
    "ConfigMap",
    "Secret",
    "Service",
    "Deployment",
    "Job",
    "Namespace",
    "Pod",
    "Widget",
    "Aardvark",
    "ClusterRole",
    "List",
    "CustomResourceDefinition",
    "\"ConfigMap\"",
    "5",
    "null",
    "",
];

/// Fields that are there, or nil, whatever the values are.
const SAFE: &[&str] = &[
    ".Values.n",
    ".Values.s",
    ".Values.list",
    ".Values.map",
    ".Values.none",
    ".Values.a",
    ".Values.b",
    ".Values.one",
    ".Values.global",
    ".Values.deep",
    ".Values.yes",
    ".Values.imported",
    ".Values",
    ".Release.Name",
    ".Release.IsUpgrade",
    ".Chart.Nope",
    ".Chart.Annotations",
    ".Chart.Keywords",
    ".Capabilities.KubeVersion",
    ".Template.Name",
    ".Values.exports",
    ".Values.tags",
    ".Values.other",
    ".Values.x",
    ".Values.c",
    ".Values.two",
];

/// What can be ranged over with two variables, or is nil.
const CALM_RANGES: &[&str] = &[
    "(list 1 2 3)",
    "(until 3)",
    "(dict \"a\" 1 \"b\" 2)",
    "$.Files",
    ".Subcharts",
    "$.Values.global",
    "(splitList \",\" \"a,b\")",
    "$.Chart.Keywords",
    ".Values.none",
    "(.Values.list | toJson | fromJsonArray)",
    "(.Values.map | toJson | fromJson)",
];

/// Between documents, well placed or not.
const SEPARATORS: &[&str] = &[
    "\n---\n",
    "--- \n",
    "---# c\n",
    "----\n",
    " ---\n",
    "\r\n---\r\n",
    "---\n---\n",
    "--- # c\n",
    "---\t\n",
    "...\n---\n",
    "---{{ \"\" }}\n",
];

impl ChartGenerator {
    /// A generator with its own random source.
    pub fn new(random: Random) -> Self {
        Self { words: Generator::new(random, &VOCABULARY), files: Vec::new(), mood: Mood::Calm }
    }

    fn random(&mut self) -> &mut Random {
        &mut self.words.random
    }

    fn pick(&mut self, all: &[&'static str]) -> &'static str {
        *self.words.random.pick::<&str>(all)
    }

    /// A chart with values and flags.
    pub fn case(&mut self) -> Case {
        self.files.clear();
        self.mood = *self.random().pick(&[Mood::Calm, Mood::Calm, Mood::Calm, Mood::Calls, Mood::Wild]);
        let mut subcharts = self.chart("c", "", 0);
        subcharts.push("one".into());
        let random = self.random();
        let values = (0..random.below(3)).map(|_| chart_values::file(random, &subcharts)).collect();
        let set = chart_values::set(random);
        let kube_version = if random.once_in(300) {
            *random.pick(&["1", "x", "01.2"])
        } else if random.once_in(10) {
            *random.pick(&["1.22", "v1.30.1-gke.5", "2.0", "v1.27.0+k3s1"])
        } else {
            ""
        };
        Case {
            files: std::mem::take(&mut self.files),
            values,
            set,
            kube_version: kube_version.into(),
            api_versions: if self.random().once_in(10) { vec!["example.com/v1".into()] } else { Vec::new() },
            is_upgrade: self.random().once_in(6),
            skip_validation: self.random().once_in(12),
        }
    }

    fn add(&mut self, prefix: &str, name: &str, content: impl Into<Vec<u8>>) {
        self.files.push((format!("{prefix}{name}"), content.into()));
    }

    /// Adds the files of a chart; the names of its subcharts.
    fn chart(&mut self, name: &str, prefix: &str, depth: usize) -> Vec<String> {
        let library = depth > 0 && self.random().once_in(8);
        let mut about = String::new();
        let api = if self.random().once_in(10) { self.pick(&["v1", "v1", "", "v9"]) } else { "v2" };
        if !api.is_empty() {
            about += &format!("apiVersion: {api}\n");
        }
        let version = self.pick(&["1.0.0", "1.0.0", "1.0.0", "0.1.0-rc.1", "1.2.3+build", "v1.0.0"]);
        about += &format!("name: {name}\nversion: {version}\n");
        if library {
            about += "type: library\n";
        }
        for (key, values, often) in [
            ("appVersion", &["\"1.2\"", "1.2", "null", "3"][..], 4),
            ("description", &["words", "\"a: b\"", "<&>"], 6),
            ("annotations", &["{a: b, c: \"1\"}", "{}"], 6),
            ("keywords", &["[x, y]", "[]"], 6),
            ("kubeVersion", &["\">=1.20\"", "\">= 1.20-0 < 3\"", "\"^1.x\"", "\">=1.99\""], 15),
            ("deprecated", &["true", "false"], 15),
            ("maintainers", &["[{name: someone, email: a@example.com}]", "[{name: \"\"}]"], 15),
            ("type", &["application", "\"\""], 20),
            ("icon", &["5", "[a]", "{}"], 200),
            ("kubeVersion", &["x", "\">\"", "1"], 200),
        ] {
            if self.random().once_in(often) && !(key == "type" && library) {
                about += &format!("{key}: {}\n", self.pick(values));
            }
        }
        let (dependencies, subcharts) = self.subcharts(prefix, depth);
        if api == "v1" && !self.random().once_in(3) {
            self.add(prefix, "requirements.yaml", dependencies);
        } else {
            about += &dependencies;
        }
        self.add(prefix, "Chart.yaml", about);
        if !self.random().once_in(10) {
            let values = chart_values::file(self.random(), &subcharts);
            self.add(prefix, "values.yaml", values);
        }
        if self.random().once_in(8) {
            let schema = chart_values::schema_file(self.random());
            self.add(prefix, "values.schema.json", schema);
        }
        self.templates(name, prefix);
        if self.random().once_in(3) {
            self.add(prefix, "files/a.txt", "one\ntwo: {{ .x }}\n");
            self.add(prefix, "files/b.json", "{\"a\": [1, 2]}");
        }
        subcharts
    }

    /// Adds subcharts; what `Chart.yaml` says of them, and the names under which their values are.
    fn subcharts(&mut self, prefix: &str, depth: usize) -> (String, Vec<String>) {
        let (mut text, mut names) = (String::new(), Vec::new());
        for name in ["one", "two"] {
            if depth > 1 || !self.random().once_in(if depth == 0 { 3 } else { 4 }) {
                continue;
            }
            if !self.random().once_in(150) {
                self.chart(name, &format!("{prefix}charts/{name}/"), depth + 1);
            }
            if self.random().once_in(6) {
                // A chart that is there without being asked for.
                names.push(name.to_owned());
                continue;
            }
            for i in 0..=usize::from(self.random().once_in(8)) {
                let version =
                    self.pick(&["\"*\"", "\">=0.1\"", "1.x", "^1.0.0", "\">0.0.0-0\"", "1.0.0", "\"9\"", "\"\""]);
                text += &format!("- name: {name}\n  version: {version}\n");
                let mut key = name.to_owned();
                if self.random().once_in(if i == 0 { 4 } else { 1 }) {
                    self.pick(&["other", "lib", "renamed"]).clone_into(&mut key);
                    text += &format!("  alias: {key}\n");
                }
                if self.random().once_in(3) {
                    let condition = self.pick(&[
                        "one.enabled",
                        "enabled",
                        "global.enabled,two.enabled",
                        "two.enabled, one.enabled",
                        "a.b",
                        "x",
                    ]);
                    text += &format!("  condition: {condition}\n");
                }
                if self.random().once_in(4) {
                    text += &format!("  tags: {}\n", self.pick(&["[front]", "[front, back]", "[]"]));
                }
                if self.random().once_in(3) {
                    text += "  import-values:\n";
                    for _ in 0..=self.random().below(2) {
                        text += self.pick(&[
                            "  - data\n",
                            "  - other\n",
                            "  - child: map\n    parent: imported\n",
                            "  - child: a\n    parent: map\n",
                            "  - child: exports.data\n    parent: .\n",
                            "  - child: .\n    parent: all\n",
                            "  - child: s\n    parent: s\n",
                            "  - child: global\n    parent: global\n",
                            "  - {child: map}\n",
                            "  - 5\n",
                        ]);
                    }
                }
                names.push(key);
            }
        }
        (if text.is_empty() { text } else { format!("dependencies:\n{text}") }, names)
    }

    fn templates(&mut self, name: &str, prefix: &str) {
        let mut helpers = String::new();
        for (helper, body) in HELPERS {
            if !self.random().once_in(150) {
                helpers += &format!("{{{{- define \"{name}.{helper}\" -}}}}\n{body}\n{{{{- end }}}}\n");
            }
        }
        if self.mood == Mood::Wild {
            self.words.in_block = true;
            for i in 0..3 {
                helpers += &format!("{{{{ define \"wild{i}\" }}}}{}{{{{ end }}}}", self.words.block(3));
            }
            self.words.in_block = false;
        }
        self.add(prefix, "templates/_helpers.tpl", helpers);
        for file in ["a.yaml", "b.yaml", "sub/c.yaml", "hook.yml", "Z.txt", "tests/_part.yaml", "a/b/d"] {
            let often = if file.contains(['Z', '_', 'd']) { 12 } else { 2 };
            if self.random().once_in(often) {
                let mut text = String::new();
                for i in 0..=self.random().below(3) {
                    if i > 0 || self.random().once_in(4) {
                        let usual = !self.random().once_in(8);
                        text += if usual { "---\n" } else { self.pick(SEPARATORS) };
                    }
                    text += &self.manifest(file.starts_with("hook"));
                }
                let damage = self.random().once_in(40);
                let text = if damage { self.words.damaged(text.into()) } else { text.into() };
                self.add(prefix, &format!("templates/{file}"), text);
            }
        }
        if self.random().once_in(12) {
            let document = Documents::document(self.random());
            self.add(
                prefix,
                "templates/raw.yaml",
                String::from_utf8_lossy(&document).replace("{{", "{ {").into_bytes(),
            );
        }
        if self.random().once_in(4) {
            let notes = if self.mood == Mood::Calm {
                b"Thanks, {{ .Release.Name }}!\n{{ .Values | toYaml }}".to_vec()
            } else {
                self.words.template()
            };
            self.add(prefix, "templates/NOTES.txt", notes);
        }
    }

    fn manifest(&mut self, hook: bool) -> String {
        let mut out = String::new();
        if !self.random().once_in(40) {
            out += "apiVersion: v1\n";
        }
        if !self.random().once_in(20) {
            let often = self.random().once_in(2);
            out += &format!("kind: {}\n", if often { "ConfigMap" } else { self.pick(KINDS) });
        }
        out += "metadata:\n  name: {{ include \"c.text\" . }}\n";
        if hook || self.random().once_in(10) {
            out += "  annotations:\n";
            let events = self.pick(&[
                "pre-install",
                "post-install",
                "\"pre-install,post-upgrade\"",
                "test",
                "\"test-success\"",
                "Pre-Install",
                "\" pre-delete , test\"",
                "crd-install",
                "\"\"",
                "5",
                "nope",
                "\"pre-install,nope\"",
            ]);
            out += &format!("    helm.sh/hook: {events}\n");
            if self.random().once_in(2) {
                out += &format!(
                    "    \"helm.sh/hook-weight\": {}\n",
                    self.pick(&["\"5\"", "\"-3\"", "\"x\"", "5", "\"1.5\"", "\"+2\"", "\"\"", "\" 1\""])
                );
            }
            if self.random().once_in(3) {
                out += &format!(
                    "    helm.sh/hook-delete-policy: {}\n",
                    self.pick(&[
                        "hook-succeeded",
                        "\"before-hook-creation, hook-failed\"",
                        "nope",
                        "\"\"",
                        "HOOK-FAILED"
                    ])
                );
            }
            if self.random().once_in(6) {
                out += "    helm.sh/hook-output-log-policy: hook-failed\n";
            }
        }
        out += "data:\n";
        let most = if self.mood == Mood::Calm { 6 } else { 3 };
        for i in 0..=self.random().below(most) {
            let entry = self.entry(i);
            out += &entry;
        }
        out
    }

    /// An entry that shows a list and a part of it, one of which was sorted.
    fn shared_list(&mut self, index: usize) -> String {
        let list = self.pick(&[
            "splitList \",\" \"d,c,b,a\"",
            "toStrings (list 3 nil 1)",
            "regexFindAll \"[a-z]\" \"d1c2b\" -1",
            "regexSplit \"[,;]\" \"c,b;a\" -1",
            "keys (dict \"a\" 1 \"b\" 2 \"c\" 3) | sortAlpha",
            "$.Values.list",
            "append $.Values.list \"x\"",
            "until 3 | toStrings",
            "uniq (list 2 1 2 3)",
            "$.Chart.Keywords",
        ]);
        let (from, to) = (self.random().below(3), self.random().below(6));
        let sorted = self.pick(&["$x", "$y", "$z"]);
        format!(
            "  {{{{- $x := {list} }}}}{{{{ $y := slice $x {from} {to} }}}}{{{{ $z := slice $y 0 1 }}}}\n  \
             {{{{- $sorted := sortAlpha {sorted} }}}}\n  k{index}: {{{{ list $x $y $z $sorted | toJson }}}}\n"
        )
    }

    /// An entry of a map that is indented by two.
    fn entry(&mut self, index: usize) -> String {
        let calls = match self.mood {
            Mood::Calm => self.random().once_in(50),
            Mood::Calls => !self.random().once_in(4),
            Mood::Wild => self.random().once_in(3),
        };
        if calls {
            if self.random().once_in(8) {
                return self.shared_list(index);
            }
            let call = call(&mut self.words, 1);
            return match self.random().below(4) {
                0 => format!("  k{index}: {{{{ {call} | quote }}}}\n"),
                1 => format!("  k{index}: {{{{ {call} | toJson }}}}\n"),
                2 => format!("  k{index}: {{{{- {call} | toYaml | nindent 4 }}}}\n"),
                _ => format!("  {{{{- $x := {call} }}}}\n  k{index}: {{{{ printf \"%T %v\" $x $x | toJson }}}}\n"),
            };
        }
        if self.mood == Mood::Wild && self.random().once_in(2) {
            let n = self.random().below(3);
            return format!("  k{index}: {{{{ include \"wild{n}\" . | toJson }}}}\n");
        }
        let calm = self.mood == Mood::Calm;
        let over = self.pick(if calm { CALM_RANGES } else { VOCABULARY.ranges });
        let field =
            if self.mood == Mood::Calm && !self.random().once_in(25) { self.pick(SAFE) } else { self.words.field() };
        match self.random().below(16) {
            0..=3 => format!("  k{index}: {{{{ {field} | toJson }}}}\n"),
            4 => format!("  k{index}: {{{{- {field} | toYaml | nindent 4 }}}}\n"),
            5 => format!("  k{index}: {{{{ {field} | quote }}}}\n"),
            6 => format!("  k{index}: {{{{ .Values | toJson | quote }}}}\n"),
            7 => format!(
                "  {{{{- range $i, $x := {over} }}}}\n  k{index}-{{{{ $i }}}}: {{{{ $x | toJson }}}}\n  {{{{- else }}}}\n  none{index}: 1\n  {{{{- end }}}}\n"
            ),
            8 => format!(
                "  {{{{- with {field} }}}}\n  k{index}: {{{{ . | toJson }}}}\n  {{{{- else }}}}\n  w{index}: {{{{ $.Chart.Name }}}}\n  {{{{- end }}}}\n"
            ),
            9 => format!(
                "  {{{{- if and {field} (not .Values.none) -}}}}\n  k{index}: yes\n  {{{{- else if {field} }}}}\n  k{index}: no\n  {{{{- end }}}}\n"
            ),
            10 => format!(
                "  k{index}: {{{{ tpl (.Values.s | default \"{{{{ .Chart.Name }}}}\" | toString) . | quote }}}}\n"
            ),
            11 => format!(
                "  k{index}: {}\n",
                self.pick(&[
                    "{{- (.Files.Glob \"files/*\").AsConfig | nindent 4 }}",
                    "{{- (.Files.Glob \"files/**\").AsSecrets | nindent 4 }}",
                    "{{ .Files.Get \"files/a.txt\" | quote }}",
                    "{{ .Files.Lines \"files/a.txt\" | toJson }}",
                    "{{ .Files.GetBytes \"files/b.json\" | toString | fromJson | toJson }}",
                ])
            ),
            12 => format!(
                "  k{index}: {}\n",
                self.pick(&[
                    "{{ .Capabilities.APIVersions.Has \"v1\" }}",
                    "{{ .Capabilities.APIVersions.Has \"example.com/v1\" }}",
                    "{{ .Capabilities.KubeVersion | toString }}",
                    "{{ semverCompare \">=1.30-0\" .Capabilities.KubeVersion.GitVersion }}",
                    "{{ .Capabilities.HelmVersion.Version }}",
                ])
            ),
            13 => format!(
                "  k{index}: |\n    {{{{ range $name, $sub := .Subcharts }}}}{{{{ $name }}}}={{{{ $sub.Values | toJson }}}}{{{{ end }}}}\n"
            ),
            14 => {
                let often = self.random().once_in(if calm { 60 } else { 8 });
                let name = if often { self.pick(VOCABULARY.templates) } else { "c.text" };
                format!("  k{index}: {{{{ include \"{name}\" . | quote }}}} # c\n")
            }
            _ => format!("  k{index}: |\n    {{{{ $.Chart | toJson }}}}\n    {{{{/* c */}}}}\n"),
        }
    }
}
