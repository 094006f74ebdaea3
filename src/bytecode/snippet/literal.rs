//! Reads Python's literals, the operands of `LOAD_CONST`.

use super::cursor::SnippetCursor;
use super::error::SnippetProblem;
use crate::bytecode::Literal;

/// A literal at the cursor.
///
/// # Errors
/// The error; the cursor is at its place.
pub(in crate::bytecode) fn literal(cursor: &mut SnippetCursor) -> Result<Literal, SnippetProblem> {
    cursor.skip_spaces();
    match cursor.peek() {
        Some('(') => tuple(cursor),
        Some('\'' | '"') => string(cursor, "").map(Literal::Str),
        Some('-' | '+' | '0'..='9') => number(cursor),
        Some('.') if cursor.rest().starts_with("...") => {
            cursor.advance(3);
            Ok(Literal::Ellipsis)
        }
        Some('.') => number(cursor),
        _ => word(cursor),
    }
}

/// `None`, `True`, `False`, `Ellipsis`, or the prefix of a string.
fn word(cursor: &mut SnippetCursor) -> Result<Literal, SnippetProblem> {
    let rest = cursor.rest();
    let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    if after.starts_with(['\'', '"']) {
        let prefix = word.to_ascii_lowercase();
        if matches!(&*prefix, "b" | "r" | "u" | "br" | "rb") {
            cursor.advance(end);
            return match prefix.contains('b') {
                true => bytes(cursor, &prefix).map(Literal::Bytes),
                false => string(cursor, &prefix).map(Literal::Str),
            };
        }
    }
    let literal = match word {
        "None" => Literal::None,
        "True" => Literal::Bool(true),
        "False" => Literal::Bool(false),
        "Ellipsis" => Literal::Ellipsis,
        _ => return Err(SnippetProblem::Literal),
    };
    cursor.advance(end);
    Ok(literal)
}

fn tuple(cursor: &mut SnippetCursor) -> Result<Literal, SnippetProblem> {
    /// The deepest nesting: more than anybody writes, and safe for our own stack.
    const NESTING: usize = 100;
    if cursor.nesting >= NESTING {
        return Err(SnippetProblem::Literal);
    }
    cursor.nesting += 1;
    cursor.advance(1);
    let mut items = Vec::new();
    let mut commas = 0;
    loop {
        cursor.skip_spaces();
        if cursor.eat(')') {
            break;
        }
        if items.len() > commas {
            return Err(SnippetProblem::Literal);
        }
        items.push(literal(cursor)?);
        cursor.skip_spaces();
        if cursor.eat(',') {
            commas += 1;
        }
    }
    cursor.nesting -= 1;
    match (items.pop(), items.is_empty(), commas) {
        // Parentheses around one literal do not make a tuple.
        (Some(only), true, 0) => Ok(only),
        (last, ..) => {
            items.extend(last);
            Ok(Literal::Tuple(items))
        }
    }
}

fn number(cursor: &mut SnippetCursor) -> Result<Literal, SnippetProblem> {
    let rest = cursor.rest();
    let sign = if rest.starts_with('-') { "-" } else { "" };
    let digits = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let mut previous = ' ';
    let is_part = |char: char| {
        // The sign of an exponent is part of the number.
        let exponent_sign = matches!(char, '+' | '-') && matches!(previous, 'e' | 'E');
        previous = char;
        char.is_ascii_alphanumeric() || matches!(char, '.' | '_') || exponent_sign
    };
    let length = digits.len() - digits.trim_start_matches(is_part).len();
    let digits = digits[..length].to_ascii_lowercase();
    let clean = digits.replace('_', "");
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find(|(prefix, _)| clean.starts_with(prefix));
    let is_decimal = !clean.is_empty() && clean.bytes().all(|byte| byte.is_ascii_digit());
    let literal = if let Some((_, radix)) = radix {
        let value = u128::from_str_radix(&clean[2..], radix).map_err(|_| SnippetProblem::Number)?;
        integer(sign, &value.to_string())
    } else if is_decimal {
        let digits = clean.trim_start_matches('0');
        integer(sign, if digits.is_empty() { "0" } else { digits })
    } else {
        // Rust reads `inf` and `nan` as floats, Python doesn't.
        let is_float = clean.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        let value: f64 =
            Some(&clean).filter(|_| is_float).and_then(|clean| clean.parse().ok()).ok_or(SnippetProblem::Number)?;
        Literal::Float(if sign.is_empty() { value } else { -value })
    };
    let signs = usize::from(rest.starts_with(['-', '+']));
    cursor.advance(signs + length);
    Ok(literal)
}

fn integer(sign: &str, digits: &str) -> Literal {
    let sign = if digits == "0" { "" } else { sign };
    Literal::Int(format!("{sign}{digits}"))
}

fn string(cursor: &mut SnippetCursor, prefix: &str) -> Result<String, SnippetProblem> {
    let mut text = String::new();
    quoted(cursor, prefix, |number| {
        text.push(char::from_u32(number).ok_or(SnippetProblem::Escape)?);
        Ok(())
    })?;
    Ok(text)
}

fn bytes(cursor: &mut SnippetCursor, prefix: &str) -> Result<Vec<u8>, SnippetProblem> {
    let mut bytes = Vec::new();
    quoted(cursor, prefix, |number| {
        bytes.push(u8::try_from(number).map_err(|_| SnippetProblem::Escape)?);
        Ok(())
    })?;
    Ok(bytes)
}

/// Reads from a quote to the same quote, and returns the code points of the characters.
fn quoted(
    cursor: &mut SnippetCursor,
    prefix: &str,
    mut push: impl FnMut(u32) -> Result<(), SnippetProblem>,
) -> Result<(), SnippetProblem> {
    let (raw, in_bytes) = (prefix.contains('r'), prefix.contains('b'));
    let Some(quote @ ('\'' | '"')) = cursor.next() else { return Err(SnippetProblem::Literal) };
    loop {
        match cursor.next() {
            None | Some('\n') => return Err(SnippetProblem::Unclosed),
            Some(char) if char == quote => return Ok(()),
            Some('\\') if raw => {
                push('\\'.into())?;
                // A raw string keeps the backslash before a quote, and the quote.
                if let Some(next) = cursor.next().filter(|&next| next != '\n') {
                    push(next.into())?;
                }
            }
            Some('\\') => escape(cursor, in_bytes, &mut push)?,
            Some(char) if in_bytes && !char.is_ascii() => return Err(SnippetProblem::Escape),
            Some(char) => push(char.into())?,
        }
    }
}

fn escape(
    cursor: &mut SnippetCursor,
    in_bytes: bool,
    push: &mut impl FnMut(u32) -> Result<(), SnippetProblem>,
) -> Result<(), SnippetProblem> {
    let char = cursor.next().ok_or(SnippetProblem::Unclosed)?;
    let number = match char {
        'n' => 10,
        'r' => 13,
        't' => 9,
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'v' => 11,
        '\\' | '\'' | '"' => char.into(),
        'x' => hex(cursor, 2)?,
        'u' if !in_bytes => hex(cursor, 4)?,
        'U' if !in_bytes => hex(cursor, 8)?,
        '0'..='7' => {
            let mut value = u32::from(char) - u32::from('0');
            for _ in 0..2 {
                let Some(digit) = cursor.peek().and_then(|next| next.to_digit(8)) else { break };
                cursor.next();
                value = value * 8 + digit;
            }
            value
        }
        _ => return Err(SnippetProblem::Escape),
    };
    push(number)
}

fn hex(cursor: &mut SnippetCursor, digits: u32) -> Result<u32, SnippetProblem> {
    (0..digits).try_fold(0u32, |value, _| {
        let digit = cursor.next().and_then(|next| next.to_digit(16)).ok_or(SnippetProblem::Escape)?;
        // Eight digits fit.
        Ok(value << 4 | digit)
    })
}
