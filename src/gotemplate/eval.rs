//! Evaluation of pipelines, commands and fields.
#![expect(clippy::unnecessary_box_returns, reason = "results hold errors boxed, to stay small")]

use super::Type;
use super::errtext;
use super::exec::{Exec, ExecError, Executed, RED_ZONE, STACK};
use super::fmt;
use super::func::Signature;
use super::node::{NodeId, NodeKind, Source, Span};
use super::reflect::Reflected;
use super::set::MissingKey;
use super::strconv;
use super::value::{IntKind, MapKind, Object, Value};

/// Longer chains of names do not take the shortcut, which recurses.
const MAX_SHORTCUT: u32 = 32;
/// To look through more variables than this counts as work.
const FEW_VARIABLES: usize = 64;

/// The arguments of a command: the nodes after its first word, and the value piped into it.
pub(super) struct Args<'a> {
    pub nodes: &'a [NodeId],
    pub piped: Option<Reflected>,
}

impl Args<'_> {
    pub const NONE: Self = Self { nodes: &[], piped: None };

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.piped.is_none()
    }
}

impl Exec<'_> {
    /// The value of a pipeline; variables it declares are pushed.
    pub fn pipeline(&mut self, source: &Source, dot: &Reflected, id: NodeId) -> Executed<Reflected> {
        self.node = id;
        self.work(1)?;
        let NodeKind::Pipe { declared, assigns, commands } = source.node(id).kind else {
            return Ok(Reflected::default());
        };
        let mut value = None;
        for &command in source.children(commands) {
            let mut result = self.command(source, dot, command, value.take())?;
            // What was found as an `interface {}` goes on under its own type.
            result.interface = false;
            value = Some(result);
        }
        let value = value.unwrap_or_default();
        for &variable in source.children(declared) {
            if assigns {
                self.assign(source, variable, value.clone())?;
            } else if let NodeKind::Variable { name, .. } = source.node(variable).kind {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    /// Sets the innermost variable of the name that a variable node has.
    pub fn assign(&mut self, source: &Source, variable: NodeId, value: Reflected) -> Executed<()> {
        let NodeKind::Variable { name, .. } = source.node(variable).kind else { return Ok(()) };
        let at = self.variable(source, name)?;
        self.variables[at].1 = value;
        Ok(())
    }

    /// Where the innermost variable of a name is.
    fn variable(&mut self, source: &Source, name: u32) -> Executed<usize> {
        let Some(at) = self.variables[self.base..].iter().rposition(|(n, _)| *n == name) else {
            return Err(self.error(format!("undefined variable: {}", errtext::text(source.variable(name)))));
        };
        let at = self.base + at;
        let passed = self.variables.len() - at;
        if passed > FEW_VARIABLES {
            self.work(u32::try_from(passed).unwrap_or(u32::MAX))?;
        }
        Ok(at)
    }

    fn command(
        &mut self,
        source: &Source,
        dot: &Reflected,
        id: NodeId,
        piped: Option<Reflected>,
    ) -> Executed<Reflected> {
        let NodeKind::Command(words) = source.node(id).kind else { return Ok(Reflected::default()) };
        let Some((&first, nodes)) = source.children(words).split_first() else { return Ok(Reflected::default()) };
        let args = Args { nodes, piped };
        match source.node(first).kind {
            NodeKind::Field(_) | NodeKind::Chain { .. } | NodeKind::Variable { .. } => {
                self.operand(source, dot, first, args)
            }
            NodeKind::Function(function) => {
                self.node = first;
                self.call_function(source, dot, function, id, args)
            }
            NodeKind::Pipe { .. } => {
                self.not_a_function(source, first, &args)?;
                stacker::maybe_grow(RED_ZONE, STACK, || self.pipeline(source, dot, first))
            }
            kind => {
                self.node = first;
                self.not_a_function(source, first, &args)?;
                match kind {
                    NodeKind::Dot => Ok(dot.clone()),
                    NodeKind::Nil => Err(self.error("nil is not a command")),
                    _ => self.constant(source, first),
                }
            }
        }
    }

    fn not_a_function(&self, source: &Source, first: NodeId, args: &Args<'_>) -> Executed<()> {
        if args.is_empty() {
            return Ok(());
        }
        Err(self.error(format!("can't give argument to non-function {}", source.describe(first))))
    }

    /// A literal where no type is wanted.
    pub fn constant(&mut self, source: &Source, id: NodeId) -> Executed<Reflected> {
        self.node = id;
        Ok(Reflected::plain(match source.node(id).kind {
            NodeKind::Bool(b) => Value::Bool(b),
            NodeKind::String(index, _) => Value::Str(source.string(index).clone()),
            NodeKind::Number(index) => match source.numbers[index as usize].ideal() {
                Some(value) => value,
                None => return Err(self.error(format!("{} overflows int", source.describe(id)))),
            },
            _ => Value::Nil,
        }))
    }

    /// A field, variable or chain; the arguments go to the last name of it.
    pub fn operand(&mut self, source: &Source, dot: &Reflected, id: NodeId, args: Args<'_>) -> Executed<Reflected> {
        self.node = id;
        match source.node(id).kind {
            NodeKind::Field(fields) => self.field_chain(source, dot, None, id, fields, args),
            NodeKind::Variable { name, fields } => {
                let at = self.variable(source, name)?;
                let value = self.variables[at].1.clone();
                if fields.len == 0 {
                    self.not_a_function(source, id, &args)?;
                    return Ok(value);
                }
                self.field_chain(source, dot, Some(value), id, fields, args)
            }
            NodeKind::Chain { node, fields } => {
                if matches!(source.node(node).kind, NodeKind::Nil) {
                    return Err(self.error(format!("indirection through explicit nil in {}", source.describe(id))));
                }
                let value = self.argument(source, dot, node)?;
                self.field_chain(source, dot, Some(value), id, fields, args)
            }
            _ => Ok(Reflected::default()),
        }
    }

    /// `.X.Y.Z` from a receiver, or from dot.
    fn field_chain(
        &mut self,
        source: &Source,
        dot: &Reflected,
        receiver: Option<Reflected>,
        id: NodeId,
        fields: Span,
        args: Args<'_>,
    ) -> Executed<Reflected> {
        let Some((&last, before)) = source.fields(fields).split_last() else {
            return Ok(receiver.unwrap_or_default());
        };
        if args.is_empty() && fields.len <= MAX_SHORTCUT {
            let from = receiver.as_ref().unwrap_or(dot);
            if let Some(found) = self.entries_only(source, &from.value, source.fields(fields)) {
                return Ok(found);
            }
        }
        self.work(fields.len)?;
        let mut receiver = receiver;
        for &name in before {
            let from = receiver.as_ref().unwrap_or(dot);
            receiver = Some(self.field(source, dot, from, source.name(name), id, Args::NONE)?);
        }
        let from = receiver.as_ref().unwrap_or(dot);
        self.field(source, dot, from, source.name(last), id, args)
    }

    /// The value of a chain that leads through existing map entries only, which most do: nothing on the way is cloned.
    fn entries_only(&self, source: &Source, value: &Value, names: &[Span]) -> Option<Reflected> {
        let (&name, rest) = names.split_first()?;
        let Value::Map(map) = value else { return None };
        let name = source.name(name);
        if map.kind == MapKind::Values && self.set.values_method(name).is_some() {
            return None;
        }
        let entries = map.borrow();
        let value = entries.get(name)?;
        if rest.is_empty() {
            return Some(Reflected { value: value.clone(), interface: map.kind != MapKind::Str });
        }
        self.entries_only(source, value, rest)
    }

    fn field(
        &mut self,
        source: &Source,
        dot: &Reflected,
        receiver: &Reflected,
        name: &[u8],
        id: NodeId,
        args: Args<'_>,
    ) -> Executed<Reflected> {
        match &receiver.value {
            Value::Map(map) => {
                if map.kind == MapKind::Values
                    && let Some((method, func)) = self.set.values_method(name)
                {
                    let receiver = Some(receiver.value.clone());
                    return self.call_host(source, dot, &func, method, id, args, receiver);
                }
                if !args.is_empty() {
                    return Err(self.field_error(name, "is not a method but has arguments"));
                }
                match Reflected::entry(map, name) {
                    Some(value) => Ok(value),
                    None => match self.set.on_missing_key() {
                        MissingKey::Default => Ok(Reflected::default()),
                        MissingKey::Zero => Ok(Reflected::zero_entry(map.kind)),
                        MissingKey::Error => Err(self.no_entry(name)),
                    },
                }
            }
            Value::Nil if receiver.interface => {
                Err(self.error(format!("nil pointer evaluating interface {{}}.{}", errtext::text(name))))
            }
            Value::Nil if self.set.on_missing_key() == MissingKey::Error => {
                Err(self.error(format!("nil data; no entry for key {}", strconv::quote(name))))
            }
            Value::Nil => Ok(Reflected::default()),
            Value::Object(object) => {
                let name = errtext::text(name);
                self.object_field(source, dot, receiver, object.as_ref(), &name, id, args)
            }
            Value::Int(number, kind) if name == b"String" => match fmt::number_name(*number, *kind) {
                Some(text) => {
                    self.check_count("String", 0, false, &args)?;
                    Ok(Reflected::plain(Value::str(text.as_bytes())))
                }
                None => Err(self.no_field(receiver, name)),
            },
            Value::Int(nanos, IntKind::Duration) => self.duration_field(source, dot, receiver, *nanos, name, args),
            _ => Err(self.no_field(receiver, name)),
        }
    }

    fn field_error(&self, name: &[u8], problem: &str) -> Box<ExecError> {
        self.error(format!("{} {problem}", errtext::text(name)))
    }

    fn no_entry(&self, name: &[u8]) -> Box<ExecError> {
        self.error(format!("map has no entry for key {}", strconv::quote(name)))
    }

    fn no_field(&self, receiver: &Reflected, name: &[u8]) -> Box<ExecError> {
        let (name, type_name) = (errtext::text(name), receiver.type_name());
        if let Value::Object(object) = &receiver.value
            && object.unexported_fields().contains(&&*name)
        {
            return self.error(format!("{name} is an unexported field of struct type {}", object.type_name()));
        }
        self.error(format!("can't evaluate field {name} in type {type_name}"))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what an evaluation needs, and the object already taken out of the receiver"
    )]
    fn object_field(
        &mut self,
        source: &Source,
        dot: &Reflected,
        receiver: &Reflected,
        object: &dyn Object,
        name: &str,
        id: NodeId,
        args: Args<'_>,
    ) -> Executed<Reflected> {
        let result = if let Some(Signature { params, variadic }) = object.method(name) {
            let values = self.arguments(source, dot, params, variadic, name, args, None)?;
            self.work_on(std::slice::from_ref(&receiver.value), id)?;
            let result = object.call(self, name, &values);
            self.give_back(values);
            match result {
                Some(result) => result,
                None => return Err(self.no_field(receiver, name.as_bytes())),
            }
        } else {
            let is_map = object.kind_name() == "map";
            match object.field(name) {
                Some(result) if object.is_method(name) => {
                    self.check_count(name, 0, false, &args)?;
                    self.work_on(std::slice::from_ref(&receiver.value), id)?;
                    result
                }
                _ if !args.is_empty() && is_map => {
                    return Err(self.field_error(name.as_bytes(), "is not a method but has arguments"));
                }
                Some(_) if !args.is_empty() => {
                    let problem = "has arguments but cannot be invoked as function";
                    return Err(self.field_error(name.as_bytes(), problem));
                }
                Some(result) => result,
                None if is_map && self.set.on_missing_key() == MissingKey::Error => {
                    return Err(self.no_entry(name.as_bytes()));
                }
                None if is_map => {
                    let zero = object.missing_entry().filter(|_| self.set.on_missing_key() == MissingKey::Zero);
                    return Ok(zero.map_or_else(Reflected::default, Reflected::plain));
                }
                None => return Err(self.no_field(receiver, name.as_bytes())),
            }
        };
        match result {
            Ok(Value::Nil) => Ok(Reflected::interface(Value::Nil)),
            Ok(value) => {
                self.spend_on(&value, id)?;
                Ok(Reflected::plain(value))
            }
            Err(error) => Err(self.call_error(id, name, error)),
        }
    }

    /// The methods of `time.Duration`.
    fn duration_field(
        &mut self,
        source: &Source,
        dot: &Reflected,
        receiver: &Reflected,
        nanos: i64,
        name: &[u8],
        args: Args<'_>,
    ) -> Executed<Reflected> {
        const UNIT: &[Type] = &[Type::Named("time.Duration")];
        let text = errtext::text(name);
        let value = match name {
            b"Nanoseconds" => Value::int64(nanos),
            b"Microseconds" => Value::int64(nanos / 1000),
            b"Milliseconds" => Value::int64(nanos / 1_000_000),
            b"Seconds" => Value::Float((nanos / 1_000_000_000) as f64 + (nanos % 1_000_000_000) as f64 / 1e9),
            b"Minutes" => Value::Float((nanos / 60_000_000_000) as f64 + (nanos % 60_000_000_000) as f64 / 6e10),
            b"Hours" => Value::Float((nanos / 3_600_000_000_000) as f64 + (nanos % 3_600_000_000_000) as f64 / 3.6e12),
            b"Abs" => Value::Int(nanos.checked_abs().unwrap_or(i64::MAX), IntKind::Duration),
            b"Round" | b"Truncate" => {
                let values = self.arguments(source, dot, UNIT, None, &text, args, None)?;
                let unit = if let [Value::Int(unit, _)] = values.as_slice() { *unit } else { 0 };
                self.give_back(values);
                let whole = match name {
                    b"Round" => fmt::round_duration(nanos, unit),
                    _ if unit <= 0 => nanos,
                    _ => nanos - nanos % unit,
                };
                return Ok(Reflected::plain(Value::Int(whole, IntKind::Duration)));
            }
            _ => return Err(self.no_field(receiver, name)),
        };
        self.check_count(&text, 0, false, &args)?;
        Ok(Reflected::plain(value))
    }
}
