//! A version as templates see it.

use std::any::Any;
use std::rc::Rc;

use super::Version;
use crate::gotemplate::{FuncError, Object, Scope, Signature, Type, UintKind, Value};

/// Go's `*semver.Version`, which `semver` returns, or the `semver.Version` that its methods return.
#[derive(Debug)]
pub struct VersionObject {
    version: Version,
    pointer: bool,
}

impl VersionObject {
    /// A pointer to a version: it has all methods.
    pub fn pointer(version: Version) -> Self {
        Self { version, pointer: true }
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    fn value(version: Version) -> Value {
        Value::Object(Rc::new(Self { version, pointer: false }))
    }
}

impl Object for VersionObject {
    fn type_name(&self) -> &str {
        if self.pointer { "*semver.Version" } else { "semver.Version" }
    }

    fn kind_name(&self) -> &str {
        if self.pointer { "ptr" } else { "struct" }
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        let version = &self.version;
        let overflow = |number: u64, name: &str, next: Version| {
            if number == u64::MAX {
                return Err(FuncError::new(format!("{name} version increment would overflow uint64")));
            }
            Ok(Self::value(next))
        };
        Some(Ok(match name {
            "Major" => Value::Uint(version.major, UintKind::Uint64),
            "Minor" => Value::Uint(version.minor, UintKind::Uint64),
            "Patch" => Value::Uint(version.patch, UintKind::Uint64),
            "Prerelease" => version.pre.as_str().into(),
            "Metadata" => version.metadata.as_str().into(),
            "Original" if self.pointer => version.original().into(),
            "String" | "Value" => version.to_string().into(),
            "MarshalText" => Value::Bytes(version.to_string().into_bytes().into()),
            "MarshalJSON" => Value::Bytes(format!("\"{version}\"").into_bytes().into()),
            "IncPatch" => return Some(overflow(version.patch, "patch", version.inc_patch())),
            "IncMinor" => return Some(overflow(version.minor, "minor", version.inc_minor())),
            "IncMajor" => return Some(overflow(version.major, "major", version.inc_major())),
            _ => return None,
        }))
    }

    fn unexported_fields(&self) -> &'static [&'static str] {
        &["major", "minor", "patch", "pre", "metadata", "original"]
    }

    fn is_method(&self, _name: &str) -> bool {
        true
    }

    fn method(&self, name: &str) -> Option<Signature> {
        const PART: Signature = Signature { params: &[Type::Str], variadic: None };
        const OTHER: Signature = Signature { params: &[Type::Named("*semver.Version")], variadic: None };
        match name {
            "SetPrerelease" | "SetMetadata" => Some(PART),
            // A struct in an interface has no address: Go does not find the pointer's methods.
            "Compare" | "Equal" | "LessThan" | "LessThanEqual" | "GreaterThan" | "GreaterThanEqual" if self.pointer => {
                Some(OTHER)
            }
            _ => None,
        }
    }

    fn call(&self, _scope: &mut dyn Scope, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
        if let [Value::Str(part)] = args {
            let changed = match name {
                "SetPrerelease" => self.version.with_pre(&part.to_str()),
                "SetMetadata" => self.version.with_metadata(&part.to_str()),
                _ => return None,
            };
            return Some(changed.map(Self::value).map_err(|error| FuncError::new(error.to_string())));
        }
        self.method(name)?;
        let object = match args {
            [Value::Object(object)] => object,
            [Value::Nil] if name == "Equal" => return Some(Ok(false.into())),
            [Value::Nil] => {
                return Some(Err(FuncError::new("runtime error: invalid memory address or nil pointer dereference")));
            }
            _ => return None,
        };
        let order = self.version.cmp(&object.as_any().downcast_ref::<Self>()?.version);
        Some(Ok(match name {
            "Compare" => Value::int(order as i64),
            "Equal" => order.is_eq().into(),
            "LessThan" => order.is_lt().into(),
            "LessThanEqual" => order.is_le().into(),
            "GreaterThan" => order.is_gt().into(),
            "GreaterThanEqual" => order.is_ge().into(),
            _ => return None,
        }))
    }

    /// No field of it is exported.
    fn deep_copied(&self) -> Option<Value> {
        Some(Value::Object(Rc::new(Self { version: Version::zero(), pointer: self.pointer })))
    }

    fn is_stringer(&self) -> bool {
        true
    }

    fn printed_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let number = |number| Value::Uint(number, UintKind::Uint64);
        let version = &self.version;
        Some(vec![
            ("major", number(version.major)),
            ("minor", number(version.minor)),
            ("patch", number(version.patch)),
            ("pre", version.pre.as_str().into()),
            ("metadata", version.metadata.as_str().into()),
            ("original", version.original().into()),
        ])
    }

    fn display(&self) -> String {
        self.version.to_string()
    }

    fn to_plain(&self) -> Value {
        self.version.to_string().into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
