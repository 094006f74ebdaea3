//! The text form of types: `LongExact|NoneType`, `UnicodeExact["hello,world"]`, `CInt64[3]`, `CDouble[1.5]`,
//! `Object[class "demo.Point"]`, `Object[class+ "demo.Point"]`; a specialized union is in parentheses,
//! `(LongExact|NoneType)["x"]`.

use std::fmt;

use super::constant::{ConstClass, ConstObject};
use super::types::{LEAVES, Spec, Type, UNIONS};
use crate::text::cursor::{Cursor, parse_float, print_float, quote};

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaves = leaf_names(self.bits());
        match self.spec() {
            None => write!(f, "{leaves}"),
            Some(spec) if leaves.contains('|') => write!(f, "({leaves})[{spec}]"),
            Some(spec) => write!(f, "{leaves}[{spec}]"),
        }
    }
}

/// As few names as possible for the leaves, widest first.
fn leaf_names(bits: u64) -> String {
    if bits == 0 {
        return "Bottom".to_owned();
    }
    let mut left = bits;
    let mut names = Vec::new();
    for &(mask, name) in UNIONS.iter().chain(LEAVES) {
        if bits & mask == mask && left & mask != 0 {
            names.push(name);
            left &= !mask;
        }
    }
    names.join("|")
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(object) => write!(f, "{object}"),
            Self::Class(class) => write!(f, "class {class}"),
            Self::Instance(class) => write!(f, "class+ {class}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Double(bits) => f.write_str(&print_float(*bits)),
            Self::Bool(truth) => write!(f, "{truth}"),
        }
    }
}

impl fmt::Display for ConstClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.label, '"'))
    }
}

impl fmt::Display for ConstObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.label, '"'))
    }
}

/// Reads a type; on an error the cursor is at the wrong place.
pub(super) fn parse_type(cursor: &mut Cursor<'_>) -> Result<Type, String> {
    let in_parentheses = cursor.eat("(");
    let mut bits = parse_leaf(cursor)?;
    while cursor.eat("|") {
        bits |= parse_leaf(cursor)?;
    }
    if in_parentheses && !cursor.eat(")") {
        return Err("expected `|` or `)`".to_owned());
    }
    let leaves = Type::of_bits(bits);
    let opening = cursor.clone();
    if !cursor.eat("[") {
        return Ok(leaves);
    }
    let spec = parse_spec(cursor, &leaves)?;
    if !cursor.eat("]") {
        return Err("expected `]`".to_owned());
    }
    leaves.specialized(spec).ok_or_else(|| {
        *cursor = opening;
        format!("{leaves} has no such value")
    })
}

fn parse_leaf(cursor: &mut Cursor<'_>) -> Result<u64, String> {
    let start = cursor.clone();
    let word = cursor.word();
    let known = UNIONS.iter().chain(LEAVES).chain(&[(0, "Bottom")]).find(|&&(_, name)| name == word);
    known.map(|&(bits, _)| bits).ok_or_else(|| {
        *cursor = start;
        if word.is_empty() { "expected a type".to_owned() } else { format!("unknown type `{word}`") }
    })
}

fn parse_spec(cursor: &mut Cursor<'_>, leaves: &Type) -> Result<Spec, String> {
    if cursor.eat("class ") {
        return parse_label(cursor).map(|name| Spec::Class(ConstClass::read(name)));
    }
    if cursor.eat("class+ ") {
        return parse_label(cursor).map(|name| Spec::Instance(ConstClass::read(name)));
    }
    if cursor.peek() == Some('"') {
        return parse_label(cursor).map(|label| Spec::Object(ConstObject::read(leaves, label)));
    }
    let start = cursor.clone();
    let word = cursor.take_while(|character| character.is_alphanumeric() || "+-.:".contains(character));
    match word {
        "true" => return Ok(Spec::Bool(true)),
        "false" => return Ok(Spec::Bool(false)),
        _ => {}
    }
    if let Ok(number) = word.parse() {
        return Ok(Spec::Int(number));
    }
    parse_float(word).map(Spec::Double).ok_or_else(|| {
        *cursor = start;
        "expected a constant: a number, true, false, \"an object\", class \"a class\" or class+ \"a class\"".to_owned()
    })
}

fn parse_label(cursor: &mut Cursor<'_>) -> Result<String, String> {
    if !cursor.eat("\"") {
        return Err("expected `\"`".to_owned());
    }
    cursor.quoted('"')
}
