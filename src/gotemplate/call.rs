//! Calls: the number and the types of arguments, and the functions themselves.
#![expect(clippy::unnecessary_box_returns, reason = "results hold errors boxed, to stay small")]

use super::builtins::Builtin;
use super::errtext;
use super::eval::Args;
use super::exec::{Exec, ExecError, Executed, RED_ZONE, STACK};
use super::func::{Func, FuncError, Type};
use super::functions::Callable;
use super::node::{NodeId, NodeKind, Source};
use super::reflect::Reflected;
use super::value::{IntKind, List, ListKind, MapKind, UintKind, Value};

impl Exec<'_> {
    /// Calls a function; `id` is the node that an error of the function is reported at.
    pub fn call_function(
        &mut self,
        source: &Source,
        dot: &Reflected,
        function: u32,
        id: NodeId,
        args: Args<'_>,
    ) -> Executed<Reflected> {
        match source.functions.callable(function) {
            Callable::Builtin(builtin) => self.call_builtin(source, dot, builtin, id, args),
            Callable::Host(func) => self.call_host(source, dot, &func, source.functions.name(function), id, args, None),
        }
    }

    /// Calls a function of the host, with the receiver first if it is a method.
    #[expect(clippy::too_many_arguments, reason = "what an evaluation needs, and the callee")]
    pub fn call_host(
        &mut self,
        source: &Source,
        dot: &Reflected,
        func: &Func,
        name: &str,
        id: NodeId,
        args: Args<'_>,
        receiver: Option<Value>,
    ) -> Executed<Reflected> {
        let values = self.arguments(source, dot, func.params, func.variadic, name, args, receiver)?;
        self.work_on(&values, id)?;
        let result = (func.body)(self, &values);
        self.give_back(values);
        match result {
            Ok(Value::Nil) => Ok(Reflected::interface(Value::Nil)),
            Ok(value) => {
                self.spend_on(&value, id)?;
                Ok(Reflected::plain(value))
            }
            Err(error) => Err(self.call_error(id, name, error)),
        }
    }

    pub fn check_count(&self, name: &str, fixed: usize, variadic: bool, args: &Args<'_>) -> Executed<()> {
        let given = args.nodes.len() + usize::from(args.piped.is_some());
        if variadic && given < fixed {
            let nodes = args.nodes.len();
            return Err(self.error(format!("wrong number of args for {name}: want at least {fixed} got {nodes}")));
        }
        if !variadic && given != fixed {
            return Err(self.error(format!("wrong number of args for {name}: want {fixed} got {given}")));
        }
        Ok(())
    }

    /// The arguments of a call, checked against the signature. The list is to be [given back](Self::give_back).
    #[expect(clippy::too_many_arguments, reason = "what an evaluation needs, and the signature")]
    pub fn arguments(
        &mut self,
        source: &Source,
        dot: &Reflected,
        params: &[Type],
        variadic: Option<Type>,
        name: &str,
        args: Args<'_>,
        receiver: Option<Value>,
    ) -> Executed<Vec<Value>> {
        self.check_count(name, params.len(), variadic.is_some(), &args)?;
        let param = |at: usize| params.get(at).copied().or(variadic).unwrap_or(Type::Any);
        let mut values = self.spare.pop().unwrap_or_default();
        values.extend(receiver);
        for (at, &node) in args.nodes.iter().enumerate() {
            let value = self.typed_argument(source, dot, param(at), node)?;
            values.push(value);
        }
        if let Some(piped) = args.piped {
            let value = self.validate(piped, param(args.nodes.len()))?;
            values.push(value);
        }
        Ok(values)
    }

    /// Takes back an argument list, to be used again.
    pub fn give_back(&mut self, mut values: Vec<Value>) {
        values.clear();
        self.spare.push(values);
    }

    fn call_builtin(
        &mut self,
        source: &Source,
        dot: &Reflected,
        builtin: Builtin,
        id: NodeId,
        args: Args<'_>,
    ) -> Executed<Reflected> {
        let (params, variadic) = builtin.signature();
        if builtin.prints() {
            let values = self.arguments(source, dot, params, variadic, builtin.name(), args, None)?;
            self.work_on(&values, id)?;
            let result = builtin.print(&values);
            self.give_back(values);
            let text = result.map_err(|error| self.call_error(id, builtin.name(), error))?;
            self.spend_on(&text, id)?;
            return Ok(Reflected::plain(text));
        }
        self.check_count(builtin.name(), params.len(), variadic.is_some(), &args)?;
        if matches!(builtin, Builtin::And | Builtin::Or) {
            return self.and_or(source, dot, builtin == Builtin::Or, args);
        }
        let mut values = self.spare_reflected.pop().unwrap_or_default();
        for &node in args.nodes {
            let value = self.argument(source, dot, node)?;
            values.push(value);
        }
        values.extend(args.piped);
        for value in &values {
            self.work_on(std::slice::from_ref(&value.value), id)?;
        }
        let callee = || match args.nodes.first() {
            Some(&node) => source.describe(node),
            // Go asks the piped value for its text.
            None => match &values[0].value {
                Value::Str(s) => errtext::text(s.as_bytes()).into_owned(),
                Value::Nil => "<invalid Value>".to_owned(),
                other => format!("<{} Value>", other.type_name()),
            },
        };
        let result = builtin.reflect(&values, callee);
        values.clear();
        self.spare_reflected.push(values);
        result.map_err(|error| self.call_error(id, builtin.name(), error))
    }

    /// The error of a function, at the node that called it.
    pub fn call_error(&mut self, id: NodeId, name: &str, error: FuncError) -> Box<ExecError> {
        self.node = id;
        self.error_from(format!("error calling {name}: {error}"), Some(error))
    }

    /// `and` and `or` evaluate no more arguments than they need.
    fn and_or(&mut self, source: &Source, dot: &Reflected, or: bool, args: Args<'_>) -> Executed<Reflected> {
        self.work(u32::try_from(args.nodes.len()).unwrap_or(u32::MAX))?;
        let mut value = Reflected::default();
        for &node in args.nodes {
            value = self.argument(source, dot, node)?;
            if value.value.truth() == or {
                return Ok(value);
            }
        }
        Ok(args.piped.unwrap_or(value))
    }

    /// An argument of any type.
    pub fn argument(&mut self, source: &Source, dot: &Reflected, id: NodeId) -> Executed<Reflected> {
        self.node = id;
        match source.node(id).kind {
            NodeKind::Dot => Ok(dot.clone()),
            NodeKind::Nil => Ok(Reflected::default()),
            NodeKind::Field(_) | NodeKind::Variable { .. } | NodeKind::Chain { .. } => {
                self.operand(source, dot, id, Args::NONE)
            }
            NodeKind::Pipe { .. } => stacker::maybe_grow(RED_ZONE, STACK, || self.pipeline(source, dot, id)),
            NodeKind::Function(function) => self.call_function(source, dot, function, id, Args::NONE),
            _ => self.constant(source, id),
        }
    }

    /// An argument of the given type.
    fn typed_argument(&mut self, source: &Source, dot: &Reflected, param: Type, id: NodeId) -> Executed<Value> {
        let kind = source.node(id).kind;
        if param == Type::Reflect {
            return self.argument(source, dot, id).map(|arg| arg.value);
        }
        if param == Type::Any {
            return self.argument(source, dot, id).map(|arg| as_interface(arg.value));
        }
        match kind {
            NodeKind::Nil => {
                self.node = id;
                zero(param).ok_or_else(|| self.error(format!("cannot assign nil to {}", param.go_name())))
            }
            NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(..) => {
                self.node = id;
                self.literal(source, param, id)
            }
            _ => {
                let value = self.argument(source, dot, id)?;
                self.validate(value, param)
            }
        }
    }

    /// A literal for a parameter of the given type.
    fn literal(&self, source: &Source, param: Type, id: NodeId) -> Executed<Value> {
        let kind = source.node(id).kind;
        let number = match kind {
            NodeKind::Number(index) => source.numbers.get(index as usize),
            _ => None,
        };
        let (found, expected) = match (param, kind) {
            (Type::Bool, NodeKind::Bool(b)) => (Some(Value::Bool(b)), "bool"),
            (Type::Bool, _) => (None, "bool"),
            (Type::Str, NodeKind::String(index, _)) => (Some(Value::Str(source.string(index).clone())), "string"),
            (Type::Str, _) => (None, "string"),
            (Type::Int, _) => (number.and_then(|n| n.int).map(Value::int), "integer"),
            (Type::Int64, _) => (number.and_then(|n| n.int).map(Value::int64), "integer"),
            (Type::Named("time.Duration"), _) => {
                (number.and_then(|n| n.int).map(|n| Value::Int(n, IntKind::Duration)), "integer")
            }
            (Type::Named("uint32"), _) => {
                (number.and_then(|n| n.uint).map(|n| Value::Uint(n, UintKind::Uint32)), "unsigned integer")
            }
            (Type::Float, _) => (number.and_then(|n| n.float).map(Value::Float), "float"),
            _ => {
                let (node, name) = (source.describe(id), param.go_name());
                return Err(self.error(format!("can't handle {node} for arg of type {name}")));
            }
        };
        found.ok_or_else(|| self.error(format!("expected {expected}; found {}", source.describe(id))))
    }

    /// The value as an argument of the given type.
    fn validate(&self, value: Reflected, param: Type) -> Executed<Value> {
        if value.is_invalid() {
            return zero(param).ok_or_else(|| self.error(format!("invalid value; expected {}", param.go_name())));
        }
        if assignable(&value.value, param) {
            return Ok(if param == Type::Any { as_interface(value.value) } else { value.value });
        }
        let got = if value.value.is_nil() { value.type_name() } else { value.value.type_name() };
        Err(self.error(format!("wrong type for value; expected {}; got {got}", param.go_name())))
    }
}

/// The value as an `interface {}`.
fn as_interface(value: Value) -> Value {
    if let Value::Object(object) = &value
        && let Some(copy) = object.copied()
    {
        return copy;
    }
    value
}

/// Go's assignability of a value to a parameter type.
fn assignable(value: &Value, param: Type) -> bool {
    match (param, value) {
        (Type::Any | Type::Reflect, _)
        | (Type::Bool, Value::Bool(_))
        | (Type::Int, Value::Int(_, IntKind::Int))
        | (Type::Int64, Value::Int(_, IntKind::Int64))
        | (Type::Float, Value::Float(_))
        | (Type::Str, Value::Str(_))
        | (Type::Bytes, Value::Bytes(_)) => true,
        (Type::ListOfAny, Value::List(l)) => l.kind == ListKind::Any,
        (Type::ListOfStr, Value::List(l)) => l.kind == ListKind::Str,
        (Type::MapOfAny, Value::Map(m)) => m.kind != MapKind::Str,
        (Type::Time, Value::Object(o)) => is_type(o.type_name(), "time.Time"),
        (Type::Named(name), value) => is_type(value.type_name(), name),
        _ => false,
    }
}

/// The type itself, or a pointer to it, which is followed.
fn is_type(name: &str, wanted: &str) -> bool {
    name == wanted || name.strip_prefix('*') == Some(wanted)
}

/// The zero value of a type that nil can be assigned to.
fn zero(param: Type) -> Option<Value> {
    let list = |kind| Value::List(List::nil(kind).into());
    Some(match param {
        Type::Any | Type::Reflect => Value::Nil,
        Type::Bytes => Value::Bytes(Vec::new().into()),
        Type::ListOfAny => list(ListKind::Any),
        Type::ListOfStr => list(ListKind::Str),
        Type::MapOfAny => Value::nil_map(),
        Type::Named(name) if name.starts_with(['*', '[']) || name.starts_with("map[") || name == "io.Writer" => {
            Value::Nil
        }
        Type::Bool | Type::Int | Type::Int64 | Type::Float | Type::Str | Type::Time | Type::Named(_) => return None,
    })
}
