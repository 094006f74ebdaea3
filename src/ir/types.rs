//! The types of values: sets of leaves, with an optional specialization.
//!
//! A [`Type`] is a set of possible values. A computed type may be wider than the truth, never narrower; a subtype test
//! may say no if the truth is yes, never the reverse. So **do not compare types with `==`** to learn something about
//! values: use [`Type::is_subtype`], [`Type::intersection`], [`Type::union`]. `==` compares how two types are written,
//! which tests and the round trip through text need.
//!
//! The text form is in `type_text.rs`.

use super::constant::{ConstClass, ConstObject};
use crate::metadata::{ForeignKind, Kind, PythonType, Scalar};

/// A set of possible values. Do not use `==` to learn something about values: see the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    bits: u64,
    spec: Option<Spec>,
}

/// A specialization: it narrows a set of leaves further.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Spec {
    /// This very object: `UnicodeExact["hello,world"]`.
    Object(ConstObject),
    /// Any object whose type is exactly this class: `Object[class "demo.Point"]`. Null too, if it is among the leaves.
    Class(ConstClass),
    /// The same for instances of this class and of its subclasses: `Object[class+ "demo.Point"]`.
    Instance(ConstClass),
    /// A C integer: `CInt64[3]`.
    Int(i128),
    /// A C floating-point number, by the bits of the `f64`: `CDouble[1.5]`.
    Double(u64),
    /// A C truth value: `CBool[true]`.
    Bool(bool),
}

impl Spec {
    /// Whether every value that `self` accepts is certainly accepted by `other`.
    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(mine), Self::Object(theirs)) => mine.is_same(theirs),
            (Self::Class(mine), Self::Class(theirs))
            | (Self::Class(mine) | Self::Instance(mine), Self::Instance(theirs)) => mine.is_same(theirs),
            _ => self == other,
        }
    }

    /// Whether certainly no value is accepted by both.
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(mine), Self::Object(theirs)) => mine.is_distinct(theirs),
            (Self::Class(mine), Self::Class(theirs)) => mine.is_distinct(theirs),
            // An object may be of a class or not, and a class may be a subclass of another or not.
            (Self::Object(_), Self::Class(_)) | (Self::Class(_), Self::Object(_)) => false,
            (Self::Instance(_), Self::Object(_) | Self::Class(_) | Self::Instance(_))
            | (Self::Object(_) | Self::Class(_), Self::Instance(_)) => false,
            _ => self != other,
        }
    }
}

/// Defines one constant per leaf, and the table of their names.
macro_rules! leaves {
    ($($bit:literal $constant:ident $name:literal $doc:literal;)*) => {
        impl Type {
            $(#[doc = $doc] pub const $constant: Self = Self::of_bits(1 << $bit);)*
        }
        /// Every leaf with its name.
        pub(super) const LEAVES: &[(u64, &str)] = &[$((1 << $bit, $name)),*];
    };
}

leaves! {
    0 LONG_EXACT "LongExact" "Instances of exactly `int`.";
    1 LONG_SUBCLASS "LongSubclass" "Instances of subclasses of `int`, `bool` aside.";
    2 BOOL "Bool" "`True` and `False`.";
    3 FLOAT_EXACT "FloatExact" "Instances of exactly `float`.";
    4 FLOAT_SUBCLASS "FloatSubclass" "Instances of subclasses of `float`.";
    5 UNICODE_EXACT "UnicodeExact" "Instances of exactly `str`.";
    6 UNICODE_SUBCLASS "UnicodeSubclass" "Instances of subclasses of `str`.";
    7 BYTES_EXACT "BytesExact" "Instances of exactly `bytes`.";
    8 BYTES_SUBCLASS "BytesSubclass" "Instances of subclasses of `bytes`.";
    9 LIST_EXACT "ListExact" "Instances of exactly `list`.";
    10 LIST_SUBCLASS "ListSubclass" "Instances of subclasses of `list`.";
    11 TUPLE_EXACT "TupleExact" "Instances of exactly `tuple`.";
    12 TUPLE_SUBCLASS "TupleSubclass" "Instances of subclasses of `tuple`.";
    13 DICT_EXACT "DictExact" "Instances of exactly `dict`.";
    14 DICT_SUBCLASS "DictSubclass" "Instances of subclasses of `dict`.";
    15 NONE_TYPE "NoneType" "`None`.";
    16 TYPE "Type" "Classes: instances of `type` and of its subclasses.";
    17 FUNC "Func" "Functions written in Python.";
    18 C_FUNCTION "CFunction" "Built-in functions and bound built-in methods, `builtin_function_or_method`.";
    19 METHOD_DESCR "MethodDescr" "Unbound built-in methods, `method_descriptor`.";
    20 MODULE "Module" "Modules: instances of `ModuleType` and of its subclasses.";
    21 OTHER "Other" "All other objects.";
    22 C_BOOL "CBool" "C's `bool`.";
    23 C_INT8 "CInt8" "C's `int8_t`.";
    24 C_INT16 "CInt16" "C's `int16_t`.";
    25 C_INT32 "CInt32" "C's `int32_t`.";
    26 C_INT64 "CInt64" "C's `int64_t`, and `Py_ssize_t`.";
    27 C_UINT8 "CUInt8" "C's `uint8_t`.";
    28 C_UINT16 "CUInt16" "C's `uint16_t`.";
    29 C_UINT32 "CUInt32" "C's `uint32_t`.";
    30 C_UINT64 "CUInt64" "C's `uint64_t`, and `size_t`.";
    31 C_FLOAT "CFloat" "C's `float`.";
    32 C_DOUBLE "CDouble" "C's `double`.";
    33 C_PTR "CPtr" "A C pointer that is no object.";
    34 NULLPTR "Nullptr" "The null pointer where an object could be.";
    35 C_STR "CStr" "UTF-8 without a NUL in it, and its length: a pointer and a `Py_ssize_t`.";
    36 C_BUFFER "CBuffer" "Bytes and their number: a pointer and a `Py_ssize_t`.";
}

const TOP: u64 = (1 << 37) - 1;
const OBJECT: u64 = (1 << 22) - 1;
const LONG: u64 = 0b111;
const FLOAT: u64 = 0b11 << 3;
const UNICODE: u64 = 0b11 << 5;
const BYTES: u64 = 0b11 << 7;
const LIST: u64 = 0b11 << 9;
const TUPLE: u64 = 0b11 << 11;
const DICT: u64 = 0b11 << 13;

/// Names of unions of leaves, each before the unions that it contains.
pub(super) const UNIONS: &[(u64, &str)] = &[
    (TOP, "Top"),
    (OBJECT, "Object"),
    (LONG, "Long"),
    (FLOAT, "Float"),
    (UNICODE, "Unicode"),
    (BYTES, "Bytes"),
    (LIST, "List"),
    (TUPLE, "Tuple"),
    (DICT, "Dict"),
];

impl Type {
    /// No value.
    pub const BOTTOM: Self = Self::of_bits(0);
    /// Any value.
    pub const TOP: Self = Self::of_bits(TOP);
    /// Any Python object.
    pub const OBJECT: Self = Self::of_bits(OBJECT);
    /// `int` with its subclasses, also `bool`.
    pub const LONG: Self = Self::of_bits(LONG);
    /// `float` with its subclasses.
    pub const FLOAT: Self = Self::of_bits(FLOAT);
    /// `str` with its subclasses.
    pub const UNICODE: Self = Self::of_bits(UNICODE);
    /// `bytes` with its subclasses.
    pub const BYTES: Self = Self::of_bits(BYTES);
    /// `list` with its subclasses.
    pub const LIST: Self = Self::of_bits(LIST);
    /// `tuple` with its subclasses.
    pub const TUPLE: Self = Self::of_bits(TUPLE);
    /// `dict` with its subclasses.
    pub const DICT: Self = Self::of_bits(DICT);

    pub(super) const fn of_bits(bits: u64) -> Self {
        Self { bits, spec: None }
    }

    pub(super) fn bits(&self) -> u64 {
        self.bits
    }

    /// The specialization.
    pub fn spec(&self) -> Option<&Spec> {
        self.spec.as_ref()
    }

    /// These leaves, narrowed by `spec`; `None` if the two don't go together (`CInt8[300]`, `Long` with a C number).
    pub fn specialized(&self, spec: Spec) -> Option<Self> {
        let fits = match &spec {
            Spec::Object(_) => self.bits != 0 && self.is_object(),
            Spec::Class(_) | Spec::Instance(_) => self.bits & OBJECT != 0 && self.is_object_or_null(),
            Spec::Int(number) => self
                .scalar()
                .and_then(Scalar::integer_range)
                .is_some_and(|(least, greatest)| (least..=greatest).contains(number)),
            Spec::Double(bits) => match self.scalar() {
                Some(Scalar::F64) => true,
                Some(Scalar::F32) => {
                    let number = f64::from_bits(*bits);
                    number.is_nan() || f64::from(number as f32) == number
                }
                _ => false,
            },
            Spec::Bool(_) => self.scalar() == Some(Scalar::CBool),
        };
        fits.then_some(Self { bits: self.bits, spec: Some(spec) })
    }

    /// The type of one object of these leaves; leaves that are not objects are dropped.
    pub fn constant(&self, object: ConstObject) -> Self {
        Self::normal(self.bits & OBJECT, Some(Spec::Object(object)))
    }

    /// The object that every value of this type is.
    pub fn const_object(&self) -> Option<&ConstObject> {
        match &self.spec {
            Some(Spec::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Whether only one value is possible, so that `LoadConst` can give it.
    pub fn is_constant(&self) -> bool {
        matches!(self.spec, Some(Spec::Object(_) | Spec::Int(_) | Spec::Double(_) | Spec::Bool(_)))
    }

    /// Whether no value is possible.
    pub fn is_bottom(&self) -> bool {
        self.bits == 0
    }

    /// Whether all values are Python objects.
    pub fn is_object(&self) -> bool {
        self.bits & !OBJECT == 0
    }

    /// Whether all values are Python objects or null pointers in the place of one.
    pub fn is_object_or_null(&self) -> bool {
        self.bits & !(OBJECT | Self::NULLPTR.bits) == 0
    }

    /// The same values and the null pointer.
    pub fn or_null(&self) -> Self {
        Self::normal(self.bits | Self::NULLPTR.bits, self.spec.clone())
    }

    /// These values with null in the place of `None`.
    pub fn null_for_none(&self) -> Self {
        if !self.may_overlap(&Self::NONE_TYPE) {
            return self.clone();
        }
        // All objects but `None` have no short name; a wider type does no harm.
        if self.bits & OBJECT == OBJECT { self.or_null() } else { self.without(&Self::NONE_TYPE).or_null() }
    }

    /// Whether every value of this type is certainly one of `other`.
    pub fn is_subtype(&self, other: &Self) -> bool {
        if self.is_bottom() {
            return true;
        }
        self.bits & !other.bits == 0
            && match (&self.spec, &other.spec) {
                (_, None) => true,
                (Some(mine), Some(theirs)) => mine.implies(theirs),
                // A class says nothing about null.
                (None, Some(Spec::Class(_) | Spec::Instance(_))) => self.bits == Self::NULLPTR.bits,
                (None, Some(_)) => false,
            }
    }

    /// Whether some value may be of both types.
    pub fn may_overlap(&self, other: &Self) -> bool {
        !self.intersection(other).is_bottom()
    }

    /// A type that has the values of either type, and perhaps more.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_subtype(other) {
            return other.clone();
        }
        if other.is_subtype(self) {
            return self.clone();
        }
        let spec = match (&self.spec, &other.spec) {
            (Some(mine), Some(theirs)) if mine.implies(theirs) => Some(theirs.clone()),
            (Some(mine), Some(theirs)) if theirs.implies(mine) => Some(mine.clone()),
            _ => None,
        };
        Self::normal(self.bits | other.bits, spec)
    }

    /// A type that has the values in both types, and perhaps more.
    pub fn intersection(&self, other: &Self) -> Self {
        let bits = self.bits & other.bits;
        let spec = match (&self.spec, &other.spec) {
            // A class says nothing about null.
            (Some(mine), Some(theirs)) if mine.excludes(theirs) => return Self::of_bits(bits & Self::NULLPTR.bits),
            // One object is narrower than its class, and the class is narrower than the class with its subclasses.
            (Some(Spec::Class(_) | Spec::Instance(_)), Some(theirs @ Spec::Object(_)))
            | (Some(Spec::Instance(_)), Some(theirs @ Spec::Class(_))) => Some(theirs.clone()),
            (Some(mine), _) => Some(mine.clone()),
            (None, theirs) => theirs.clone(),
        };
        Self::normal(bits, spec)
    }

    /// A type that has the values of this type that are not of the `other`, and perhaps more.
    pub fn without(&self, other: &Self) -> Self {
        if self.is_subtype(other) {
            return Self::BOTTOM;
        }
        match other.spec {
            None => Self::normal(self.bits & !other.bits, self.spec.clone()),
            Some(_) => self.clone(),
        }
    }

    /// These leaves, with as much of `spec` as goes with them.
    fn normal(bits: u64, spec: Option<Spec>) -> Self {
        let leaves = Self::of_bits(bits);
        spec.and_then(|spec| leaves.specialized(spec)).unwrap_or(leaves)
    }

    /// The type of a C scalar.
    pub const fn of_scalar(scalar: Scalar) -> Self {
        match scalar {
            Scalar::I8 => Self::C_INT8,
            Scalar::I16 => Self::C_INT16,
            Scalar::I32 => Self::C_INT32,
            Scalar::I64 | Scalar::Isize => Self::C_INT64,
            Scalar::U8 => Self::C_UINT8,
            Scalar::U16 => Self::C_UINT16,
            Scalar::U32 => Self::C_UINT32,
            Scalar::U64 | Scalar::Usize => Self::C_UINT64,
            Scalar::F32 => Self::C_FLOAT,
            Scalar::F64 => Self::C_DOUBLE,
            Scalar::CBool => Self::C_BOOL,
        }
    }

    /// The C scalar of all values of this type: `I64` also for `Py_ssize_t`, `U64` also for `size_t`.
    pub fn scalar(&self) -> Option<Scalar> {
        use Scalar::{CBool, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        [CBool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64]
            .into_iter()
            .find(|&scalar| Self::of_scalar(scalar).bits == self.bits)
    }

    /// The exact instances of a type that CPython defines.
    pub const fn python_exact(class: PythonType) -> Self {
        match class {
            PythonType::Int => Self::LONG_EXACT,
            PythonType::Float => Self::FLOAT_EXACT,
            PythonType::Bool => Self::BOOL,
            PythonType::Str => Self::UNICODE_EXACT,
            PythonType::Bytes => Self::BYTES_EXACT,
            PythonType::List => Self::LIST_EXACT,
            PythonType::Tuple => Self::TUPLE_EXACT,
            PythonType::Dict => Self::DICT_EXACT,
            PythonType::None => Self::NONE_TYPE,
        }
    }

    /// The instances of a type that CPython defines, and of its subclasses.
    pub const fn python(class: PythonType) -> Self {
        match class {
            PythonType::Int => Self::LONG,
            PythonType::Float => Self::FLOAT,
            PythonType::Bool => Self::BOOL,
            PythonType::Str => Self::UNICODE,
            PythonType::Bytes => Self::BYTES,
            PythonType::List => Self::LIST,
            PythonType::Tuple => Self::TUPLE,
            PythonType::Dict => Self::DICT,
            PythonType::None => Self::NONE_TYPE,
        }
    }

    /// The type of a value of this kind: the C value of a scalar, a string or a buffer, otherwise the object. A pointer
    /// for `context`; no value for `void`.
    pub fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Scalar(scalar) => Self::of_scalar(*scalar),
            Kind::Object => Self::OBJECT,
            Kind::Python { class, subclasses: false } => Self::python_exact(*class),
            Kind::Python { class, subclasses: true } => Self::python(*class),
            Kind::User { class, subclasses } => {
                let class = ConstClass::of(class);
                Self::normal(OBJECT, Some(if *subclasses { Spec::Instance(class) } else { Spec::Class(class) }))
            }
            Kind::Cstr => Self::C_STR,
            Kind::Buffer => Self::C_BUFFER,
            Kind::Foreign(ForeignKind::Char) => Self::of_scalar(Scalar::I8),
            Kind::Foreign(ForeignKind::Wchar) => Self::of_scalar(Scalar::I32),
            Kind::Foreign(ForeignKind::Double) => Self::of_scalar(Scalar::F64),
            Kind::Foreign(ForeignKind::Float) => Self::of_scalar(Scalar::F32),
            Kind::Foreign(ForeignKind::Pointer | ForeignKind::Object) | Kind::Context => Self::C_PTR,
            Kind::Void => Self::BOTTOM,
        }
    }

    /// The type of the objects that are unboxed to a value of this kind, or of the objects themselves if the kind is an
    /// object kind; no object for `context` and `void`.
    pub fn unboxed_from(kind: &Kind) -> Self {
        match kind {
            Kind::Scalar(scalar) => Self::boxed(*scalar),
            Kind::Cstr => Self::UNICODE_EXACT,
            Kind::Buffer => Self::BYTES_EXACT,
            // Only the provider knows the type.
            Kind::Foreign(_) => Self::OBJECT,
            Kind::Context | Kind::Void => Self::BOTTOM,
            Kind::Object | Kind::Python { .. } | Kind::User { .. } => Self::of_kind(kind),
        }
    }

    /// The type of the objects that C values of this type are unboxed from and boxed to; `None` if there is none.
    pub fn of_objects(&self) -> Option<Self> {
        match self.scalar() {
            Some(scalar) => Some(Self::boxed(scalar)),
            None if self.bits == Self::C_STR.bits => Some(Self::UNICODE_EXACT),
            None if self.bits == Self::C_BUFFER.bits => Some(Self::BYTES_EXACT),
            None => None,
        }
    }

    /// The type of the object that a C scalar is unboxed from and boxed to.
    pub const fn boxed(scalar: Scalar) -> Self {
        match scalar {
            Scalar::F32 | Scalar::F64 => Self::FLOAT_EXACT,
            Scalar::CBool => Self::BOOL,
            Scalar::I8
            | Scalar::I16
            | Scalar::I32
            | Scalar::I64
            | Scalar::U8
            | Scalar::U16
            | Scalar::U32
            | Scalar::U64
            | Scalar::Isize
            | Scalar::Usize => Self::LONG_EXACT,
        }
    }
}
