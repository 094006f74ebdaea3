//! Reads the arguments of a function without a wrapper, with CPython's own parser.
//!
//! A [`Parser`] has the parts of a hand-written wrapper: a format, a list of keywords, and a variable for each C
//! argument. `PyArg_Parse`, `PyArg_ParseTuple` or `PyArg_ParseTupleAndKeywords` does the work, so conversions, and the
//! words of each exception, are always those of the running version.
//!
//! | file | content |
//! | --- | --- |
//! | `unit` | a parameter's unit of the format, its variable and its default |
//! | `convert` | converters for kinds without a unit in CPython |
//! | `call` | a whole parse |
//! | `packing` | the arguments of a vectorcall as a tuple and a dict |
//! | `cinder` | the rules of Cinder's typed methods, which have a reader of their own |

mod call;
mod cinder;
mod convert;
pub(super) mod packing;
mod unit;

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::null;

use pyo3_ffi as ffi;

use crate::cpython::Behaviour;

use crate::metadata::{Kind, Overload, Parameter};

pub use cinder::CinderArguments;
use unit::{FormatUnit, SlotDefault};
pub use unit::{slots_of, type_of};

/// How a call passes arguments to a function without a wrapper: the simplest way that the signature allows, so that
/// CPython itself refuses wrong calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// No arguments: METH_NOARGS.
    Nothing,
    /// One argument, which is required and has no name: METH_O.
    One,
    /// By position only: METH_FASTCALL.
    Positional,
    /// Also by name: METH_FASTCALL with METH_KEYWORDS.
    Named,
}

impl Passing {
    /// How calls of this overload pass its arguments.
    pub fn of(overload: &Overload) -> Self {
        let arguments: Vec<_> = overload.arguments().map(|(_, parameter)| parameter).collect();
        match arguments[..] {
            [] => Self::Nothing,
            [Parameter { name: None, default: None, .. }] => Self::One,
            _ if arguments.iter().all(|parameter| parameter.name.is_none()) => Self::Positional,
            _ => Self::Named,
        }
    }
}

/// The reason why CPython's parser can't read the arguments of a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unparsable {
    /// A name that C can't represent.
    #[error("{0:?} is not a name for a function: the name must not be empty or contain a NUL")]
    Name(String),
    /// A receiver.
    #[error("`self`: a function without a wrapper is not bound to an object; take an `object` instead")]
    Receiver,
    /// A parameter without a name after one with a name.
    #[error("parameter {0} has no name, but one before it has: name it too, or none of those before it")]
    NamelessAfterNamed(usize),
    /// Before 3.13 CPython's parser compares names as ASCII.
    #[error("the name `{0}` is not ASCII: before CPython 3.13 such a parameter can't be passed by name")]
    NotAscii(String),
    /// A value that only a provider converts.
    #[error(
        "`{0}` is for functions of ctypes and other providers, which convert it: take a `usize`, an `object`, an `f64` or an `f32` instead"
    )]
    Foreign(String),
    /// A type that is known only by name.
    #[error("{0} is not known by its address: import it and use a signature that has it")]
    UnknownType(String),
    /// `<object>` without a variable.
    #[error("the default of parameter {0} is an object whose address is not known: give it by `DefaultValue::Object`")]
    UnknownDefault(usize),
    /// A NUL in a default, which a call could not pass either.
    #[error("the default of parameter {0} contains a NUL, which is not allowed in an argument of this kind")]
    NulInDefault(usize),
}

/// The reader of the arguments of a function without a wrapper.
#[derive(Debug)]
pub enum ArgumentReader {
    /// CPython's own parser.
    Parser(Parser),
    /// Cinder's rules.
    Cinder(CinderArguments),
}

impl ArgumentReader {
    /// The function's name.
    pub fn name(&self) -> &CStr {
        match self {
            Self::Parser(parser) => &parser.name,
            Self::Cinder(arguments) => arguments.name(),
        }
    }
}

/// Called by compiled code: reads the arguments of a call into `slots`; 0, or -1 with an exception set.
///
/// # Safety
/// The thread is attached; `arguments` and `names` are those of a vectorcall; there is room for the slots, and after
/// them for the held objects and the `Py_buffer`s, which a successful call leaves to [`release`].
pub unsafe extern "C-unwind" fn read_arguments(
    reader: &ArgumentReader,
    arguments: *const *mut ffi::PyObject,
    count: isize,
    names: *mut ffi::PyObject,
    slots: *mut u64,
) -> c_int {
    // SAFETY: as the caller promises.
    unsafe {
        match reader {
            ArgumentReader::Parser(parser) => call::parse(parser, arguments, count, names, slots),
            ArgumentReader::Cinder(elements) => elements.read(arguments, count, slots),
        }
    }
}

/// Called by compiled code: gives up the references and views of a reading.
///
/// # Safety
/// The slots are those of a successful call of [`read_arguments`] with this reader; they are released once.
pub unsafe extern "C-unwind" fn release(reader: &ArgumentReader, slots: *mut u64) {
    if let ArgumentReader::Parser(parser) = reader {
        // SAFETY: as the caller promises.
        unsafe { call::release(parser, slots) }
    }
}

/// Reads the arguments of one function.
#[derive(Debug)]
pub struct Parser {
    /// The function's name.
    name: CString,
    passing: Passing,
    /// Null-terminated if arguments may be named; points into `names`.
    keywords: Vec<*const c_char>,
    _names: Vec<CString>,
    format: CString,
    /// One for each argument.
    units: Vec<FormatUnit>,
    /// Number of slots, of 8 bytes each; after them are `held` words for references to default objects, then the
    /// `Py_buffer`s.
    slots: usize,
    held: usize,
}

// SAFETY: everything that a parser points at is its own or CPython's, and it is used with the GIL held.
unsafe impl Send for Parser {}
// SAFETY: as above; a parser never changes.
unsafe impl Sync for Parser {}

impl Parser {
    /// The parser of a function of this name.
    ///
    /// # Errors
    /// For signatures for which the parser has no format.
    pub fn new(name: &str, overload: &Overload) -> Result<Self, Unparsable> {
        if matches!(overload.result, Kind::Foreign(_)) {
            return Err(Unparsable::Foreign(overload.result.to_string()));
        }
        if overload.has_receiver() {
            return Err(Unparsable::Receiver);
        }
        let parameters: Vec<_> = overload.arguments().collect();
        let named = parameters.iter().position(|(_, parameter)| parameter.name.is_some());
        let nameless = parameters.iter().rposition(|(_, parameter)| parameter.name.is_none());
        if let (Some(named), Some(nameless)) = (named, nameless)
            && named < nameless
        {
            return Err(Unparsable::NamelessAfterNamed(parameters[nameless].0));
        }
        let no_name = || Unparsable::Name(name.to_owned());
        let c_name = CString::new(name).ok().filter(|_| !name.is_empty()).ok_or_else(no_name)?;
        let passing = Passing::of(overload);
        // A format can't express a required argument after an optional one: `$` comes after `|`.
        let has_optional = parameters.iter().any(|(_, parameter)| parameter.default.is_some());
        let (mut units, mut slots, mut buffers) = (Vec::with_capacity(parameters.len()), 0, 0);
        for (number, (position, parameter)) in parameters.iter().enumerate() {
            let mut unit = FormatUnit::new(*position, parameter, slots, buffers)?;
            unit.number = if passing == Passing::One { 0 } else { number + 1 };
            unit.must_be_named = has_optional && parameter.keyword_only && matches!(unit.default, SlotDefault::Missing);
            slots += slots_of(&parameter.kind);
            buffers += usize::from(parameter.kind == Kind::Buffer);
            units.push(unit);
        }
        let names = names(&parameters)?;
        let keywords = names.iter().map(|name| name.as_ptr()).chain([null()]).collect();
        let format = format(name, &parameters, &units);
        // The name has no NUL, and units have none.
        let format = CString::new(format).map_err(|_| no_name())?;
        let held = units.iter().filter(|unit| matches!(unit.default, SlotDefault::Variable(_))).count();
        Ok(Self { name: c_name, passing, keywords, _names: names, format, units, slots, held })
    }
}

impl Parser {
    /// How calls pass the arguments.
    pub fn passing(&self) -> Passing {
        self.passing
    }
}

/// The keywords; empty for arguments that are passed by position only.
fn names(parameters: &[(usize, &Parameter)]) -> Result<Vec<CString>, Unparsable> {
    let names = parameters.iter().map(|(_, parameter)| {
        let name = parameter.name.as_deref().unwrap_or_default();
        if !Behaviour::CURRENT.parses_unicode_names && !name.is_ascii() {
            return Err(Unparsable::NotAscii(name.to_owned()));
        }
        // An identifier has no NUL.
        CString::new(name).map_err(|_| Unparsable::NotAscii(name.to_owned()))
    });
    names.collect()
}

/// The format: units, `|` before the first optional one, `$` before the first keyword-only one, the name.
fn format(name: &str, parameters: &[(usize, &Parameter)], units: &[FormatUnit]) -> String {
    let mut format = String::new();
    let has_optional = parameters.iter().any(|(_, parameter)| parameter.default.is_some());
    let (mut optional, mut keyword_only) = (false, false);
    for ((_, parameter), unit) in parameters.iter().zip(units) {
        let first_keyword_only = parameter.keyword_only && !keyword_only;
        if !optional && (parameter.default.is_some() || first_keyword_only && has_optional) {
            format.push('|');
            optional = true;
        }
        if first_keyword_only {
            format.push('$');
            keyword_only = true;
        }
        format.push_str(unit.reading.format());
    }
    format.push(':');
    format.push_str(name);
    format
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Signature;

    fn parser(signature: &str) -> Result<Parser, Unparsable> {
        let signature: Signature = signature.parse().expect("the tests' signatures make sense");
        Parser::new("f", &signature.overloads[0])
    }

    fn format_of(signature: &str) -> String {
        parser(signature).expect("the parser has a format").format.into_string().expect("it was a str")
    }

    fn keywords_of(signature: &str) -> Vec<String> {
        let parser = parser(signature).expect("the parser has a format");
        parser._names.iter().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn every_kind_has_its_unit() {
        assert_eq!(format_of("(f64, f32, i64, i32, i16, u8, isize, cbool) -> void"), "dflihbnp:f");
        assert_eq!(format_of("(cstr, cstr?, buffer, buffer?, object, object?) -> void"), "szy*O&OO&:f");
        assert_eq!(format_of("(i8, u16, u32, u64, usize) -> void"), "O&O&O&O&O&:f");
        assert_eq!(format_of("(int, int+, int?, None) -> void"), "O&O!O&O&:f");
        assert_eq!(format_of("(context, f64) -> void"), "d:f");
    }

    #[test]
    fn optional_ones_stand_after_a_bar_and_named_ones_after_a_dollar() {
        assert_eq!(format_of("(f64, f64 = 0.0) -> void"), "d|d:f");
        assert_eq!(format_of("(x: f64, *, y: f64) -> void"), "d$d:f");
        assert_eq!(format_of("(x: f64, y: f64 = 0.0, *, z: f64 = 0.0) -> void"), "d|d$d:f");
        assert_eq!(keywords_of("(f64, y: f64) -> void"), ["", "y"]);
    }

    #[test]
    fn a_required_one_after_optional_ones_is_checked_afterwards() {
        let signature = "(x: f64, *, y: f64 = 0.0, z: f64) -> void";
        assert_eq!(format_of(signature), "d|$dd:f");
        let units = parser(signature).expect("the parser has a format").units;
        assert_eq!(units.iter().map(|unit| unit.must_be_named).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn arguments_are_passed_in_as_few_ways_as_possible() {
        let passing = |signature: &str| parser(signature).expect("the parser has a format").passing;
        assert_eq!(passing("() -> void"), Passing::Nothing);
        assert_eq!(passing("(context) -> void"), Passing::Nothing);
        assert_eq!(passing("(context, f64) -> void"), Passing::One);
        assert_eq!(passing("(f64 = 1.0) -> void"), Passing::Positional);
        assert_eq!(passing("(x: f64) -> void"), Passing::Named);
    }

    #[test]
    fn what_has_no_format_is_refused_with_the_reason() {
        assert_eq!(parser("(self) -> void").err(), Some(Unparsable::Receiver));
        assert_eq!(parser("(x: f64, f64) -> void").err(), Some(Unparsable::NamelessAfterNamed(1)));
        assert_eq!(parser("(object = <object>) -> void").err(), Some(Unparsable::UnknownDefault(0)));
        assert_eq!(parser("(type:m.T) -> void").err(), Some(Unparsable::UnknownType("m.T".into())));
        assert_eq!(parser("(cstr = 'a\\0b') -> void").err(), Some(Unparsable::NulInDefault(0)));
        let nul = Parser::new("a\0b", &"() -> void".parse::<Signature>().expect("it makes sense").overloads[0]);
        assert_eq!(nul.err(), Some(Unparsable::Name("a\0b".into())));
    }
}
