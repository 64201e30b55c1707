//! What the templates of generated charts say: all functions, what a chart's templates see, and how they are put together.

use std::sync::LazyLock;

use vulas_native::gotemplate::Type;
use vulas_native::sprig;

use super::arguments::{GREEDY, HUGE, UNSTABLE, argument, fitting};
use super::template_generator::{Generator, Vocabulary};

/// A function, the types of its parameters and of the variadic one.
type Signature = (&'static str, &'static [Type], Option<Type>);

/// Helm's own functions and Go's.
const OTHERS: &[Signature] = {
    const ANY: &[Type] = &[Type::Any];
    const STR: &[Type] = &[Type::Str];
    const STR_ANY: &[Type] = &[Type::Str, Type::Any];
    const TWO: &[Type] = &[Type::Any, Type::Any];
    &[
        ("toYaml", ANY, None),
        ("mustToYaml", ANY, None),
        ("toYamlPretty", ANY, None),
        ("fromYaml", STR, None),
        ("fromYamlArray", STR, None),
        ("toJson", ANY, None),
        ("mustToJson", ANY, None),
        ("fromJson", STR, None),
        ("fromJsonArray", STR, None),
        ("toToml", ANY, None),
        ("mustToToml", ANY, None),
        ("fromToml", STR, None),
        ("required", STR_ANY, None),
        ("tpl", STR_ANY, None),
        ("tpl", STR_ANY, None),
        ("tpl", STR_ANY, None),
        ("tpl", STR_ANY, None),
        ("include", STR_ANY, None),
        ("include", STR_ANY, None),
        ("include", STR_ANY, None),
        ("fail", STR, None),
        ("getHostByName", STR, None),
        ("lookup", &[Type::Str, Type::Str, Type::Str, Type::Str], None),
        ("and", ANY, Some(Type::Any)),
        ("or", ANY, Some(Type::Any)),
        ("not", ANY, None),
        ("len", ANY, None),
        ("index", ANY, Some(Type::Any)),
        ("index", &[Type::ListOfAny, Type::Int], None),
        ("index", &[Type::MapOfAny, Type::Str], None),
        ("slice", &[Type::ListOfAny], Some(Type::Int)),
        ("slice", &[Type::Str, Type::Int, Type::Int], None),
        ("print", &[], Some(Type::Any)),
        ("printf", STR, Some(Type::Any)),
        ("println", &[], Some(Type::Any)),
        ("html", ANY, Some(Type::Any)),
        ("js", ANY, Some(Type::Any)),
        ("urlquery", ANY, Some(Type::Any)),
        ("call", ANY, Some(Type::Any)),
        ("eq", TWO, Some(Type::Any)),
        ("ne", TWO, None),
        ("lt", TWO, None),
        ("le", TWO, None),
        ("gt", &[Type::Int, Type::Int], None),
        ("ge", &[Type::Str, Type::Str], None),
    ]
};

/// All functions whose results can be compared.
static SIGNATURES: LazyLock<Vec<Signature>> = LazyLock::new(|| {
    let mut all: Vec<Signature> = sprig::functions()
        .filter(|(name, _)| !UNSTABLE.contains(name))
        .map(|(name, function)| (name, function.params, function.variadic))
        .filter(|(name, ..)| OTHERS.iter().all(|(other, ..)| other != name))
        .chain(OTHERS.iter().copied())
        .collect();
    all.sort_by_key(|(name, ..)| *name);
    all
});

/// Functions that change a map: with one that holds it they would make a circle, at which Go's printing ends the program.
const CHANGING: &[&str] = &["set", "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite"];

/// What the templates of generated charts are made of.
pub static VOCABULARY: Vocabulary = Vocabulary {
    fields: &[
        ".Values.n",
        ".Values.s",
        ".Values.list",
        ".Values.map",
        ".Values.map.a.b.c",
        ".Values.none",
        ".Values.none.x",
        ".Values.a",
        ".Values.b.c",
        ".Values.a.x.y",
        ".Values.nil",
        ".Values.global",
        ".Values.global.g",
        ".Values.one.a",
        ".Values.yes",
        ".Values.deep",
        ".Values",
        ".Release.Name",
        ".Release.IsUpgrade",
        ".Release.Nope",
        ".Chart.Name",
        ".Chart.Nope",
        ".Chart.Annotations",
        ".Chart.Keywords",
        ".Chart.Type",
        ".Capabilities.KubeVersion",
        ".Capabilities.KubeVersion.Minor",
        ".Capabilities.Nope",
        ".Files",
        ".Template.Name",
        ".Template.BasePath",
        ".Subcharts.one.Values",
        ".Subcharts.one.Chart.Name",
        ".a",
        ".x",
        ".Values.map.x.y",
        ".Values.s.x",
        ".Values.list.x",
        ".Capabilities.KubeVersion.normalizedVersion",
        ".Capabilities.KubeVersion.String",
        ".Capabilities.Copy",
        ".Capabilities.APIVersions",
        ".Values.AsMap",
        ".Values.YAML",
        ".Values.Table",
        ".Files.AsConfig",
        ".Major",
        ".Unix",
        ".Month",
    ],
    operands: &[
        "list",
        "dict",
        "nil",
        "hello",
        "(list 1 nil \"x\")",
        "(dict \"a\" 1)",
        "tuple",
        "(semver \"1.2.3-a+b\")",
        "(toDate \"2006-01-02\" \"2024-02-29\")",
    ],
    functions: &[
        ("and", 2),
        ("or", 2),
        ("not", 1),
        ("eq", 2),
        ("lt", 2),
        ("len", 1),
        ("index", 2),
        ("print", 1),
        ("toYaml", 1),
        ("toJson", 1),
        ("fromYaml", 1),
        ("default", 2),
        ("quote", 1),
        ("squote", 2),
        ("include", 2),
        ("tpl", 2),
        ("required", 2),
        ("toString", 1),
        ("kindOf", 1),
        ("typeOf", 1),
        ("ternary", 3),
        ("empty", 1),
        ("coalesce", 2),
        ("hasKey", 2),
        ("get", 2),
        ("dict", 2),
        ("list", 2),
        ("first", 1),
        ("join", 2),
        ("nindent", 2),
        ("undefined", 1),
    ],
    call,
    filters: &[
        "quote",
        "toJson",
        "toYaml",
        "nindent 2",
        "default 3",
        "len",
        "not",
        "print",
        "printf \"%q\"",
        "upper",
        "trim",
        "b64enc",
        "fromYaml",
        "kindOf",
        "typeOf",
        "include \"c.text\"",
        "required \"needed\"",
        "eq 1",
        "index $.Values.list",
        "toString",
        "int",
        "first",
        "join \"-\"",
        "toYaml | indent 4",
    ],
    templates: &["c.text", "c.label", "c.fails", "c.nest", "missing", "own", "one.text", "c.empty"],
    ranges: &[
        "$.Values.list",
        ".Values.map",
        "$.Values.map",
        "$.Values.deep",
        "(list 1 2 3)",
        "(until 3)",
        "3",
        ".none",
        "(dict \"a\" 1 \"b\" 2)",
        "$.Values.s",
        "$.Files",
        ".Subcharts",
        "$.Values.a",
        "$.Values.global",
        "(splitList \",\" \"a,b\")",
        "$.Chart.Keywords",
        "nil",
        "$.Values.yes",
    ],
};

/// Templates that all charts define, each with its chart's name before it.
pub const HELPERS: &[(&str, &str)] = &[
    ("text", "{{ .Release.Name }}-{{ .Chart.Name }}"),
    ("label", "app: {{ .Chart.Name | quote }}\nversion: {{ .Chart.Version | replace \"+\" \"_\" }}"),
    ("fails", "{{ required \"a value is needed\" .Values.none }}"),
    ("nest", "{{ include \"c.text\" . | upper }}{{ template \"c.label\" . }}"),
    ("empty", "  {{- /* nothing */ -}}  "),
];

/// An argument of a type: an expression, a field, or anything.
fn typed(generator: &mut Generator, wanted: Type, depth: usize) -> String {
    match generator.random.below(12) {
        0 => generator.field().to_owned(),
        1 if depth > 0 => format!("({})", call(generator, depth - 1)),
        2 if depth > 0 => generator.operand(depth - 1),
        _ => of_values(argument(&mut generator.random, wanted)),
    }
}

/// Texts that a function reads: documents, templates, and what they see.
fn readable(generator: &mut Generator, name: &str, index: usize) -> Option<String> {
    const YAML: &[&str] =
        &["a: {b: 1}", "[1, two, null]", "a: b: c", "- x\n- y: 1.0", "5", "a: 0x1F\nb: 2001-01-01", "{"];
    const JSON: &[&str] = &["{\"a\": [1, 2.5, null]}", "[true, {}]", "{\"a\"", "12345678901234567890", "{\"a\":1} x"];
    const TOML: &[&str] = &[
        "a = 1\n[b]\nc = \"x\"",
        "t = 1979-05-27T07:32:00Z\nu = 1979-05-27T00:32:00.5-07:00",
        "t = 1979-05-27T07:32:00\nd = 1979-05-27\nc = 07:32:00.25",
        "a = [1, 2.5]\n[[x]]\ny = inf\n[[x]]",
        "a = ",
        "a = 1\na = 2",
    ];
    const TEMPLATES: &[&str] = &[
        "{{ .Values.s }}",
        "{{ define \"own\" }}<{{ . }}>{{ end }}{{ include \"own\" .Values.n }}",
        "{{ tpl \"{{ .Values.n }}-{{ . | kindOf }}\" . }}",
        "{{ tpl \"{{ fail \\\"inside\\\" }}\" . }}",
        "a\n  {{ include \"c.nest\" $ }}",
        "{{ include \"c.fails\" . }}",
        "{{ template \"c.label\" . }}",
        "\n{{ .Values.none.x.y }}",
        "{{ required \"tell me\" .Values.none }}",
        "{{",
        "{{ $x }}",
        "{{ nope }}",
        "{{ range until 2 }}{{ . }},{{ end }}",
        "{{ include \"missing\" . }}",
        "{{ include \"wild0\" . }}",
        "{{- block \"own\" . }} {{ .Chart.Name }} {{ end -}}",
        "plain",
        "{{/* nothing */}}",
        "{{ .Template.Name }}{{ $.Template.BasePath }}",
        "{{ index .Values.list 9 }}",
    ];
    const NAMES: &[&str] =
        &["c.text", "c.label", "c.fails", "c.nest", "c.empty", "missing", "own", "one.text", "wild0", "wild1"];
    const CONTEXTS: &[&str] =
        &[".", "$", "$", "$", "(dict \"a\" 1)", "$.Values", "$.Values.map", "nil", "(dict \"Values\" (dict))"];
    if matches!(name, "tpl" | "include") && index == 1 {
        return Some((*generator.random.pick(CONTEXTS)).to_owned());
    }
    let pool = match name {
        "tpl" => TEMPLATES,
        "include" => NAMES,
        "fromYaml" | "fromYamlArray" => YAML,
        "fromJson" | "fromJsonArray" | "mustFromJson" => JSON,
        "fromToml" => TOML,
        _ => return None,
    };
    let mut chosen = *generator.random.pick(pool);
    if generator.in_block && (chosen.contains("own") || chosen.contains("wild")) {
        // A block that executes itself more than once would take Go for ever.
        chosen = pool[0];
    }
    Some(format!("`{chosen}`"))
}

/// Fields are those of the values.
fn of_values(expression: &str) -> String {
    if expression.starts_with('.') { format!("$.Values{expression}") } else { expression.to_owned() }
}

/// Methods of what templates see, with the types of their parameters.
const METHODS: &[(&str, &[Type])] = {
    const STR: &[Type] = &[Type::Str];
    &[
        ("$.Files.Get", STR),
        ("$.Files.GetBytes", STR),
        ("$.Files.Glob", STR),
        ("$.Files.Lines", STR),
        ("$.Files.AsConfig", &[]),
        ("($.Files.Glob \"*\").AsSecrets", &[]),
        ("$.Capabilities.APIVersions.Has", STR),
        ("$.Capabilities.Copy", &[]),
        ("$.Capabilities.KubeVersion.String", &[]),
        ("$.Values.Table", STR),
        ("$.Values.PathValue", STR),
        ("$.Values.YAML", &[]),
        ("$.Values.AsMap", &[]),
        ("$.Values.Encode", &[Type::Any]),
        ("$.Values.map.Table", STR),
        ("(semver \"1.2.3-a+b\").IncMinor", &[]),
        ("(semver \"1.2.3-a+b\").SetPrerelease", STR),
        ("(semver \"1.2.3\").Compare", &[Type::Named("*semver.Version")]),
        ("(toDate \"2006-01-02\" \"2024-02-29\").AddDate", &[Type::Int, Type::Int, Type::Int]),
        ("(toDate \"2006-01-02\" \"2024-02-29\").Format", STR),
        ("(toDate \"2006-01-02\" \"2024-02-29\").Month", &[]),
        ("(toDate \"2006-01-02\" \"2024-02-29\").Truncate", &[Type::Int]),
        ("((toDate \"2006-01-02\" \"2024-02-29\").Sub (toDate \"2006\" \"2023\")).Round", &[Type::Int]),
        ("((toDate \"2006-01-02\" \"2024-02-29\").Sub (toDate \"2006\" \"2023\")).Hours", &[]),
    ]
};

/// A call of any function or method, mostly with fitting arguments.
pub fn call(generator: &mut Generator, depth: usize) -> String {
    if generator.random.once_in(12) {
        let (method, params) = *generator.random.pick(METHODS);
        let given = if generator.random.once_in(8) { generator.random.below(3) } else { params.len() };
        let wanted = |i: usize| params.get(i).copied().unwrap_or(Type::Any);
        let arguments: Vec<String> = (0..given).map(|i| typed(generator, wanted(i), depth)).collect();
        return format!("{method} {}", arguments.join(" ")).trim_end().to_owned();
    }
    let (name, params, variadic) = *generator.random.pick(&SIGNATURES);
    let mut wanted = params.to_vec();
    if let Some(variadic) = variadic {
        wanted.extend(std::iter::repeat_n(variadic, generator.random.below(4)));
    }
    match generator.random.below(40) {
        0 => drop(wanted.pop()),
        1 => wanted.push(Type::Any),
        _ => {}
    }
    let mut arguments: Vec<String> = Vec::new();
    for (i, wanted) in wanted.into_iter().enumerate() {
        let text = if generator.random.once_in(6) { None } else { readable(generator, name, i) };
        arguments.push(if let Some(text) = text {
            text
        } else if CHANGING.contains(&name) {
            let wanted = if name == "set" && i == 2 { Type::Str } else { wanted };
            of_values(fitting(&mut generator.random, wanted))
        } else {
            typed(generator, wanted, depth)
        });
    }
    if GREEDY.contains(&name) && arguments.iter().any(|argument| argument.contains(HUGE)) {
        arguments.clear();
    }
    let call = format!("{name} {}", arguments.join(" ")).trim_end().to_owned();
    // Go's order is random.
    if matches!(name, "keys" | "values") { format!("sortAlpha ({call})") } else { call }
}
