//! The data about this process's ctypes: its types, and the offsets of the fields that the provider reads.
//!
//! The structs of ctypes' objects are private to `_ctypes` and differ between versions, so none of them is declared
//! here. `probe` finds the offsets.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::probe::{Unprobed, probe};
use crate::embed::{Object, Python};

/// Everything that the provider knows about this process's ctypes.
#[derive(Debug)]
pub(super) struct Ctypes {
    pub types: CtypesTypes,
    pub methods: FromParamMethods,
    pub offsets: Offsets,
    /// `'__class__'`, and the attribute of `object` with that name.
    pub class_name: Object,
    pub class_descriptor: Object,
    /// The probed objects: all types above are alive as long as these.
    pub _names: Object,
}

/// Classes of ctypes, borrowed from the module, which is never unloaded.
#[derive(Debug)]
pub(super) struct CtypesTypes {
    pub data: *mut ffi::PyTypeObject,
    pub simple: *mut ffi::PyTypeObject,
    pub pointer: *mut ffi::PyTypeObject,
    pub array: *mut ffi::PyTypeObject,
    pub function: *mut ffi::PyTypeObject,
    pub simple_meta: *mut ffi::PyTypeObject,
    pub pointer_meta: *mut ffi::PyTypeObject,
    pub array_meta: *mut ffi::PyTypeObject,
    pub function_meta: *mut ffi::PyTypeObject,
    pub structure_meta: *mut ffi::PyTypeObject,
    pub union_meta: *mut ffi::PyTypeObject,
    /// The type of the results of `byref`.
    pub parameter: *mut ffi::PyTypeObject,
    /// The type of `tp_dict` of a class of ctypes in 3.11 and 3.12.
    pub storage: *mut ffi::PyTypeObject,
}

impl CtypesTypes {
    /// Whether a metaclass is one of ctypes' own.
    pub fn is_meta(&self, meta: *mut ffi::PyTypeObject) -> bool {
        let own = [
            self.simple_meta,
            self.pointer_meta,
            self.array_meta,
            self.function_meta,
            self.structure_meta,
            self.union_meta,
        ];
        !meta.is_null() && own.contains(&meta)
    }
}

/// The C functions of the `from_param` methods of ctypes.
#[derive(Debug)]
pub(super) struct FromParamMethods {
    pub simple: usize,
    pub pointer: usize,
    /// Arrays, function pointers, structures, unions.
    pub data: [usize; 2],
    pub text: usize,
    pub wide: usize,
    pub void: usize,
}

/// Offsets in bytes.
#[derive(Debug)]
pub(super) struct Offsets {
    /// In any instance: the pointer to its C value.
    pub b_ptr: usize,
    /// In a function.
    pub function: FunctionOffsets,
    /// In a result of `byref`.
    pub parameter: ParameterOffsets,
    /// In the data that ctypes has about a class.
    pub info: InfoOffsets,
}

#[derive(Debug)]
pub(super) struct FunctionOffsets {
    pub converters: usize,
    pub restype: usize,
    pub checker: usize,
    pub errcheck: usize,
    pub callable: usize,
    pub paramflags: usize,
}

#[derive(Debug)]
pub(super) struct ParameterOffsets {
    pub tag: Tag,
    pub value: usize,
    pub object: usize,
}

#[derive(Debug)]
pub(super) struct InfoOffsets {
    pub proto: usize,
    /// The format of its instances' buffers.
    pub format: usize,
    pub flags: usize,
    pub converters: usize,
    pub restype: usize,
    pub checker: usize,
}

/// The place of the code of a value. Before 3.15 it is the character itself, from then on a pointer to text.
#[derive(Debug)]
pub(super) enum Tag {
    Character(usize),
    Text(usize),
}

impl ParameterOffsets {
    /// Whether the value is a pointer.
    ///
    /// # Safety
    /// It is a result of `byref`, or another object of that type.
    pub unsafe fn is_pointer(&self, parameter: *const u8) -> bool {
        // SAFETY: as the caller promises; the text lives in ctypes itself and has a NUL at its end.
        unsafe {
            match self.tag {
                Tag::Character(offset) => parameter.add(offset).read() == b'P',
                Tag::Text(offset) => {
                    let text = word(parameter, offset) as *const u8;
                    !text.is_null() && text.read() == b'P' && text.add(1).read() == 0
                }
            }
        }
    }
}

// SAFETY: the types are alive as long as the process, and looked into only with the GIL held.
unsafe impl Send for Ctypes {}
// SAFETY: as above.
unsafe impl Sync for Ctypes {}

/// Flags of a function's class (`Modules/_ctypes/ctypes.h`).
pub(super) mod flags {
    /// `FUNCFLAG_PYTHONAPI`: the GIL is kept, and a pending exception is checked for.
    pub const PYTHON_API: u32 = 0x4;
    /// `FUNCFLAG_USE_ERRNO`.
    pub const USE_ERRNO: u32 = 0x8;
    /// `FUNCFLAG_USE_LASTERROR`.
    pub const USE_LAST_ERROR: u32 = 0x10;
    /// The flags that ctypes itself sets in a class: `TYPEFLAG_…` and `DICTFLAG_FINAL`.
    pub const OWN: u32 = 0x1f00;
}

static FOUND: OnceLock<Result<Ctypes, String>> = OnceLock::new();

impl Ctypes {
    /// The data about ctypes, which is probed at the first call.
    ///
    /// # Errors
    /// The reason why ctypes is not as expected.
    pub fn get(python: &Python) -> Result<&'static Self, Unprobed> {
        // Probing runs Python code, which may let another thread come here, so no lock is held meanwhile.
        if let Some(found) = FOUND.get() {
            return found.as_ref().map_err(|reason| reason.clone().into());
        }
        let found = match probe(python) {
            Ok(found) => Ok(found),
            Err(Unprobed::Layout(reason)) => Err(reason),
            // An interrupt, or no memory left: the next call tries again.
            Err(raised) => return Err(raised),
        };
        FOUND.get_or_init(|| found).as_ref().map_err(|reason| reason.clone().into())
    }

    /// The same, if it is known already.
    pub fn known() -> Option<Result<&'static Self, &'static str>> {
        Some(FOUND.get()?.as_ref().map_err(String::as_str))
    }

    /// The data that ctypes has about a class, at the offsets of `info`; null if it has none.
    ///
    /// # Safety
    /// The class is alive and the thread attached.
    pub unsafe fn info(&self, class: *mut ffi::PyTypeObject) -> *const u8 {
        // SAFETY: as the caller promises.
        unsafe { info(class, self.types.storage) }
    }

    /// The `proto` of a class: the item type of a pointer or an array, or the code of a simple type; null if there is
    /// none.
    ///
    /// # Safety
    /// The class is alive and the thread attached; its metaclass is one of ctypes'.
    pub unsafe fn proto(&self, class: *mut ffi::PyTypeObject) -> *mut ffi::PyObject {
        // SAFETY: as the caller promises; the offset was probed.
        unsafe {
            let info = self.info(class);
            if info.is_null() {
                std::ptr::null_mut()
            } else {
                word(info, self.offsets.info.proto) as *mut ffi::PyObject
            }
        }
    }

    /// The code of a simple type: `i` for `c_int`.
    ///
    /// # Safety
    /// The class is alive and the thread attached.
    pub unsafe fn code(&self, class: *mut ffi::PyTypeObject) -> Option<u8> {
        // SAFETY: as the caller promises; a simple type's `proto` is a `str`, which its check confirms.
        unsafe {
            if ffi::Py_TYPE(class.cast()) != self.types.simple_meta {
                return None;
            }
            let proto = self.proto(class);
            if proto.is_null() || ffi::PyUnicode_Check(proto) == 0 || ffi::PyUnicode_GetLength(proto) != 1 {
                return None;
            }
            u8::try_from(ffi::PyUnicode_ReadChar(proto, 0)).ok()
        }
    }

    /// Whether a simple type has the byte order of this machine, which the first character of its format tells: `<` or
    /// `>`.
    ///
    /// # Safety
    /// The class is alive and the thread attached; its metaclass is that of simple types.
    pub unsafe fn is_native(&self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: as the caller promises; the offset was probed, and the text is the class's own, with a NUL at its
        // end.
        unsafe {
            let info = self.info(class);
            let format = if info.is_null() { 0 } else { word(info, self.offsets.info.format) };
            format != 0 && (format as *const u8).read() == b'<'
        }
    }

    /// The address of an instance's C value.
    ///
    /// # Safety
    /// It is an instance of ctypes' base class, and alive.
    pub unsafe fn address(&self, object: *mut ffi::PyObject) -> *mut u8 {
        // SAFETY: as the caller promises; the offset was probed.
        unsafe { word(object.cast(), self.offsets.b_ptr) as *mut u8 }
    }
}

/// A word of an object.
///
/// # Safety
/// The word exists.
pub(super) unsafe fn word(base: *const u8, offset: usize) -> usize {
    // SAFETY: as the caller promises; offsets of words are aligned.
    unsafe { base.add(offset).cast::<usize>().read() }
}

/// # Safety
/// The class is alive and the thread attached.
pub(super) unsafe fn info(class: *mut ffi::PyTypeObject, storage: *mut ffi::PyTypeObject) -> *const u8 {
    // From 3.13 on it is after the class's own fields; before that, in a dict of a type of its own.
    if cfg!(Py_3_13) {
        return class.cast();
    }
    // SAFETY: as the caller promises.
    unsafe {
        let dict = (*class).tp_dict;
        if dict.is_null() || ffi::Py_TYPE(dict) != storage { std::ptr::null() } else { dict.cast() }
    }
}

/// The C function of a built-in method, and the object that it is bound to.
///
/// # Safety
/// The object is alive and the thread attached.
pub(super) unsafe fn bound(object: *mut ffi::PyObject) -> Option<(usize, *mut ffi::PyTypeObject)> {
    // SAFETY: the object is alive; its type is checked before it is looked into, and a method has its definition.
    unsafe {
        if ffi::PyCFunction_Check(object) == 0 {
            return None;
        }
        let method = object.cast::<ffi::PyCFunctionObject>();
        let class = (*method).m_self;
        if class.is_null() || ffi::PyType_Check(class) == 0 {
            return None;
        }
        Some(((*(*method).m_ml).ml_meth.as_ptr() as usize, class.cast()))
    }
}
