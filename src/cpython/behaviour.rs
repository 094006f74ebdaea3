//! Behaviour that differs between versions, by name.

use std::ffi::CStr;

use super::layout::Layout;

/// The behaviour of one CPython version, if it differs from that of another and no layout shows it. Each field names
/// the behaviour; no other room asks for the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// A module that is imported lazily is a placeholder until a function reads its name.
    pub imports_lazily: bool,
    /// The functions of `math` about ints are in a module of their own, `math.integer`.
    pub has_math_integer: bool,
    /// Names of parameters that `PyArg_ParseTupleAndKeywords` reads may be any UTF-8; otherwise only ASCII.
    pub parses_unicode_names: bool,
    /// The error of an iterable with too many items to unpack has their number, if it is known.
    pub counts_items_to_unpack: bool,
    /// The `KeyError` of a keyword given twice stays as it is if it is an instance already, as in an exception handler.
    pub keeps_instances_of_key_errors: bool,
    /// An error of a call names the callable `function` if its own name can't be found.
    pub names_unnamed_functions: bool,
    /// The error of a call with unpacked arguments starts with the name of the callable.
    pub names_function_in_unpacking_errors: bool,
    /// The instruction that loads a special method raises the error if there is none; otherwise the one that calls it
    /// does.
    pub loads_special_methods: bool,
    /// The text of the error of a class pattern whose class is not a class.
    pub class_pattern_error: &'static CStr,
    /// The cause of an exception, made by a call of its class, must be an exception.
    pub checks_made_causes: bool,
    /// C and Python calls count against one recursion limit.
    pub counts_c_calls_with_pythons: bool,
    /// Dict watchers report changes of dicts.
    pub watches_dicts: bool,
    /// An attribute that a method lookup finds lies above the null in the place of the receiver, not below it.
    pub puts_null_below_attributes: bool,
    /// The dict of `f_locals` is written back into the frame only on request.
    pub writes_locals_back: bool,
}

impl Behaviour {
    /// The behaviour of CPython 3.`minor`.
    pub const fn of(minor: u8) -> Self {
        Self {
            imports_lazily: minor >= 15,
            has_math_integer: minor >= 15,
            parses_unicode_names: minor >= 13,
            counts_items_to_unpack: minor >= 14,
            keeps_instances_of_key_errors: minor <= 11,
            names_unnamed_functions: minor >= 15,
            names_function_in_unpacking_errors: minor <= 14,
            loads_special_methods: minor >= 14,
            class_pattern_error: match minor {
                ..=11 => c"called match pattern must be a type",
                12..=14 => c"called match pattern must be a class",
                _ => c"class pattern must refer to a class",
            },
            checks_made_causes: minor >= 14,
            counts_c_calls_with_pythons: minor <= 11,
            watches_dicts: minor >= 12,
            puts_null_below_attributes: minor <= 12,
            writes_locals_back: minor <= 12,
        }
    }

    /// The behaviour of the version that this crate is built for.
    pub const CURRENT: Self = Self::of(Layout::CURRENT.minor);
}
