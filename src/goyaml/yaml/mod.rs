//! YAML in and out.

mod block;
mod chars;
pub(super) mod decode;
pub(super) mod emit;
mod gosyntax;
mod keyorder;
mod parser;
mod plain;
mod reader;
pub(super) mod resolve;
mod scalar_style;
mod scan_scalar;
mod scan_tag;
mod scanner;
mod timestamp;
mod token;
mod tree;

use super::Error;
use super::schema::Type;
use crate::gotemplate::Value;
use decode::{Decoder, Options};
use parser::Parser;
use reader::Input;
use resolve::Dialect;
use scanner::Scanner;
use tree::Tree;

/// The first document of the text, and the character at which it is nested too deep for JSON, if it is.
pub(super) fn decode(text: &[u8], target: &Type, options: Options) -> Result<(Value, Option<char>), Error> {
    if let Some(usual) = reader::clean(text)
        && let Some(tree) = block::parse(usual)
    {
        return decode_tree(&tree, target, options);
    }
    let input = Input::new(if text.is_empty() { b"\n" } else { text });
    let mut parser = Parser::new(Scanner::new(&input));
    match Tree::parse(&mut parser)? {
        Some(tree) => decode_tree(&tree, target, options),
        None => Ok((Value::Nil, None)),
    }
}

fn decode_tree(tree: &Tree<'_>, target: &Type, options: Options) -> Result<(Value, Option<char>), Error> {
    match target {
        Type::Struct(_) if !options.strict => Decoder::decode_fields(tree, options, target),
        _ => Decoder::new(tree, options).decode(target),
    }
}

/// Writes a document as sigs.k8s.io/yaml does.
pub(super) fn marshal(value: &Value) -> Result<Vec<u8>, Error> {
    match plain::check(value) {
        plain::Check::Direct => emit::Emitter::emit(value, Dialect::V2),
        plain::Check::Detour => {
            // Something in it does not survive the way through JSON unchanged, or not at all: go that way.
            let json = super::to_json(value, true).map_err(|e| e.within("error marshaling into JSON"))?;
            let options = Options { strict: false, integers: true };
            let (value, _) = decode(&json, &Type::Any, options)?;
            emit::Emitter::emit(&value, Dialect::V2)
        }
    }
}
