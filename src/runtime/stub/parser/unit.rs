//! A parameter of the parser: its unit of the format, its slots, its default.

use std::ffi::{CString, c_int, c_void};

use pyo3_ffi as ffi;

use super::Unparsable;
use super::convert::{self, Converter};
use crate::metadata::{DefaultValue, Kind, Parameter, PythonType, Scalar, TypePlace};

/// Number of slots, of 8 bytes each, that the C arguments of a parameter take.
pub fn slots_of(kind: &Kind) -> usize {
    match kind {
        Kind::Cstr | Kind::Buffer => 2,
        _ => 1,
    }
}

/// A parameter of the parser.
#[derive(Debug)]
pub struct FormatUnit {
    pub reading: UnitReading,
    /// The first of its slots.
    pub slot: usize,
    pub default: SlotDefault,
    /// Counted from 1, as in messages; 0 if there is only one argument.
    pub number: usize,
    /// Required, although the format can't say so.
    pub must_be_named: bool,
    /// `None` is accepted, as a null pointer.
    pub nullable: bool,
}

/// How an argument becomes the contents of its slots.
#[derive(Clone, Copy, Debug)]
pub enum UnitReading {
    /// By a unit that writes the slot.
    Plain(&'static str),
    /// By a unit that writes a pointer to text; its length is in the next slot.
    Text(&'static str),
    /// `O!`: an instance of a type.
    Instance(*mut ffi::PyTypeObject),
    /// `O&`, by one of CPython's converters, or one of ours like them, which write the slot.
    Converted(Converter),
    /// `O&`, by our converter of objects: of exactly this type, or of any; `None`, if it is accepted.
    Object(AcceptedClass),
    /// `y*`, into the `Py_buffer` with this number; pointer and length are in the slots.
    Buffer(usize),
    /// The same, or `None`.
    OptionalBuffer(usize),
}

/// The objects that a parameter accepts.
#[derive(Clone, Copy, Debug)]
pub enum AcceptedClass {
    /// All.
    Any,
    /// Instances of exactly this type.
    Exact(*mut ffi::PyTypeObject),
    /// Whether instances of subclasses are accepted too.
    Subclasses(*mut ffi::PyTypeObject),
}

/// The value that is passed if the caller leaves the argument out.
#[derive(Debug)]
pub enum SlotDefault {
    /// Nothing: it is required.
    Missing,
    /// The content of the slot: a number's bits, or a null pointer.
    Bits(u64),
    /// Text.
    Text(CString),
    /// The object in this variable when the function is called.
    Variable(*const *mut ffi::PyObject),
}

impl FormatUnit {
    /// The unit of the parameter at `position`, with the numbers of its slots and of its `Py_buffer`, if it needs one.
    pub fn new(position: usize, parameter: &Parameter, slot: usize, buffer: usize) -> Result<Self, Unparsable> {
        let default = match &parameter.default {
            None => SlotDefault::Missing,
            Some(default) => default_of(position, default, &parameter.kind)?,
        };
        Ok(Self {
            reading: UnitReading::of(parameter, buffer)?,
            slot,
            default,
            number: 0,
            must_be_named: false,
            nullable: parameter.nullable,
        })
    }
}

impl UnitReading {
    fn of(parameter: &Parameter, buffer: usize) -> Result<Self, Unparsable> {
        Ok(match (&parameter.kind, parameter.nullable) {
            (Kind::Scalar(scalar), _) => Self::of_scalar(*scalar),
            (Kind::Cstr, false) => Self::Text("s"),
            (Kind::Cstr, true) => Self::Text("z"),
            (Kind::Buffer, false) => Self::Buffer(buffer),
            (Kind::Buffer, true) => Self::OptionalBuffer(buffer),
            (Kind::Object, false) => Self::Plain("O"),
            (Kind::Object, true) => Self::Object(AcceptedClass::Any),
            (Kind::Python { class, subclasses }, nullable) => Self::of_class(type_of(*class), *subclasses, nullable),
            (Kind::User { class, subclasses }, nullable) => {
                let Some(TypePlace::Object(address)) = class.place else {
                    return Err(Unparsable::UnknownType(class.name.clone()));
                };
                Self::of_class(address.get() as *mut ffi::PyTypeObject, *subclasses, nullable)
            }
            (Kind::Foreign(_), _) => return Err(Unparsable::Foreign(parameter.kind.to_string())),
            (Kind::Void | Kind::Context, _) => unreachable!("no argument of a call is of these kinds"),
        })
    }

    fn of_class(class: *mut ffi::PyTypeObject, subclasses: bool, nullable: bool) -> Self {
        match (subclasses, nullable) {
            (true, false) => Self::Instance(class),
            (true, true) => Self::Object(AcceptedClass::Subclasses(class)),
            (false, _) => Self::Object(AcceptedClass::Exact(class)),
        }
    }

    fn of_scalar(scalar: Scalar) -> Self {
        match scalar {
            Scalar::I8 => Self::Converted(convert::signed_char),
            Scalar::I16 => Self::Plain("h"),
            Scalar::I32 => Self::Plain("i"),
            Scalar::I64 => Self::Plain("l"),
            Scalar::U8 => Self::Plain("b"),
            Scalar::U16 => Self::Converted(convert::_PyLong_UnsignedShort_Converter),
            Scalar::U32 => Self::Converted(convert::_PyLong_UnsignedInt_Converter),
            Scalar::U64 => Self::Converted(convert::_PyLong_UnsignedLong_Converter),
            Scalar::Isize => Self::Plain("n"),
            Scalar::Usize => Self::Converted(convert::_PyLong_Size_t_Converter),
            Scalar::F32 => Self::Plain("f"),
            Scalar::F64 => Self::Plain("d"),
            Scalar::CBool => Self::Plain("p"),
        }
    }

    /// The unit in a format.
    pub fn format(self) -> &'static str {
        match self {
            Self::Plain(unit) | Self::Text(unit) => unit,
            Self::Instance(_) => "O!",
            Self::Converted(_) | Self::Object(_) | Self::OptionalBuffer(_) => "O&",
            Self::Buffer(_) => "y*",
        }
    }
}

/// The arguments of `PyArg_Parse` for a unit: up to two pointers.
pub struct Variables {
    pub first: *mut c_void,
    pub second: Option<*mut c_void>,
}

impl Variables {
    pub fn one(variable: *mut c_void) -> Self {
        Self { first: variable, second: None }
    }

    pub fn converted(converter: Converter, variable: *mut c_void) -> Self {
        Self { first: converter as *mut c_void, second: Some(variable) }
    }
}

fn default_of(position: usize, default: &DefaultValue, kind: &Kind) -> Result<SlotDefault, Unparsable> {
    Ok(match default {
        // An integer's low bytes are those of its kind.
        DefaultValue::Int(number) => SlotDefault::Bits(*number as u64),
        DefaultValue::Float(bits) if *kind == Kind::Scalar(Scalar::F32) => {
            SlotDefault::Bits(u64::from((f64::from_bits(*bits) as f32).to_bits()))
        }
        DefaultValue::Float(bits) => SlotDefault::Bits(*bits),
        DefaultValue::Bool(truth) => SlotDefault::Bits(u64::from(*truth)),
        DefaultValue::Str(text) => {
            SlotDefault::Text(CString::new(text.as_str()).map_err(|_| Unparsable::NulInDefault(position))?)
        }
        DefaultValue::None => SlotDefault::Bits(0),
        DefaultValue::Object { address } => {
            let address = address.ok_or(Unparsable::UnknownDefault(position))?;
            SlotDefault::Variable(address.get() as *const *mut ffi::PyObject)
        }
    })
}

/// The type object of one of CPython's own.
pub fn type_of(class: PythonType) -> *mut ffi::PyTypeObject {
    match class {
        PythonType::Int => &raw mut ffi::PyLong_Type,
        PythonType::Float => &raw mut ffi::PyFloat_Type,
        PythonType::Bool => &raw mut ffi::PyBool_Type,
        PythonType::Str => &raw mut ffi::PyUnicode_Type,
        PythonType::Bytes => &raw mut ffi::PyBytes_Type,
        PythonType::List => &raw mut ffi::PyList_Type,
        PythonType::Tuple => &raw mut ffi::PyTuple_Type,
        PythonType::Dict => &raw mut ffi::PyDict_Type,
        // SAFETY: `None` always exists, and so does its type.
        PythonType::None => unsafe { ffi::Py_TYPE(ffi::Py_None()) },
    }
}

/// The number of an argument in messages.
pub fn c_number(number: usize) -> c_int {
    c_int::try_from(number).expect("a call has at most 16 arguments")
}
