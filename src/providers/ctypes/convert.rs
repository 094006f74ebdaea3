//! Converts arguments to pointers, as the `from_param` methods of ctypes and its `ConvParam` do.
//!
//! What ctypes passes for an object mostly depends only on the object's exact type. This is found out once per type,
//! and remembered ([`Cache`]). If more than the type decides, and Python code could be asked (`__class__`,
//! `_as_parameter_`, a metaclass of the user's), the original call is made. `Modules/_ctypes/_ctypes.c` and
//! `callproc.c` are the reference.

use std::ffi::c_ulong;
use std::mem::offset_of;

use pyo3_ffi as ffi;

use crate::cpython::functions::_PyType_Lookup;

use super::cache::Cache;
use super::offsets::{Ctypes, word};
use crate::runtime::stub::foreign::ConvertArgument;

/// How an object is passed, by its exact type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ObjectPassing {
    /// Only the original call can tell.
    Original,
    /// The address of its C value.
    Address,
    /// Its C value, a pointer.
    Content,
    /// Its C value, a pointer, if the type still points at the right item.
    ContentOfItem,
    /// Its C value, a pointer, if the type points at characters of the parameter's kind.
    ContentOfCharacters,
    /// The address of an array, if it is of characters of the parameter's kind.
    AddressOfCharacters,
    /// The number, truncated as in C.
    Integer,
    /// The bytes.
    Bytes,
    /// The object that `byref` was given, if it can be pointed at.
    Reference,
    /// The object itself.
    Object,
}

impl ObjectPassing {
    const ALL: [Self; 10] = [
        Self::Original,
        Self::Address,
        Self::Content,
        Self::ContentOfItem,
        Self::ContentOfCharacters,
        Self::AddressOfCharacters,
        Self::Integer,
        Self::Bytes,
        Self::Reference,
        Self::Object,
    ];

    pub(super) fn of_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Original)
    }
}

/// Which `from_param` method it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum FromParam {
    /// `POINTER(item)`.
    Pointer {
        /// The type of the item; kept alive by the stub.
        item: *mut ffi::PyTypeObject,
        /// The place in the class of pointers that has the item's type, since `set_type` may change it.
        at: *const usize,
    },
    /// An array, or a function pointer.
    Instance,
    /// `c_char_p` and `c_wchar_p`.
    Characters {
        /// The code of its simple type.
        code: u8,
    },
    /// `c_void_p`.
    Void,
    /// `py_object`.
    Object,
}

/// A parameter that is a pointer, or an object.
#[derive(Debug)]
pub(super) struct PointerArgument {
    pub ctypes: &'static Ctypes,
    /// The class of the `from_param`.
    pub class: *mut ffi::PyTypeObject,
    pub rule: FromParam,
    pub cache: Cache,
}

// SAFETY: the classes are alive as long as the stub, and looked into only with the GIL held.
unsafe impl Send for PointerArgument {}
// SAFETY: as above.
unsafe impl Sync for PointerArgument {}

impl ConvertArgument for PointerArgument {
    unsafe fn convert(&self, object: *mut ffi::PyObject) -> Option<u64> {
        // SAFETY: as the caller promises: the thread is attached, the object alive.
        unsafe {
            if object == ffi::Py_None() {
                match self.rule {
                    FromParam::Pointer { .. } | FromParam::Characters { .. } | FromParam::Void => return Some(0),
                    FromParam::Object => return Some(object as u64),
                    FromParam::Instance => return None,
                }
            }
            if let FromParam::Pointer { item, at } = self.rule
                && at.read() != item as usize
            {
                return None;
            }
            let class = ffi::Py_TYPE(object);
            let passing = match self.cache.get(class) {
                Some(passing) => passing,
                None => self.look(class),
            };
            self.pass(object, passing)
        }
    }
}

impl PointerArgument {
    /// # Safety
    /// The thread is attached, the object alive, and this is how it is passed.
    #[inline]
    unsafe fn pass(&self, object: *mut ffi::PyObject, passing: ObjectPassing) -> Option<u64> {
        // SAFETY: as the caller promises; an object that is passed by its value is an instance of ctypes' base class.
        unsafe {
            match passing {
                ObjectPassing::Original => None,
                ObjectPassing::Address => Some(self.ctypes.address(object) as u64),
                ObjectPassing::Content => Some(self.content(object)),
                ObjectPassing::ContentOfItem => {
                    let FromParam::Pointer { item, .. } = self.rule else { return None };
                    (self.ctypes.proto(ffi::Py_TYPE(object)) == item.cast()).then(|| self.content(object))
                }
                ObjectPassing::ContentOfCharacters => {
                    self.points_at_characters(ffi::Py_TYPE(object)).then(|| self.content(object))
                }
                ObjectPassing::AddressOfCharacters => {
                    self.points_at_characters(ffi::Py_TYPE(object)).then(|| self.ctypes.address(object) as u64)
                }
                // This fails for no int, and calls no code of a subclass.
                ObjectPassing::Integer => Some(ffi::PyLong_AsUnsignedLongMask(object)),
                ObjectPassing::Bytes => Some(object as u64 + BYTES as u64),
                ObjectPassing::Reference => self.reference(object),
                ObjectPassing::Object => Some(object as u64),
            }
        }
    }

    /// # Safety
    /// It is an instance of ctypes' base class whose value is a pointer.
    unsafe fn content(&self, object: *mut ffi::PyObject) -> u64 {
        // SAFETY: as the caller promises; ctypes reads it in the same way.
        unsafe { self.ctypes.address(object).cast::<u64>().read_unaligned() }
    }

    /// The address that an object made by `byref` refers to.
    ///
    /// # Safety
    /// The thread is attached, and it is such an object.
    unsafe fn reference(&self, parameter: *mut ffi::PyObject) -> Option<u64> {
        let offsets = &self.ctypes.offsets.parameter;
        // SAFETY: the offsets were probed for objects of this type, which owns its object.
        unsafe {
            let parameter = parameter.cast::<u8>();
            let object = word(parameter, offsets.object) as *mut ffi::PyObject;
            // Other tags are for values that are not pointers.
            if !offsets.is_pointer(parameter) || object.is_null() {
                return None;
            }
            let class = ffi::Py_TYPE(object);
            let fits = match self.rule {
                FromParam::Void => true,
                FromParam::Pointer { item, .. } => is_subtype(class, item),
                FromParam::Characters { code } => self.ctypes.code(class) == Some(code),
                FromParam::Instance => {
                    let item = self.ctypes.proto(self.class).cast::<ffi::PyTypeObject>();
                    // A function pointer has no items; ctypes raises then.
                    ffi::Py_TYPE(self.class.cast()) == self.ctypes.types.array_meta
                        && !item.is_null()
                        && self.is_of_ctypes(item)
                        && is_subtype(class, item)
                }
                FromParam::Object => false,
            };
            fits.then(|| word(parameter, offsets.value) as u64)
        }
    }

    /// Finds out how objects of a type are passed, and remembers it.
    ///
    /// # Safety
    /// The thread is attached and the type alive.
    #[cold]
    unsafe fn look(&self, class: *mut ffi::PyTypeObject) -> ObjectPassing {
        // SAFETY: as the caller promises.
        unsafe {
            // This also gives the type a version, which the cache needs.
            let honest = self.is_honest(class);
            let passing = match self.rule {
                FromParam::Pointer { item, .. } => self.look_for_pointer(class, item, honest),
                FromParam::Instance => self.look_for_instance(class),
                FromParam::Characters { .. } => self.look_for_characters(class, honest),
                FromParam::Void => self.look_for_void(class, honest),
                FromParam::Object if is_subtype(class, self.class) || !honest => ObjectPassing::Original,
                FromParam::Object => ObjectPassing::Object,
            };
            self.cache.set(class, passing);
            passing
        }
    }

    /// `PyCPointerType_from_param`.
    unsafe fn look_for_pointer(
        &self,
        class: *mut ffi::PyTypeObject,
        item: *mut ffi::PyTypeObject,
        honest: bool,
    ) -> ObjectPassing {
        let types = &self.ctypes.types;
        // SAFETY: the types are alive and the thread attached.
        unsafe {
            if is_subtype(class, item) {
                return if is_subtype(class, types.data) { ObjectPassing::Address } else { ObjectPassing::Original };
            }
            if !honest {
                return ObjectPassing::Original;
            }
            if class == types.parameter {
                return ObjectPassing::Reference;
            }
            let is_item = self.is_array_or_pointer(class) && self.ctypes.proto(class) == item.cast();
            match (is_item, self.is_pointer(class)) {
                (true, true) => ObjectPassing::ContentOfItem,
                // The item type of an array never changes.
                (true, false) => ObjectPassing::Address,
                (false, _) => ObjectPassing::Original,
            }
        }
    }

    /// `CDataType_from_param`, for arrays and functions.
    unsafe fn look_for_instance(&self, class: *mut ffi::PyTypeObject) -> ObjectPassing {
        let types = &self.ctypes.types;
        // SAFETY: the types are alive and the thread attached.
        unsafe {
            if class == types.parameter {
                return ObjectPassing::Reference;
            }
            if !is_subtype(class, self.class) {
                return ObjectPassing::Original;
            }
            if self.is_function(class) {
                return ObjectPassing::Content;
            }
            if self.is_array_or_pointer(class) && !self.is_pointer(class) {
                ObjectPassing::Address
            } else {
                ObjectPassing::Original
            }
        }
    }

    /// `c_char_p_from_param`, `c_wchar_p_from_param`.
    unsafe fn look_for_characters(&self, class: *mut ffi::PyTypeObject, honest: bool) -> ObjectPassing {
        let FromParam::Characters { code } = self.rule else { return ObjectPassing::Original };
        // SAFETY: the types are alive and the thread attached.
        unsafe {
            let text = if code == b'c' { ffi::Py_TPFLAGS_BYTES_SUBCLASS } else { ffi::Py_TPFLAGS_UNICODE_SUBCLASS };
            if let Some(passing) = self.look_for_text(class, text, honest) {
                return passing;
            }
            match (self.is_array_or_pointer(class), self.is_pointer(class)) {
                (true, true) => ObjectPassing::ContentOfCharacters,
                (true, false) => ObjectPassing::AddressOfCharacters,
                (false, _) => ObjectPassing::Original,
            }
        }
    }

    /// `c_void_p_from_param`.
    unsafe fn look_for_void(&self, class: *mut ffi::PyTypeObject, honest: bool) -> ObjectPassing {
        // SAFETY: the types are alive and the thread attached.
        unsafe {
            if ffi::PyType_FastSubclass(class, ffi::Py_TPFLAGS_LONG_SUBCLASS) != 0 {
                return ObjectPassing::Integer;
            }
            let text = ffi::Py_TPFLAGS_BYTES_SUBCLASS | ffi::Py_TPFLAGS_UNICODE_SUBCLASS;
            if let Some(passing) = self.look_for_text(class, text, honest) {
                return passing;
            }
            if self.is_array_or_pointer(class) {
                return if self.is_pointer(class) { ObjectPassing::Content } else { ObjectPassing::Address };
            }
            if self.is_function(class) {
                return ObjectPassing::Content;
            }
            // c_char_p and c_wchar_p; other simple types are refused.
            let is_text =
                is_subtype(class, self.ctypes.types.simple) && matches!(self.ctypes.code(class), Some(b'z' | b'Z'));
            if is_text { ObjectPassing::Content } else { ObjectPassing::Original }
        }
    }

    /// The first part of `from_param` of `c_char_p`, `c_wchar_p` and `c_void_p`: text of these kinds, instances of the
    /// class itself, and results of `byref`.
    unsafe fn look_for_text(
        &self,
        class: *mut ffi::PyTypeObject,
        text: c_ulong,
        honest: bool,
    ) -> Option<ObjectPassing> {
        // SAFETY: the types are alive and the thread attached.
        unsafe {
            if ffi::PyType_FastSubclass(class, text & ffi::Py_TPFLAGS_BYTES_SUBCLASS) != 0 {
                return Some(ObjectPassing::Bytes);
            }
            // A str is copied into memory that must be freed after the call.
            if ffi::PyType_FastSubclass(class, text & ffi::Py_TPFLAGS_UNICODE_SUBCLASS) != 0 {
                return Some(ObjectPassing::Original);
            }
            if is_subtype(class, self.class) {
                let is_pointer = self.is_pointer_value(class);
                return Some(if is_pointer { ObjectPassing::Content } else { ObjectPassing::Original });
            }
            if !honest {
                return Some(ObjectPassing::Original);
            }
            (class == self.ctypes.types.parameter).then_some(ObjectPassing::Reference)
        }
    }

    /// Whether `__class__` of instances is their type, without asking Python code: `isinstance` looks at both.
    unsafe fn is_honest(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: the type is alive and the thread attached. The function returns a borrowed reference or null, raises
        // nothing, and looks into dicts whose keys are strings.
        unsafe {
            let found = _PyType_Lookup(class, self.ctypes.class_name.as_ptr());
            let generic: ffi::getattrofunc = ffi::PyObject_GenericGetAttr;
            // Both use a data descriptor of the type before they look at the instance or the class.
            let known = [Some(generic), ffi::PyType_Type.tp_getattro].map(|get| get.map(|get| get as usize));
            let plain = known.contains(&(*class).tp_getattro.map(|get| get as usize));
            plain && found == self.ctypes.class_descriptor.as_ptr()
        }
    }

    /// Whether instances are arrays or pointers of ctypes, and are passed as these.
    unsafe fn is_array_or_pointer(&self, class: *mut ffi::PyTypeObject) -> bool {
        let types = &self.ctypes.types;
        // SAFETY: the type is alive and the thread attached.
        unsafe {
            let meta = ffi::Py_TYPE(class.cast());
            let is_array = meta == types.array_meta && is_subtype(class, types.array);
            is_array || self.is_pointer(class)
        }
    }

    unsafe fn is_pointer(&self, class: *mut ffi::PyTypeObject) -> bool {
        let types = &self.ctypes.types;
        // SAFETY: the type is alive and the thread attached.
        unsafe { ffi::Py_TYPE(class.cast()) == types.pointer_meta && is_subtype(class, types.pointer) }
    }

    unsafe fn is_function(&self, class: *mut ffi::PyTypeObject) -> bool {
        let types = &self.ctypes.types;
        // SAFETY: the type is alive and the thread attached.
        unsafe { ffi::Py_TYPE(class.cast()) == types.function_meta && is_subtype(class, types.function) }
    }

    /// Whether instances of a simple type are pointers.
    unsafe fn is_pointer_value(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: the type is alive and the thread attached.
        unsafe {
            is_subtype(class, self.ctypes.types.simple) && matches!(self.ctypes.code(class), Some(b'z' | b'Z' | b'P'))
        }
    }

    /// Whether a class's metaclass is one of ctypes' own, which ask no Python code.
    unsafe fn is_of_ctypes(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: the type is alive and the thread attached.
        unsafe { self.ctypes.types.is_meta(ffi::Py_TYPE(class.cast())) }
    }

    /// Whether an array or a pointer has characters of the parameter's kind.
    unsafe fn points_at_characters(&self, class: *mut ffi::PyTypeObject) -> bool {
        let FromParam::Characters { code } = self.rule else { return false };
        // SAFETY: the type is alive and of ctypes, as is what it points at; the thread is attached.
        unsafe {
            let item = self.ctypes.proto(class);
            !item.is_null() && ffi::PyType_Check(item) != 0 && self.ctypes.code(item.cast()) == Some(code)
        }
    }
}

/// A parameter that is a `char` or a `wchar_t`.
#[derive(Clone, Copy, Debug)]
pub(super) enum CharacterArgument {
    /// `c_char`.
    Char,
    /// `c_wchar`.
    Wchar,
}

impl ConvertArgument for CharacterArgument {
    unsafe fn convert(&self, object: *mut ffi::PyObject) -> Option<u64> {
        // SAFETY: the thread is attached, the object alive, and its type checked.
        unsafe {
            match self {
                Self::Char if ffi::PyBytes_CheckExact(object) != 0 => {
                    (ffi::PyBytes_Size(object) == 1).then(|| u64::from(object.cast::<u8>().add(BYTES).read()))
                }
                Self::Char if ffi::PyLong_CheckExact(object) != 0 => {
                    let mut overflow = 0;
                    let number = ffi::PyLong_AsLongAndOverflow(object, &mut overflow);
                    u8::try_from(number).ok().filter(|_| overflow == 0).map(u64::from)
                }
                Self::Char => None,
                Self::Wchar if ffi::PyUnicode_CheckExact(object) != 0 && ffi::PyUnicode_GetLength(object) == 1 => {
                    Some(u64::from(ffi::PyUnicode_ReadChar(object, 0)))
                }
                Self::Wchar => None,
            }
        }
    }
}

/// The offset of the bytes in a `bytes` object.
const BYTES: usize = offset_of!(ffi::PyBytesObject, ob_sval);

/// # Safety
/// Both types are alive and the thread attached.
pub(super) unsafe fn is_subtype(class: *mut ffi::PyTypeObject, base: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: as the caller promises.
    class == base || unsafe { ffi::PyType_IsSubtype(class, base) } != 0
}
