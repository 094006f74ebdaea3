//! The layout of the CPython objects that compiled code reads, by version.
//!
//! A [`Layout`] is a value: code for any version can be generated, and read in tests, on any machine. The layout of the
//! running interpreter is [`Layout::CURRENT`]; `proof` proves it against live objects before it is used. A field must
//! be declared with its value in each version and with its proofs.

use super::collector::Collector;
use super::facts::facts;
use super::frame::FrameLayout;
use super::object;
use super::proof;
use super::python_type::PythonType;

type Proof = super::facts::Proof<proof::Check>;

facts! {
    /// The layout of one CPython version's objects on a 64-bit little-endian platform, builds with a GIL.
    ///
    /// Offsets are in bytes from the start of the object. Source: the headers of each version
    /// (`Include/object.h`, `Include/cpython/longintrepr.h`, `unicodeobject.h`, `bytesobject.h`,
    /// `methodobject.h`, `descrobject.h`, `moduleobject.c`).
    pub struct Layout(minor) {
        /// The version's second number: 11 for CPython 3.11.
        minor: u8 = minor, proven by VERSION;
        /// `PyObject.ob_refcnt`.
        ob_refcnt: i32 = 0, proven by REFERENCE_COUNT;
        /// How references are counted.
        refcount: Refcount = match minor {
            ..=11 => Refcount::Plain,
            12 | 13 => Refcount::ImmortalAllOnes,
            _ => Refcount::ImmortalSign,
        }, proven by IMMORTALITY;
        /// `PyObject.ob_type`.
        ob_type: i32 = 8, proven by OBJECT_TYPE;
        /// How an `int` is stored.
        int: IntLayout = IntLayout::of_version(minor), proven by DIGITS;
        /// `PyFloatObject.ob_fval`.
        float_value: i32 = 16, proven by FLOAT_VALUE;
        /// How a `str` is stored.
        text: TextLayout = TextLayout::of_version(minor), proven by TEXT;
        /// `PyBytesObject.ob_size`.
        bytes_size: i32 = 16, proven by BYTES;
        /// `PyBytesObject.ob_sval`.
        bytes_data: i32 = 32, proven by BYTES;
        /// `PyTypeObject.tp_flags`.
        type_flags: i32 = object::TP_FLAGS as i32, proven by TYPE_FLAGS;
        /// The bit of `tp_flags` that `int` and its subclasses have (`Include/object.h`); see
        /// [`Layout::subclass_flag`].
        int_subclass_bit: u32 = 24, proven by SUBCLASS_FLAGS;
        /// `PyTypeObject.tp_name`.
        type_name: i32 = object::TP_NAME as i32, proven by TYPE_NAME;
        /// `PyCFunctionObject.m_ml`.
        function_def: i32 = object::M_ML as i32, proven by FUNCTION_DEF;
        /// `PyCFunctionObject.m_self`.
        function_self: i32 = object::M_SELF as i32, proven by FUNCTION_SELF;
        /// `PyMethodDescrObject.d_method`.
        descriptor_def: i32 = object::D_METHOD as i32, proven by DESCRIPTOR_DEF;
        /// `PyDescrObject.d_type`.
        descriptor_type: i32 = object::D_TYPE as i32, proven by DESCRIPTOR_TYPE;
        /// `PyModuleObject.md_dict`.
        module_dict: i32 = 16, proven by MODULE_DICT;
        /// `PyDictObject.ma_version_tag`, which only 3.11 and 3.12 have; `None` in later versions.
        dict_version: Option<i32> = if minor <= 12 { Some(24) } else { None }, proven by DICT_VERSION;
        /// `PyThreadState.c_tracefunc`, with `c_profilefunc` before it and both functions' objects after it
        /// (`Include/cpython/pystate.h`).
        thread_trace: i32 = match minor {
            ..=12 => 72,
            13 | 14 => 88,
            _ => 112,
        }, proven by THREAD_TRACE;
        /// The flag that says that something waits for running code: signal handlers, other threads, asynchronous
        /// exceptions, garbage collection.
        eval_breaker: EvalBreaker = match minor {
            ..=11 => EvalBreaker::OfInterpreter(100),
            12 => EvalBreaker::OfInterpreter(368),
            _ => EvalBreaker::OfThread(24),
        }, proven by EVAL_BREAKER;
        /// `PyFunctionObject.func_code` (`Include/cpython/funcobject.h`).
        python_function_code: i32 = 48, proven by PYTHON_FUNCTION;
        /// `PyFunctionObject.func_defaults`.
        python_function_defaults: i32 = 56, proven by PYTHON_FUNCTION;
        /// `PyFunctionObject.func_kwdefaults`.
        python_function_keyword_defaults: i32 = 64, proven by PYTHON_FUNCTION;
        /// `PyFunctionObject.vectorcall`, with `func_version` after it.
        python_function_vectorcall: i32 = match minor {
            ..=11 => 120,
            12 | 13 => 128,
            _ => 136,
        }, proven by PYTHON_FUNCTION;
        /// `sizeof(PyModuleObject)`: our cells are modules with fields after it.
        module_size: i32 = if minor >= 15 { 104 } else { 56 }, proven by MODULE_SIZE;
        /// The frames of the interpreter, and what refers to them. It has proofs of its own.
        frame: FrameLayout = FrameLayout::of_version(minor), proven by VERSION;
    }
}

facts! {
    /// How a version stores an `int`.
    pub struct IntLayout(minor) {
        /// The meaning of the word at `size`.
        form: IntForm = if minor <= 11 { IntForm::SignedSize } else { IntForm::Tag }, proven by DIGITS;
        /// `ob_size` or `lv_tag`: sign and number of digits.
        size: i32 = 16, proven by DIGITS, ONE_DIGIT;
        /// `ob_digit`: 30-bit digits, 32 bits apart, the least first.
        digits: i32 = 24, proven by DIGITS;
        /// The least `int` that is always the same object.
        small_min: i64 = -5, proven by SMALL_INTS;
        /// The greatest `int` that is always the same object.
        small_max: i64 = if minor >= 15 { 1024 } else { 256 }, proven by SMALL_INTS;
        /// Distance between neighbours in the interpreter's array of small ints.
        small_stride: i64 = 32, proven by SMALL_INTS;
        /// Whether an `int` of one digit is only fresh memory with its fields set. From 3.13 on, reference tracers are
        /// told of it, and from 3.14 on there is a free list: then only `PyLong_FromLong` can make it.
        inline_allocation: bool = minor <= 12, proven by VERSION;
    }
}

facts! {
    /// How a version stores a `str` (`Include/cpython/unicodeobject.h`).
    pub struct TextLayout(minor) {
        /// `PyASCIIObject.length`: the number of characters; also of bytes if all are ASCII.
        length: i32 = 16, proven by TEXT;
        /// `PyASCIIObject.state`, 32 bits.
        state: i32 = 32, proven by TEXT;
        /// `sizeof(PyASCIIObject)`: the offset of the characters of a compact ASCII string. 3.11 also has `wstr`.
        ascii_data: i32 = if minor <= 11 { 48 } else { 40 }, proven by TEXT;
        /// `sizeof(PyCompactUnicodeObject)`: the offset of the characters of other compact strings. 3.11 also has the
        /// length of `wstr`.
        other_data: i32 = if minor <= 11 { 72 } else { 56 }, proven by TEXT;
    }
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

/// The place of the flag that says that something waits for running code; it is 0 if nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvalBreaker {
    /// Up to 3.12: `PyInterpreterState.ceval.eval_breaker`, 32 bits (`Include/internal/pycore_interp.h`).
    OfInterpreter(i32),
    /// From 3.13: the low 8 bits of `PyThreadState.eval_breaker` (`Include/cpython/pystate.h`).
    OfThread(i32),
}

/// The word beside the digits of an `int`.
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

/// The bit of a string's state that says that its characters come after its header.
pub const TEXT_COMPACT: u32 = 1 << 5;
/// The bits of a state that say the same of characters that are all ASCII.
pub const TEXT_COMPACT_ASCII: u32 = TEXT_COMPACT | 1 << 6;
/// How far the bytes of a character are shifted in a state.
pub const TEXT_KIND_SHIFT: u32 = 2;
/// The bits of a state, shifted, that are the bytes of a character: 1, 2 or 4.
pub const TEXT_KIND_MASK: u32 = 7;

impl Layout {
    /// The versions that have a layout.
    pub const MINORS: [u8; 5] = [11, 12, 13, 14, 15];

    /// The layout of CPython 3.`minor`; `None` for versions that are not supported.
    pub const fn of(minor: u8) -> Option<Self> {
        match minor {
            11..=15 => Some(Self::of_version(minor)),
            _ => None,
        }
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

    /// The bits of `tp_flags` that say that a type is this one or a subclass of it; `None` for types that have no such
    /// bit.
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

    /// The points at which this version collects garbage.
    pub const fn collector(&self) -> Collector {
        Collector::of(self.minor)
    }

    /// Whether `None`, `True`, `False` and the small ints are immortal, so that their count need not be changed.
    pub const fn has_immortals(&self) -> bool {
        !matches!(self.refcount, Refcount::Plain)
    }
}
