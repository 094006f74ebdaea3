//! The dispatcher: the object that stands for a specialized function on 3.11, whose interpreter ignores a function's
//! vectorcall.
//!
//! It is called, bound and pickled as the function is, and all attributes but `__wrapped__`, the function, are the
//! function's own.

use std::ffi::{CStr, c_int, c_void};
use std::mem::offset_of;
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::enter::enter;
use super::parameters::VectorcallArguments;
use super::record::FunctionRecord;
use super::table;
use crate::cpython::functions as api;
use crate::cpython::python_function::VectorcallFunction;
use crate::embed::{Exception, Object, Python};

type PyObject = *mut ffi::PyObject;

/// A dispatcher.
#[repr(C)]
struct Dispatcher {
    head: ffi::PyObject,
    vectorcall: VectorcallFunction,
    weak_references: PyObject,
    /// The function, owned.
    function: PyObject,
    /// `__wrapped__`, owned: the function, unless something else was assigned.
    wrapped: PyObject,
    /// The function's record, which dies with this.
    record: *mut FunctionRecord,
}

/// Its names in the type that are not its own, but the function's.
const NAMES_OF_FUNCTION: [&CStr; 2] = [c"__doc__", c"__module__"];
/// The attribute that leads to the function.
const WRAPPED: &CStr = c"__wrapped__";
/// The attribute that no object lets another one answer for.
const CLASS: &CStr = c"__class__";

/// A new dispatcher for a function, without a record yet.
///
/// # Errors
/// If memory runs out.
pub fn new(python: &Python, function: &Object) -> Result<Object, Exception> {
    let class = dispatcher_type(python)?;
    // SAFETY: the thread is attached, and the type ours; its instances are zeroed, and filled before others see them.
    unsafe {
        let object = python.owned(ffi::PyType_GenericAlloc(class, 0))?;
        let fields = object.as_ptr().cast::<Dispatcher>();
        (&raw mut (*fields).vectorcall).write(call);
        (*fields).function = function.clone_ref(python).into_ptr();
        (*fields).wrapped = function.clone_ref(python).into_ptr();
        Ok(object)
    }
}

/// Gives a new dispatcher its record, before it is called.
pub fn set_record(dispatcher: &Object, record: NonNull<FunctionRecord>) {
    // SAFETY: a dispatcher that was just made.
    unsafe { (*dispatcher.as_ptr().cast::<Dispatcher>()).record = record.as_ptr() }
}

/// The function that a dispatcher stands for; `None` for other objects.
pub fn wrapped(python: &Python, object: &Object) -> Option<Object> {
    let class = TYPE.get()?.0;
    // SAFETY: the object is alive; only a dispatcher, which owns its function, has this type.
    unsafe {
        if ffi::Py_TYPE(object.as_ptr()) != class {
            return None;
        }
        NonNull::new((*object.as_ptr().cast::<Dispatcher>()).function)
            .map(|function| Object::from_borrowed(python, function))
    }
}

/// # Safety
/// Called by CPython with a dispatcher.
unsafe extern "C-unwind" fn call(
    dispatcher: PyObject,
    objects: *const PyObject,
    count_and_flag: usize,
    names: PyObject,
) -> PyObject {
    // SAFETY: a dispatcher that can be called has its record.
    unsafe {
        let record = NonNull::new_unchecked((*dispatcher.cast::<Dispatcher>()).record);
        enter(record, &VectorcallArguments { objects, count_and_flag, names })
    }
}

/// # Safety
/// Called by CPython, for an attribute of a dispatcher.
unsafe extern "C" fn bind(dispatcher: PyObject, object: PyObject, _: PyObject) -> PyObject {
    // SAFETY: the thread is attached, and the objects are alive or null.
    unsafe {
        if object.is_null() || object == ffi::Py_None() {
            return ffi::Py_NewRef(dispatcher);
        }
        api::PyMethod_New(dispatcher, object)
    }
}

/// # Safety
/// `name` is a `str`.
unsafe fn is(name: PyObject, text: &CStr) -> bool {
    // SAFETY: as the caller promises.
    unsafe { ffi::PyUnicode_Check(name) != 0 && ffi::PyUnicode_CompareWithASCIIString(name, text.as_ptr()) == 0 }
}

/// # Safety
/// Called by CPython with a dispatcher and the name of an attribute.
unsafe extern "C" fn get_attribute(dispatcher: PyObject, name: PyObject) -> PyObject {
    // SAFETY: the thread is attached, and the objects are alive.
    unsafe {
        let fields = dispatcher.cast::<Dispatcher>();
        if is(name, WRAPPED) {
            return ffi::Py_NewRef((*fields).wrapped);
        }
        let is_own = !api::_PyType_Lookup(ffi::Py_TYPE(dispatcher), name).is_null();
        match is_own && !NAMES_OF_FUNCTION.iter().any(|other| is(name, other)) {
            true => ffi::PyObject_GenericGetAttr(dispatcher, name),
            false => api::PyObject_GetAttr((*fields).function, name),
        }
    }
}

/// # Safety
/// Called by CPython with a dispatcher, the name of an attribute, and its value, or null to delete it.
unsafe extern "C" fn set_attribute(dispatcher: PyObject, name: PyObject, value: PyObject) -> c_int {
    // SAFETY: the thread is attached, and the objects are alive.
    unsafe {
        let fields = dispatcher.cast::<Dispatcher>();
        if is(name, WRAPPED) {
            let wrapped = if value.is_null() { (*fields).function } else { value };
            let before = std::mem::replace(&mut (*fields).wrapped, ffi::Py_NewRef(wrapped));
            release(before);
            return 0;
        }
        match is(name, CLASS) {
            true => ffi::PyObject_GenericSetAttr(dispatcher, name, value),
            false => api::PyObject_SetAttr((*fields).function, name, value),
        }
    }
}

/// # Safety
/// Called by CPython with a dispatcher.
unsafe extern "C" fn repr(dispatcher: PyObject) -> PyObject {
    // SAFETY: the dispatcher owns its function; the format takes its repr.
    unsafe { ffi::PyUnicode_FromFormat(c"<specialized %R>".as_ptr(), (*dispatcher.cast::<Dispatcher>()).function) }
}

/// A function is pickled by its name. So is what is found under that name in its place.
///
/// # Safety
/// Called by CPython with a dispatcher.
unsafe extern "C" fn reduce(dispatcher: PyObject, _: PyObject) -> PyObject {
    // SAFETY: the dispatcher owns its function.
    unsafe { ffi::PyObject_GetAttrString((*dispatcher.cast::<Dispatcher>()).function, c"__qualname__".as_ptr()) }
}

/// Gives up a reference; null is none.
///
/// # Safety
/// The thread is attached, and the reference is owned.
unsafe fn release(object: PyObject) {
    // SAFETY: as the caller promises.
    let python = unsafe { Python::assume_attached() };
    drop(NonNull::new(object).map(|object| Object::from_owned(&python, object)));
}

/// # Safety
/// Called by CPython with a dispatcher whose last reference is gone.
unsafe extern "C" fn dealloc(dispatcher: PyObject) {
    // SAFETY: each reference is given up once, the function's after its record.
    unsafe {
        let python = Python::assume_attached();
        let fields = dispatcher.cast::<Dispatcher>();
        ffi::PyObject_GC_UnTrack(dispatcher.cast());
        if !(*fields).weak_references.is_null() {
            ffi::PyObject_ClearWeakRefs(dispatcher);
        }
        let record = std::mem::replace(&mut (*fields).record, null_mut());
        let (function, wrapped) = ((*fields).function, (*fields).wrapped);
        if !record.is_null() {
            table::remove(&python, function as usize);
        }
        let class = ffi::Py_TYPE(dispatcher);
        ffi::PyObject_GC_Del(dispatcher.cast());
        release(class.cast());
        release(wrapped);
        release(function);
    }
}

/// # Safety
/// Called by the garbage collector with a live dispatcher.
unsafe extern "C" fn traverse(dispatcher: PyObject, visit: ffi::visitproc, argument: *mut c_void) -> c_int {
    // SAFETY: the dispatcher is alive; the collector only looks at what it is shown.
    unsafe {
        let fields = dispatcher.cast::<Dispatcher>();
        for object in [ffi::Py_TYPE(dispatcher).cast(), (*fields).function, (*fields).wrapped] {
            if !object.is_null() {
                let status = visit(object, argument);
                if status != 0 {
                    return status;
                }
            }
        }
        let mut status = 0;
        let ready = (*fields).record.as_ref().and_then(FunctionRecord::ready);
        if let Some(ready) = ready {
            ready.compiled.for_each_owned(|object| {
                if status == 0 {
                    status = visit(object.as_ptr(), argument);
                }
            });
        }
        status
    }
}

/// A dispatcher keeps its function until it dies, since a `__del__` in the same garbage may call it. Cycles break
/// elsewhere, at the namespace or the cell that contains it.
unsafe extern "C" fn clear(_: PyObject) -> c_int {
    0
}

struct DispatcherType(*mut ffi::PyTypeObject);

// SAFETY: a type may be used from every thread that is attached.
unsafe impl Send for DispatcherType {}
// SAFETY: as above.
unsafe impl Sync for DispatcherType {}

static TYPE: OnceLock<DispatcherType> = OnceLock::new();

/// Tables that a type refers to for as long as it lives.
struct Tables {
    members: [ffi::PyMemberDef; 3],
    methods: [ffi::PyMethodDef; 2],
}

// SAFETY: only CPython reads them.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables {
    members: [
        offset_member(c"__vectorcalloffset__", offset_of!(Dispatcher, vectorcall)),
        offset_member(c"__weaklistoffset__", offset_of!(Dispatcher, weak_references)),
        offset_member_end(),
    ],
    methods: [
        ffi::PyMethodDef {
            ml_name: c"__reduce__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: reduce },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef::zeroed(),
    ],
};

const fn offset_member(name: &'static CStr, offset: usize) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: offset as ffi::Py_ssize_t,
        flags: ffi::Py_READONLY,
        doc: std::ptr::null(),
    }
}

const fn offset_member_end() -> ffi::PyMemberDef {
    ffi::PyMemberDef { name: std::ptr::null(), type_code: 0, offset: 0, flags: 0, doc: std::ptr::null() }
}

/// The type of dispatchers, made with the first one.
fn dispatcher_type(python: &Python) -> Result<*mut ffi::PyTypeObject, Exception> {
    if let Some(class) = TYPE.get() {
        return Ok(class.0);
    }
    let slot = |slot: c_int, value: *mut c_void| ffi::PyType_Slot { slot, pfunc: value };
    let mut slots = [
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_call, ffi::PyVectorcall_Call as *mut c_void),
        slot(ffi::Py_tp_descr_get, bind as *mut c_void),
        slot(ffi::Py_tp_getattro, get_attribute as *mut c_void),
        slot(ffi::Py_tp_setattro, set_attribute as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_members, (&raw const TABLES.members).cast_mut().cast()),
        slot(ffi::Py_tp_methods, (&raw const TABLES.methods).cast_mut().cast()),
        slot(0, null_mut()),
    ];
    let flags = ffi::Py_TPFLAGS_DEFAULT
        | ffi::Py_TPFLAGS_HAVE_GC
        | ffi::Py_TPFLAGS_HAVE_VECTORCALL
        | ffi::Py_TPFLAGS_METHOD_DESCRIPTOR
        | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION
        | ffi::Py_TPFLAGS_IMMUTABLETYPE;
    let mut spec = ffi::PyType_Spec {
        name: c"typedcall.specialized_function".as_ptr(),
        basicsize: size_of::<Dispatcher>() as c_int,
        itemsize: 0,
        flags: flags as std::ffi::c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the thread is attached; spec and slots live through the call, and the tables for ever.
    let class = unsafe { python.owned(ffi::PyType_FromSpec(&mut spec)) }?;
    // Another thread may have been here meanwhile; the first type is kept, the other one dies.
    Ok(TYPE.get_or_init(|| DispatcherType(class.into_ptr().cast())).0)
}
