//! Decides which overloads a stub dispatches to, and which are left to the original.
//!
//! Overloads are tried in order, and the original may convert: an `int` passed for an `f64` is a call of that overload,
//! although a stub's guard for `float` fails. So a later overload gets an arm only if an earlier overload could accept
//! none of the arguments that its guards accept.

use super::types::Type;
use crate::metadata::{Kind, Overload, Parameter, PythonType, Scalar};

/// Whether no call of `later`, with arguments of exactly its types, could be a call of `earlier`. `by_name` says
/// whether calls may pass arguments by name.
pub fn never_taken_by(later: &Overload, earlier: &Overload, by_name: bool) -> bool {
    let mine: Vec<_> = later.arguments().map(|(_, parameter)| parameter).collect();
    let theirs: Vec<_> = earlier.arguments().map(|(_, parameter)| parameter).collect();
    let positional = |all: &[&Parameter]| all.iter().filter(|parameter| !parameter.keyword_only).count();
    let fits = |mine: &Parameter, theirs: &Parameter| taken(mine).may_overlap(&admitted(theirs));
    // `given` arguments are passed by position. The others are passed by name if `earlier` has a parameter of the same
    // name and type. That is the most that a call of `later` can pass to `earlier`.
    let taken_with = |given: usize| {
        let by_position = mine[..given].iter().zip(&theirs).all(|(mine, theirs)| fits(mine, theirs));
        let mut found: Vec<_> = (0..theirs.len()).map(|position| position < given).collect();
        let by_name = mine[given..].iter().all(|mine| {
            let name = mine.name.as_ref().filter(|_| by_name);
            let same = name.and_then(|name| theirs.iter().position(|theirs| theirs.name.as_ref() == Some(name)));
            match same {
                Some(place) if !found[place] && fits(mine, theirs[place]) => {
                    found[place] = true;
                    true
                }
                _ => mine.default.is_some(),
            }
        });
        by_position
            && by_name
            && theirs.iter().zip(found).all(|(parameter, found)| found || parameter.default.is_some())
    };
    let most = positional(&mine).min(positional(&theirs));
    !(0..=most).any(taken_with)
}

/// The objects that a stub passes for a parameter: those that need no conversion.
pub fn taken(parameter: &Parameter) -> Type {
    with_none(Type::unboxed_from(&parameter.kind), parameter)
}

/// The objects that a wrapper may accept for a parameter, with all that CPython's own converters accept
/// (`Python/getargs.c`). The real set is not larger.
pub fn admitted(parameter: &Parameter) -> Type {
    use PythonType::{Bool, Bytes, Dict, Float, Int, List, None, Str, Tuple};
    let of_kind = match &parameter.kind {
        // All objects with `__index__`.
        Kind::Scalar(scalar) if scalar.is_integer() => all_but(&[Float, Str, Bytes, List, Tuple, Dict, None]),
        // Every object is true or false.
        Kind::Scalar(Scalar::CBool) => Type::OBJECT,
        // All objects with `__float__` or `__index__`.
        Kind::Scalar(_) => all_but(&[Str, Bytes, List, Tuple, Dict, None]),
        // Some formats for text also accept buffers, and some for buffers also accept text.
        Kind::Cstr | Kind::Buffer => all_but(&[Int, Float, Bool, List, Tuple, Dict, None]),
        // An extension's type may derive from any other type, but is not one of CPython's own.
        Kind::User { .. } => all_but(&PythonType::ALL),
        // The type check that wrappers use most accepts subclasses.
        Kind::Python { class, .. } => Type::python(*class),
        Kind::Foreign(_) => Type::OBJECT,
        kind => Type::of_kind(kind),
    };
    with_none(of_kind, parameter)
}

/// All objects except those of exactly these types.
fn all_but(classes: &[PythonType]) -> Type {
    classes.iter().fold(Type::OBJECT, |rest, class| rest.without(&Type::python_exact(*class)))
}

fn with_none(of_kind: Type, parameter: &Parameter) -> Type {
    if parameter.nullable { of_kind.union(&Type::NONE_TYPE) } else { of_kind }
}

#[cfg(test)]
mod tests {
    use super::never_taken_by;
    use crate::metadata::Signature;

    /// Whether a call of the second overload is never a call of the first.
    fn apart(overloads: &str) -> bool {
        let signature: Signature = overloads.parse().unwrap_or_else(|error| panic!("{overloads}: {error}"));
        never_taken_by(&signature.overloads[1], &signature.overloads[0], true)
    }

    #[test]
    fn overloads_of_types_that_are_never_converted_are_apart() {
        for overloads in [
            "(i64) -> i64 | (f64) -> f64",
            "(f64) -> f64 | (str) -> object",
            "(i8) -> i8 | (cstr) -> object",
            "(cstr) -> i64 | (i64) -> i64",
            "(int) -> object | (float) -> object",
            "(int+) -> object | (float+) -> object",
            "(None) -> object | (list) -> object",
            "(i64, i64) -> i64 | (i64, f64) -> f64",
            "(type:a.B) -> object | (int) -> object",
        ] {
            assert!(apart(overloads), "{overloads}");
        }
    }

    #[test]
    fn overloads_whose_arguments_may_be_converted_are_not_apart() {
        for overloads in [
            "(f64) -> f64 | (i64) -> i64",
            "(i8) -> i8 | (i64) -> i64",
            "(i64) -> i64 | (object) -> object",
            "(i64) -> i64 | (bool) -> object",
            "(cbool) -> i64 | (i64) -> i64",
            "(i64) -> i64 | (list+) -> object",
            "(cstr) -> i64 | (buffer) -> i64",
            "(buffer) -> i64 | (cstr) -> i64",
            "(int) -> object | (bool) -> object",
            "(object) -> object | (i64) -> i64",
            "(type:a.B+) -> object | (type:a.C) -> object",
            "(list?) -> object raises null | (None) -> object",
        ] {
            assert!(!apart(overloads), "{overloads}");
        }
    }

    #[test]
    fn overloads_of_other_numbers_of_arguments_are_apart() {
        assert!(apart("(i64) -> i64 | (i64, i64) -> i64"));
        assert!(apart("(i64, i64) -> i64 | (i64) -> i64"));
        assert!(!apart("(i64, i64 = 0) -> i64 | (i64) -> i64"));
        assert!(apart("(i64, *, base: i64) -> i64 | (i64) -> i64"));
        assert!(apart("(i64, *, base: i64 = 0) -> i64 | (i64, i64) -> i64"));
    }

    #[test]
    fn overloads_whose_arguments_may_be_left_out_or_named_alike_are_not_apart() {
        assert!(!apart("(x: f64) -> f64 | (a: i64, b: i64 = 3) -> i64"));
        assert!(!apart("(x: f64, y: f64) -> f64 | (y: i64, x: i64) -> i64"));
        assert!(apart("(x: f64) -> f64 | (y: str, z: i64 = 3) -> i64"));
        assert!(apart("(*, x: f64) -> f64 | (*, y: i64) -> i64"));
        assert!(!apart("(*, x: f64) -> f64 | (*, x: i64) -> i64"));
    }
}
