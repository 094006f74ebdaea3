//! Where CPython keeps what compiled code reads, by version. The only file that knows where
//! CPython keeps what differs between versions; the few offsets that the readers of metadata need, and that no version
//! changed, come from `metadata::cpython`, and are checked here with the others.
//!
//! A [`Layout`] is a value: code for any version can be generated, and read in tests, on any machine. The layout of the
//! running interpreter is [`Layout::CURRENT`], and `selfcheck` proves it against live objects before it is used.

use crate::metadata::{PythonType, cpython};

/// The layout of one CPython version's objects on a 64-bit little-endian platform, builds with a GIL.
///
/// Offsets are in bytes from the start of the object. Source: the headers of each version
/// (`Include/object.h`, `Include/cpython/longintrepr.h`, `unicodeobject.h`, `bytesobject.h`,
/// `methodobject.h`, `descrobject.h`, `moduleobject.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The version's second number: 11 for CPython 3.11.
    pub minor: u8,
    /// How references are counted.
    pub refcount: Refcount,
    /// `PyObject.ob_refcnt`.
    pub ob_refcnt: i32,
    /// `PyObject.ob_type`.
    pub ob_type: i32,
    /// How an `int` is stored.
    pub int: IntLayout,
    /// `PyFloatObject.ob_fval`.
    pub float_value: i32,
    /// How a `str` is stored.
    pub text: TextLayout,
    /// `PyBytesObject.ob_size`.
    pub bytes_size: i32,
    /// `PyBytesObject.ob_sval`.
    pub bytes_data: i32,
    /// `PyTypeObject.tp_flags`.
    pub type_flags: i32,
    /// The bit of `tp_flags` that `int` and its subclasses have (`Include/object.h`); see [`Layout::subclass_flag`].
    pub int_subclass_bit: u32,
    /// `PyTypeObject.tp_name`.
    pub type_name: i32,
    /// `PyCFunctionObject.m_ml`.
    pub function_def: i32,
    /// `PyCFunctionObject.m_self`.
    pub function_self: i32,
    /// `PyMethodDescrObject.d_method`.
    pub descriptor_def: i32,
    /// `PyDescrObject.d_type`.
    pub descriptor_type: i32,
    /// `PyModuleObject.md_dict`.
    pub module_dict: i32,
    /// `PyDictObject.ma_version_tag`, which only 3.11 and 3.12 have.
    pub dict_version: i32,
    /// `PyThreadState.c_tracefunc`; `c_profilefunc` lies in front of it (`Include/cpython/pystate.h`).
    pub thread_trace: i32,
    /// `sizeof(PyModuleObject)`: our cells are modules with fields behind.
    pub module_size: i32,
}

/// How a version counts references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refcount {
    /// 3.11: 64 bits, every object is counted.
    Plain,
    /// 3.12 and 3.13: the low 32 bits count; all ones means immortal.
    ImmortalAllOnes,
    /// From 3.14: the low 32 bits count; the top one of them set means immortal.
    ImmortalSign,
}

/// How a version stores an `int`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntLayout {
    /// What stands at `size`.
    pub form: IntForm,
    /// `ob_size` or `lv_tag`: sign and number of digits.
    pub size: i32,
    /// `ob_digit`: 30-bit digits, 32 bits apart, the least first.
    pub digits: i32,
    /// The least `int` that is always the same object.
    pub small_min: i64,
    /// The greatest `int` that is always the same object.
    pub small_max: i64,
    /// Distance between neighbours in the interpreter's array of small ints.
    pub small_stride: i64,
    /// Whether an `int` of one digit is nothing but fresh memory with its fields set. From 3.13 reference tracers want
    /// to hear of it, and from 3.14 there is a free list: only `PyLong_FromLong` knows.
    pub inline_allocation: bool,
}

/// How a version stores a `str` (`Include/cpython/unicodeobject.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextLayout {
    /// `PyASCIIObject.length`: the number of characters, and of bytes where all are ASCII.
    pub length: i32,
    /// `PyASCIIObject.state`, 32 bits.
    pub state: i32,
    /// `sizeof(PyASCIIObject)`: where the characters of a compact ASCII string begin.
    pub ascii_data: i32,
    /// `sizeof(PyCompactUnicodeObject)`: where those of other compact strings begin.
    pub other_data: i32,
}

/// The bit of a string's state that says that its characters stand behind its header.
pub const TEXT_COMPACT: u32 = 1 << 5;
/// The bits of a state that say so of characters that are all ASCII.
pub const TEXT_COMPACT_ASCII: u32 = TEXT_COMPACT | 1 << 6;
/// How far the bytes of a character are shifted in a state.
pub const TEXT_KIND_SHIFT: u32 = 2;
/// The bits of a state, shifted, that are the bytes of a character: 1, 2 or 4.
pub const TEXT_KIND_MASK: u32 = 7;

/// What stands beside the digits of an `int`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntForm {
    /// 3.11: a signed count of digits, whose sign is the number's.
    SignedSize,
    /// From 3.12: the count of digits << 3; the low two bits are 0 for positive, 1 for zero, 2 for negative; from 3.14
    /// bit 2 marks small ints.
    Tag,
}

/// Bits of a digit of an `int`.
pub const DIGIT_BITS: u32 = 30;
/// How far the count of digits is shifted in a tag.
pub const TAG_SHIFT: u32 = 3;
/// The sign bits of a negative number.
pub const TAG_NEGATIVE: i64 = 2;
/// The bits of a tag that hold the sign.
pub const TAG_SIGN_MASK: i64 = 3;

/// `sizeof(Py_buffer)`, in all versions (`Include/pybuffer.h`).
pub const PY_BUFFER_BYTES: usize = 80;

impl Layout {
    /// The versions that have a layout.
    pub const MINORS: [u8; 5] = [11, 12, 13, 14, 15];

    /// The layout of CPython 3.`minor`; `None` for versions that are not supported.
    pub const fn of(minor: u8) -> Option<Self> {
        let (refcount, form) = match minor {
            11 => (Refcount::Plain, IntForm::SignedSize),
            12 | 13 => (Refcount::ImmortalAllOnes, IntForm::Tag),
            14 | 15 => (Refcount::ImmortalSign, IntForm::Tag),
            _ => return None,
        };
        Some(Self {
            minor,
            refcount,
            ob_refcnt: 0,
            ob_type: 8,
            int: IntLayout {
                form,
                size: 16,
                digits: 24,
                small_min: -5,
                small_max: if minor >= 15 { 1024 } else { 256 },
                small_stride: 32,
                inline_allocation: minor <= 12,
            },
            float_value: 16,
            text: TextLayout {
                length: 16,
                state: 32,
                // 3.11 has `wstr`, and its length, besides.
                ascii_data: if minor <= 11 { 48 } else { 40 },
                other_data: if minor <= 11 { 72 } else { 56 },
            },
            bytes_size: 16,
            bytes_data: 32,
            int_subclass_bit: 24,
            type_flags: cpython::TP_FLAGS as i32,
            type_name: cpython::TP_NAME as i32,
            function_def: cpython::M_ML as i32,
            function_self: cpython::M_SELF as i32,
            descriptor_def: cpython::D_METHOD as i32,
            descriptor_type: cpython::D_TYPE as i32,
            module_dict: 16,
            dict_version: 24,
            thread_trace: match minor {
                ..=12 => 72,
                13 | 14 => 88,
                _ => 112,
            },
            module_size: if minor >= 15 { 104 } else { 56 },
        })
    }

    /// The layout of the version that this crate is built for.
    pub const CURRENT: Self = {
        let minor = if cfg!(Py_3_15) {
            15
        } else if cfg!(Py_3_14) {
            14
        } else if cfg!(Py_3_13) {
            13
        } else if cfg!(Py_3_12) {
            12
        } else {
            11
        };
        match Self::of(minor) {
            Some(layout) => layout,
            None => panic!("every minor version above has a layout"),
        }
    };

    /// The bits of `tp_flags` that say that a type is this one or a subclass; `None` for types that have no such bit.
    pub const fn subclass_flag(&self, class: PythonType) -> Option<u64> {
        let place = match class {
            PythonType::Int => 0,
            PythonType::List => 1,
            PythonType::Tuple => 2,
            PythonType::Bytes => 3,
            PythonType::Str => 4,
            PythonType::Dict => 5,
            PythonType::Float | PythonType::Bool | PythonType::None => return None,
        };
        Some(1 << (self.int_subclass_bit + place))
    }

    /// Whether `None`, `True`, `False` and the small ints are immortal: their count need not be touched.
    pub const fn has_immortals(&self) -> bool {
        !matches!(self.refcount, Refcount::Plain)
    }
}
