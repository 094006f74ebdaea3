//! Reads the text form of signatures, by recursive descent. It remembers where each part starts, so that an error about
//! parts that do not go together also has a column.

use std::fmt;
use std::str::FromStr;

use super::check::Place;
use super::signature::{
    DefaultValue, Effects, Kind, MAX_OVERLOADS, MAX_PARAMETERS, Overload, Parameter, Raises, Scalar, Signature,
    UserType,
};
use super::text::{CONVENTIONS, FOREIGN, PYTHON_TYPES, SCALARS};
use crate::text::cursor::{Cursor, parse_float};

/// The reason why a text is not a signature. Prints with the text and a caret below the column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Counted in characters from 1.
    pub column: usize,
    /// The error at that column.
    pub message: String,
    text: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line break or a tab would move the caret to another column.
        let text: String = self.text.chars().map(|shown| if shown.is_control() { ' ' } else { shown }).collect();
        let indent = " ".repeat(self.column.saturating_sub(1));
        write!(f, "column {}: {}\n  {text}\n  {indent}^", self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Signature {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        signature(&mut cursor).map_err(|wrong| ParseError {
            column: wrong.column.unwrap_or_else(|| cursor.column()),
            message: wrong.message,
            text: text.to_owned(),
        })
    }
}

/// An error, at the cursor unless a column is given.
struct Wrong {
    column: Option<usize>,
    message: String,
}

type Read<T> = Result<T, Wrong>;

fn wrong<T>(message: impl Into<String>) -> Read<T> {
    Err(Wrong { column: None, message: message.into() })
}

/// Where the parts of an overload start.
#[derive(Default)]
struct Columns {
    parameters: Vec<usize>,
    result: usize,
    raises: usize,
    effects: usize,
}

fn signature(cursor: &mut Cursor<'_>) -> Read<Signature> {
    let mut overloads = Vec::new();
    loop {
        cursor.skip_spaces();
        if overloads.len() == MAX_OVERLOADS {
            return wrong(format!("more than {MAX_OVERLOADS} overloads"));
        }
        overloads.push(overload(cursor)?);
        cursor.skip_spaces();
        if cursor.is_at_end() {
            return Ok(Signature { overloads });
        }
        expect(cursor, "|", "expected `|` or the end")?;
    }
}

fn overload(cursor: &mut Cursor<'_>) -> Read<Overload> {
    let mut columns = Columns::default();
    expect(cursor, "(", "expected `(`")?;
    let parameters = parameters(cursor, &mut columns)?;
    cursor.skip_spaces();
    expect(cursor, "->", "expected `->`")?;
    cursor.skip_spaces();
    columns.result = cursor.column();
    let result = kind(cursor)?;
    cursor.skip_spaces();
    columns.raises = cursor.column();
    let mut raises = Raises::Never;
    if cursor.clone().word() == "raises" {
        cursor.eat("raises");
        cursor.skip_spaces();
        columns.raises = cursor.column();
        raises = lookup(cursor, &CONVENTIONS, "expected null, minus_one, nonzero or check")?;
        cursor.skip_spaces();
    }
    columns.effects = cursor.column();
    let effects = if cursor.eat("[") { effects(cursor, &mut columns)? } else { Effects::default() };
    let overload = Overload { parameters, result, raises, effects };
    overload.check().map_err(|nonsense| Wrong {
        column: Some(match nonsense.place {
            Place::Parameter(position) => columns.parameters.get(position).copied().unwrap_or(columns.result),
            Place::Result => columns.result,
            Place::Raises => columns.raises,
            Place::Effects => columns.effects,
        }),
        message: nonsense.reason,
    })?;
    Ok(overload)
}

/// The parameters, after the opening parenthesis, and the closing one.
fn parameters(cursor: &mut Cursor<'_>, columns: &mut Columns) -> Read<Vec<Parameter>> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut star = None;
    cursor.skip_spaces();
    if cursor.eat(")") {
        return Ok(parameters);
    }
    loop {
        cursor.skip_spaces();
        let column = cursor.column();
        if cursor.clone().eat("*") {
            if star.is_some() {
                return wrong("a second `*`");
            }
            cursor.eat("*");
            star = Some((column, parameters.len()));
        } else {
            if parameters.len() == MAX_PARAMETERS {
                return wrong(format!("more than {MAX_PARAMETERS} parameters"));
            }
            columns.parameters.push(column);
            parameters.push(parameter(cursor, star.is_some())?);
        }
        cursor.skip_spaces();
        if cursor.eat(")") {
            break;
        }
        expect(cursor, ",", "expected `,` or `)`")?;
    }
    match star {
        Some((column, start)) if !parameters[start..].iter().any(|parameter| parameter.keyword_only) => {
            Err(Wrong { column: Some(column), message: "no keyword-only parameter follows `*`".to_owned() })
        }
        _ => Ok(parameters),
    }
}

fn parameter(cursor: &mut Cursor<'_>, after_star: bool) -> Read<Parameter> {
    let name = parameter_name(cursor);
    let receiver = name.as_deref() == Some("self");
    let kind = if receiver && !cursor.eat(":") {
        Kind::Object
    } else {
        cursor.skip_spaces();
        kind(cursor)?
    };
    cursor.skip_spaces();
    let nullable = cursor.eat("?");
    cursor.skip_spaces();
    let default = if cursor.eat("=") {
        cursor.skip_spaces();
        Some(default_value(cursor, &kind)?)
    } else {
        None
    };
    let keyword_only = after_star && !receiver && kind != Kind::Context;
    Ok(Parameter { name, kind, receiver, nullable, keyword_only, default })
}

/// The name and its colon (`self` may have none); nothing if the parameter starts with a kind.
fn parameter_name(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let word = ahead.word();
    if word.is_empty() {
        return None;
    }
    let mut after = ahead.clone();
    after.skip_spaces();
    let has_colon = after.eat(":");
    if word == "self" {
        // The colon stays for the caller, which tells `self: str` from `self` by it.
        if has_colon {
            ahead.skip_spaces();
        }
        *cursor = ahead;
        return Some(word.to_owned());
    }
    // `type:module.Name` is a kind, `type: int` a parameter named type.
    let is_user_type = word == "type" && {
        let mut dotted = after.clone();
        dotted.skip_spaces();
        !dotted.word().is_empty() && dotted.eat(".")
    };
    if !has_colon || is_user_type {
        return None;
    }
    *cursor = after;
    Some(word.to_owned())
}

fn kind(cursor: &mut Cursor<'_>) -> Read<Kind> {
    let start = cursor.clone();
    let word = cursor.word();
    let mut kind = match word {
        "object" => Kind::Object,
        "cstr" => Kind::Cstr,
        "buffer" => Kind::Buffer,
        "void" => Kind::Void,
        "context" => Kind::Context,
        "type" => user_type(cursor)?,
        word => {
            let scalar = SCALARS.iter().find(|(name, _)| *name == word).map(|(_, scalar)| Kind::Scalar(*scalar));
            let python = PYTHON_TYPES.iter().find(|(name, _)| *name == word).map(|(_, class)| Kind::exact(*class));
            let foreign = FOREIGN.iter().find(|(name, _)| *name == word).map(|(_, foreign)| Kind::Foreign(*foreign));
            match scalar.or(python).or(foreign) {
                Some(kind) => kind,
                None => {
                    *cursor = start;
                    return wrong(match word {
                        "" => "expected a kind".to_owned(),
                        word => format!("unknown kind `{word}`"),
                    });
                }
            }
        }
    };
    if cursor.peek() == Some('+') {
        match &mut kind {
            Kind::Python { subclasses, .. } | Kind::User { subclasses, .. } => *subclasses = true,
            _ => return wrong(format!("{kind} has no subclasses to admit")),
        }
        cursor.eat("+");
    }
    Ok(kind)
}

/// `:module.Name`, after `type`.
fn user_type(cursor: &mut Cursor<'_>) -> Read<Kind> {
    expect(cursor, ":", "expected `:` and the type's name")?;
    cursor.skip_spaces();
    let start = cursor.clone();
    let mut name = cursor.word().to_owned();
    while cursor.eat(".") {
        let part = cursor.word();
        if part.is_empty() {
            return wrong("expected a name");
        }
        name.push('.');
        name.push_str(part);
    }
    if !name.contains('.') || name.starts_with('.') {
        *cursor = start;
        return wrong("expected module.Name");
    }
    Ok(Kind::User { class: UserType { name, place: None, builtin: None }, subclasses: false })
}

fn default_value(cursor: &mut Cursor<'_>, kind: &Kind) -> Read<DefaultValue> {
    if cursor.eat("<object>") {
        return Ok(DefaultValue::Object { address: None });
    }
    if cursor.eat("'") {
        return match cursor.quoted('\'') {
            Ok(text) => Ok(DefaultValue::Str(text)),
            Err(message) => wrong(message),
        };
    }
    let start = cursor.clone();
    let word = cursor.take_while(|character| character.is_alphanumeric() || "+-.:_".contains(character));
    match word {
        "True" => return Ok(DefaultValue::Bool(true)),
        "False" => return Ok(DefaultValue::Bool(false)),
        "None" => return Ok(DefaultValue::None),
        _ => {}
    }
    let is_float = matches!(kind, Kind::Scalar(Scalar::F32 | Scalar::F64));
    let default = match word.parse() {
        // `x: f64 = 0` means 0.0, as it does in Python and in C.
        Ok(number) if !is_float => Some(DefaultValue::Int(number)),
        _ => parse_float(word).map(DefaultValue::Float),
    };
    default.map_or_else(
        || {
            *cursor = start;
            wrong("expected a number, True, False, None, 'a string' or <object>")
        },
        Ok,
    )
}

/// The effects, after the opening bracket, and the closing one.
fn effects(cursor: &mut Cursor<'_>, columns: &mut Columns) -> Read<Effects> {
    let mut effects = Effects::default();
    // Effects that can contradict the rest. If there are several, an error points at the bracket.
    let mut checked = Vec::new();
    loop {
        cursor.skip_spaces();
        let start = cursor.clone();
        let before = effects;
        match cursor.word() {
            "pure" => effects.pure = true,
            "no_python" => effects.no_python = true,
            "nogil" => effects.nogil = true,
            "borrowed_result" => {
                checked.push(start.column());
                effects.borrowed_result = true;
            }
            "steals" => {
                checked.push(start.column());
                effects.steals |= 1 << stolen_parameter(cursor)?;
            }
            _ => {
                *cursor = start;
                return wrong("expected pure, no_python, nogil, borrowed_result or steals(n)");
            }
        }
        if effects == before {
            *cursor = start;
            return wrong("this effect is here a second time");
        }
        cursor.skip_spaces();
        if cursor.eat("]") {
            if let [column] = checked[..] {
                columns.effects = column;
            }
            return Ok(effects);
        }
        expect(cursor, ",", "expected `,` or `]`")?;
    }
}

fn stolen_parameter(cursor: &mut Cursor<'_>) -> Read<u32> {
    expect(cursor, "(", "expected `(`")?;
    let start = cursor.clone();
    let digits = cursor.take_while(|character| character.is_ascii_digit());
    match digits.parse() {
        Ok(argument) if argument < u16::BITS => {
            expect(cursor, ")", "expected `)`")?;
            Ok(argument)
        }
        _ => {
            *cursor = start;
            wrong("expected the position of a parameter, counted from 0, at most 15")
        }
    }
}

fn lookup<T: Copy>(cursor: &mut Cursor<'_>, table: &[(&str, T)], message: &str) -> Read<T> {
    let start = cursor.clone();
    let word = cursor.word();
    match table.iter().find(|(name, _)| *name == word) {
        Some((_, value)) => Ok(*value),
        None => {
            *cursor = start;
            wrong(message)
        }
    }
}

fn expect(cursor: &mut Cursor<'_>, token: &str, message: &str) -> Read<()> {
    if cursor.eat(token) { Ok(()) } else { wrong(message) }
}
