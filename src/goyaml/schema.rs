//! Descriptions of Go types, for documents that Helm decodes into structs.

/// A Go type that a document is decoded into.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// `interface {}`
    Any,
    /// `string`
    Str,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float64`
    Float,
    /// `time.Time`: the function reads what stands between the quotes of a JSON string and writes it down in RFC 3339 form, or
    /// says what Go says
    Time(fn(&[u8]) -> Result<String, String>),
    /// `[]T`
    List(&'static Type),
    /// `map[string]T`
    Map(&'static Type),
    /// `*T`
    Pointer(&'static Type),
    /// A struct
    Struct(&'static Struct),
}

/// A Go struct.
#[derive(Debug)]
pub struct Struct {
    /// The package as Go prints it in type names, for example `v2`; empty for a struct without a name.
    pub package: &'static str,
    /// The name of the type, for example `Metadata`; for a struct without a name its whole text.
    pub name: &'static str,
    /// The fields in the order of the declaration.
    pub fields: &'static [Field],
}

/// A field of a Go struct.
#[derive(Debug)]
pub struct Field {
    /// The name in JSON.
    pub name: &'static str,
    /// The type.
    pub ty: Type,
}

impl Struct {
    /// The field that JSON decoding puts a key into: the one of that very name, or else the first whose name differs only in case.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == key).or_else(|| self.fields.iter().find(|f| folds_to(key, f.name)))
    }
}

/// Whether the names are the same but for case, by Unicode's simple folding; the second one is ASCII.
fn folds_to(key: &str, name: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(name.chars().map(fold))
}

impl Type {
    /// The type behind pointers.
    pub fn pointee(&self) -> &Type {
        match self {
            Self::Pointer(inner) => inner.pointee(),
            other => other,
        }
    }

    /// The type as Go's error messages write it.
    pub fn go_name(&self) -> String {
        match self {
            Self::Any => "interface {}".into(),
            Self::Str => "string".into(),
            Self::Bool => "bool".into(),
            Self::Int => "int".into(),
            Self::Float => "float64".into(),
            Self::Time(_) => "time.Time".into(),
            Self::List(item) => format!("[]{}", item.go_name()),
            Self::Map(item) => format!("map[string]{}", item.go_name()),
            Self::Pointer(inner) => format!("*{}", inner.go_name()),
            Self::Struct(s) if s.package.is_empty() => s.name.into(),
            Self::Struct(s) => format!("{}.{}", s.package, s.name),
        }
    }
}
