//! Random templates, most of them valid, over the data and functions of the test that uses them.

use super::random::Random;

/// Generates templates, most of them valid.
pub struct Generator {
    random: Random,
    /// The variables that are probably in scope.
    variables: Vec<String>,
}

impl Generator {
    /// A generator with its own random source.
    pub fn new(random: Random) -> Self {
        Self { random, variables: Vec::new() }
    }

    fn field(&mut self) -> String {
        let names = [
            "a",
            "s",
            "e",
            "m",
            "l",
            "z",
            "f",
            "big",
            "t",
            "u",
            "i64",
            "strs",
            "sm",
            "b",
            "d",
            "nl",
            "nm",
            "c",
            "ms",
            "ll",
            "none",
            "m.y.z",
            "m.n.o",
            "m.y",
            "sm.k",
            "sm.x",
            "s.x",
            "none.x",
            "none.x.y",
            "d.Seconds",
            "d.Foo",
            "m.i",
        ];
        format!(".{}", self.random.pick(&names))
    }

    fn literal(&mut self) -> String {
        let literals = [
            "0",
            "1",
            "2",
            "3",
            "-1",
            "1.5",
            "1e3",
            "0x1F",
            "'a'",
            "'\\n'",
            "1_000",
            "0b11",
            "017",
            "1i",
            "2+3i",
            "1e400",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551616",
            "true",
            "false",
            "nil",
            "\"\"",
            "\"str\"",
            "\"a\\tb\\u00e9\"",
            "`raw\"`",
            "\"%d|%v\"",
            "\"k\"",
            "\"x\"",
            "\"%5.2f\"",
            "0x1p4",
            "-0",
            "-0.0",
            "1e1",
            "0x1e",
            "-0x1e",
            "08",
            "'ab'",
            "\"\\z\"",
            "1.",
            ".5",
            "+3",
            "1__0",
        ];
        (*self.random.pick(&literals)).to_owned()
    }

    fn operand(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 6 } else { 9 }) {
            0 | 1 => self.field(),
            2 => self.literal(),
            3 => ".".to_owned(),
            4 => {
                let mut name = self.variables.last().cloned().unwrap_or_else(|| "$".to_owned());
                if self.random.below(3) == 0 {
                    (*self.random.pick(&["$", "$x", "$y"])).clone_into(&mut name);
                }
                if self.random.below(3) == 0 { format!("{name}{}", self.field()) } else { name }
            }
            5 => (*self.random.pick(&["now0", "list", "strs", "$", "dict", "nil"])).to_owned(),
            6 | 7 => format!("({})", self.pipeline(depth - 1)),
            _ => format!("({}){}", self.pipeline(depth - 1), self.field()),
        }
    }

    fn command(&mut self, depth: usize) -> String {
        let functions = [
            ("and", 2),
            ("or", 2),
            ("not", 1),
            ("eq", 2),
            ("ne", 2),
            ("lt", 2),
            ("le", 2),
            ("gt", 2),
            ("ge", 2),
            ("len", 1),
            ("index", 2),
            ("slice", 2),
            ("print", 2),
            ("printf", 2),
            ("println", 1),
            ("html", 1),
            ("js", 1),
            ("urlquery", 1),
            ("call", 1),
            ("list", 2),
            ("strs", 2),
            ("dict", 2),
            ("echo", 1),
            ("typeOf", 1),
            ("typed", 3),
            ("i64", 1),
            ("flag", 1),
            ("size", 1),
            ("keys", 1),
            ("raw", 1),
            ("joined", 1),
            ("dur", 1),
            ("upper", 1),
            ("now0", 0),
            ("die", 1),
            ("panics", 1),
            ("include", 2),
            ("tpl", 2),
            ("undefined", 1),
        ];
        match self.random.below(3) {
            0 => self.operand(depth),
            1 => {
                let (name, mut count) = *self.random.pick(&functions);
                if self.random.below(6) == 0 {
                    count = self.random.below(4);
                }
                let args: Vec<_> = (0..count).map(|_| format!(" {}", self.operand(depth))).collect();
                format!("{name}{}", args.concat())
            }
            _ => {
                // Calls that mostly work.
                let (a, b) = (self.operand(depth), self.field());
                match self.random.below(10) {
                    0 => format!("eq {a} {b}"),
                    1 => format!("index .l {}", self.random.below(6)),
                    2 => format!("index .m \"y\" {a}"),
                    3 => format!("printf \"%v-%T\" {a} {b}"),
                    4 => format!("slice .s {} {}", self.random.below(5), self.random.below(9)),
                    5 => format!("len {b}"),
                    6 => format!("include \"x\" {a}"),
                    7 => format!("lt {} {}", self.literal(), self.literal()),
                    8 => format!("print {a} {b}"),
                    _ => format!("list {a} {b}"),
                }
            }
        }
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut commands = vec![self.command(depth)];
        while self.random.below(4) == 0 {
            let command = match self.random.below(3) {
                0 => self.command(depth),
                _ => (*self.random.pick(&[
                    "print",
                    "printf \"%q\"",
                    "len",
                    "not",
                    "echo",
                    "typeOf",
                    "html",
                    "list 1",
                    "and 1",
                    "or 0",
                    "eq 1",
                    "index .l",
                    "dict \"k\"",
                    "upper",
                    "include \"x\"",
                ]))
                .to_owned(),
            };
            commands.push(command);
        }
        commands.join(" | ")
    }

    fn open(&mut self) -> &'static str {
        self.random.pick::<&str>(&["{{", "{{ ", "{{- ", "{{-\n"])
    }

    fn close(&mut self) -> &'static str {
        self.random.pick::<&str>(&["}}", " }}", " -}}", "\n-}}"])
    }

    fn tag(&mut self, inner: &str) -> String {
        format!("{}{inner}{}", self.open(), self.close())
    }

    fn block(&mut self, depth: usize) -> String {
        let mut out = String::new();
        let scope = self.variables.len();
        for _ in 0..=self.random.below(3) {
            let node = self.node(depth);
            out.push_str(&node);
        }
        self.variables.truncate(scope);
        out
    }

    fn node(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.below(3) == 0 {
            return (*self.random.pick(&["text", " \n ", "a: b\n", "  - x\n", "\u{e9}{", "}"])).to_owned();
        }
        match self.random.below(14) {
            0..=3 => {
                let pipeline = self.pipeline(2);
                self.tag(&pipeline)
            }
            4 => {
                let name = (*self.random.pick(&["$x", "$y", "$"])).to_owned();
                let sign = if self.random.below(3) == 0 { "=" } else { ":=" };
                let pipeline = self.pipeline(1);
                self.variables.push(name.clone());
                self.tag(&format!("{name} {sign} {pipeline}"))
            }
            5 => "{{/* comment */}}".to_owned(),
            6 | 7 => {
                let keyword = *self.random.pick(&["if", "with"]);
                let mut out = self.pipeline(1);
                out = self.tag(&format!("{keyword} {out}"));
                out += &self.block(depth - 1);
                while self.random.below(3) == 0 {
                    let pipeline = self.pipeline(1);
                    out += &self.tag(&format!("else {keyword} {pipeline}"));
                    out += &self.block(depth - 1);
                }
                if self.random.below(2) == 0 {
                    out += &self.tag("else");
                    out += &self.block(depth - 1);
                }
                out + &self.tag("end")
            }
            8..=10 => {
                let over = *self.random.pick(&[
                    ".l",
                    ".m",
                    ".strs",
                    ".sm",
                    "3",
                    ".a",
                    ".none",
                    ".b",
                    ".s",
                    "-1",
                    ".i64",
                    ".ms",
                    ".ll",
                    ".f",
                    ".nl",
                    "(list 1 2 3)",
                    ".u",
                ]);
                let head = match self.random.below(5) {
                    0 => over.to_owned(),
                    1 => format!("$x := {over}"),
                    2 => format!("$i, $x := {over}"),
                    3 => format!("$i, $x = {over}"),
                    // A range over the largest numbers would not end.
                    _ => self.pipeline(0).replace("9223372036854775807", "7").replace("'a'", "2"),
                };
                let scope = self.variables.len();
                if head.contains("$x") {
                    self.variables.push("$x".to_owned());
                }
                let mut out = self.tag(&format!("range {head}"));
                out += &self.block(depth - 1);
                if self.random.below(4) == 0 {
                    let jump = *self.random.pick(&["break", "continue"]);
                    let condition = self.pipeline(0);
                    out += &["{{if ", &condition, "}}{{", jump, "}}{{end}}"].concat();
                }
                out += &self.block(depth - 1);
                self.variables.truncate(scope);
                if self.random.below(3) == 0 {
                    out += &self.tag("else");
                    out += &self.block(depth - 1);
                }
                out + &self.tag("end")
            }
            11 => {
                let name = *self.random.pick(&["x", "fails", "pair", "missing", "empty", "nest", "own"]);
                let argument = if self.random.below(3) == 0 { String::new() } else { self.pipeline(1) };
                self.tag(&format!("template \"{name}\" {argument}"))
            }
            12 => {
                let pipeline = self.pipeline(0);
                let outer = std::mem::take(&mut self.variables);
                let body = self.block(depth - 1);
                self.variables = outer;
                format!("{{{{block \"own\" {pipeline}}}}}{body}{{{{end}}}}")
            }
            _ => {
                let pipeline = self.pipeline(2);
                self.tag(&format!("($v := {pipeline}) | echo"))
            }
        }
    }

    /// A template, one in four with a byte removed, doubled or replaced.
    pub fn template(&mut self) -> Vec<u8> {
        self.variables.clear();
        let mut out = String::new();
        for _ in 0..=self.random.below(4) {
            let node = self.node(3);
            out.push_str(&node);
        }
        let mut out = out.into_bytes();
        if self.random.below(4) == 0 && !out.is_empty() {
            let at = self.random.below(out.len());
            match self.random.below(3) {
                0 => drop(out.remove(at)),
                1 => out.insert(at, out[at]),
                _ => out[at] = *self.random.pick(b"{}\"'`|.$(),:=+-0a \n\\\xff#%@"),
            }
        }
        out
    }
}
