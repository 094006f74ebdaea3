//! Text signatures, in the form that `inspect.signature` reads.

use crate::metadata::{DefaultValue, Overload, Parameter};

/// Python's keywords, the same from 3.11 to 3.15, and `__debug__`, which no call can pass by name either.
const KEYWORDS: [&str; 36] = [
    "False",
    "None",
    "True",
    "__debug__",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
];

/// Whether a name is a keyword, which neither a call nor a text signature can use as the name of a parameter.
pub fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// The `__text_signature__` of a function: `(x, y=1.0, /, *, z=None)`.
pub fn text_signature(overload: &Overload) -> String {
    let parameters: Vec<_> = overload.arguments().map(|(_, parameter)| parameter).collect();
    let nameless = parameters.iter().filter(|parameter| parameter.name.is_none()).count();
    let first_keyword_only = parameters.iter().position(|parameter| parameter.keyword_only);
    let mut parts = Vec::new();
    for (position, parameter) in parameters.iter().enumerate() {
        if position == nameless && nameless > 0 {
            parts.push("/".to_owned());
        }
        if Some(position) == first_keyword_only {
            parts.push("*".to_owned());
        }
        let name = parameter.name.clone().unwrap_or_else(|| placeholder(&parameters, position));
        parts.push(match &parameter.default {
            Some(default) => format!("{name}={}", expression(default)),
            None => name,
        });
    }
    if nameless == parameters.len() && nameless > 0 {
        parts.push("/".to_owned());
    }
    format!("({})", parts.join(", "))
}

/// A name for a parameter without one, different from all others.
fn placeholder(parameters: &[&Parameter], position: usize) -> String {
    let mut name = if parameters.len() == 1 { "arg".to_owned() } else { format!("arg{}", position + 1) };
    while parameters.iter().any(|parameter| parameter.name.as_ref() == Some(&name)) {
        name.push('_');
    }
    name
}

/// A default as a Python literal; `...` if it has none.
fn expression(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Float(bits) if !f64::from_bits(*bits).is_finite() => "...".to_owned(),
        DefaultValue::Object { .. } => "...".to_owned(),
        DefaultValue::Str(text) if !text.chars().all(is_itself) => "...".to_owned(),
        DefaultValue::Int(_)
        | DefaultValue::Float(_)
        | DefaultValue::Bool(_)
        | DefaultValue::Str(_)
        | DefaultValue::None => default.to_string(),
    }
}

/// Whether a character is written in the same way in Rust, which writes the default, and in Python, and can be in a
/// text signature: `inspect` of 3.11 reads only ASCII.
fn is_itself(character: char) -> bool {
    matches!(character, ' '..='~')
}

#[cfg(test)]
mod tests {
    use super::text_signature;
    use crate::metadata::Signature;

    fn of(signature: &str) -> String {
        let signature: Signature = signature.parse().expect("the tests' signatures make sense");
        text_signature(&signature.overloads[0])
    }

    #[test]
    fn a_text_signature_says_how_arguments_are_passed() {
        assert_eq!(of("() -> void"), "()");
        assert_eq!(of("(f64) -> f64"), "(arg, /)");
        assert_eq!(of("(context, f64, f64 = 1.5) -> f64"), "(arg1, arg2=1.5, /)");
        assert_eq!(of("(f64, arg1: f64) -> f64"), "(arg1_, /, arg1)");
        assert_eq!(of("(x: f64, *, y: f64) -> f64"), "(x, *, y)");
        assert_eq!(of("(*, y: i64 = -1) -> f64"), "(*, y=-1)");
    }

    #[test]
    fn a_default_that_is_no_literal_is_an_ellipsis() {
        assert_eq!(of("(f64 = inf, object = <object>, cstr = '\\n') -> f64"), "(arg1=..., arg2=..., arg3=..., /)");
        assert_eq!(
            of("(cstr = 'a\u{2028}b', cstr = '\u{e9}', cstr = '\\\\') -> f64"),
            "(arg1=..., arg2=..., arg3='\\\\', /)"
        );
        assert_eq!(
            of("(cbool = True, cstr? = None, cstr = 'it\\'s') -> f64"),
            "(arg1=True, arg2=None, arg3='it\\'s', /)"
        );
    }
}
