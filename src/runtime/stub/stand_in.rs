//! Types of cells that stand in for something other than a module: an instance, or a class.
//!
//! CPython takes a function's repr from the `tp_name` of the type of its `m_self`, and its `__qualname__` from that
//! type's own; if `m_self` is a class, from the class's (Objects/methodobject.c: `meth_repr`, `meth_get__qualname__`).
//! So there is a type for each pair of these names, which are those of the original's `m_self` when the type is made.
//! Its instances are not modules, but their fields have the same offsets as those of other cells.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3_ffi as ffi;

use super::cell::{clear, dealloc, new_cell_type, receiver_of, traverse};
use super::reduction;
use crate::embed::{Exception, Object, Python};

/// The type of such cells; each of them keeps it.
#[derive(Debug)]
pub struct StandIn {
    class: Object,
}

/// The `tp_name` of the type of an `m_self`, and the `__qualname__` from which functions take theirs.
type Names = (Vec<u8>, String);

/// The existing types.
static KNOWN: Mutex<BTreeMap<Names, Weak<StandIn>>> = Mutex::new(BTreeMap::new());

/// Their addresses.
static TYPES: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// Whether cells are instances of this type.
pub fn is_stand_in(class: *mut ffi::PyTypeObject) -> bool {
    TYPES.lock().unwrap_or_else(PoisonError::into_inner).contains(&(class as usize))
}

impl StandIn {
    /// The type of cells that stand in for `m_self`; `None` for null and for modules.
    ///
    /// # Errors
    /// If the `__qualname__` can't be read or is not text, or memory runs out.
    ///
    /// # Safety
    /// `m_self` is a live object or null.
    pub unsafe fn of(python: &Python, m_self: *mut ffi::PyObject) -> Result<Option<Arc<Self>>, Exception> {
        // SAFETY: the caller promises the object, whose type lives as long as it; the thread is attached.
        let (tp_name, names) = unsafe {
            if m_self.is_null() || ffi::PyModule_Check(m_self) != 0 {
                return Ok(None);
            }
            let tp_name = CStr::from_ptr((*ffi::Py_TYPE(m_self)).tp_name).to_bytes().to_vec();
            let of_class = ffi::PyType_Check(m_self) != 0;
            let named = if of_class { m_self } else { ffi::Py_TYPE(m_self).cast() };
            let qualname = python.owned(ffi::PyObject_GetAttrString(named, c"__qualname__".as_ptr()))?;
            (String::from_utf8_lossy(&tp_name).into_owned(), (tp_name, qualname.text(python)?))
        };
        if let Some(known) = lock().get(&names).and_then(Weak::upgrade) {
            return Ok(Some(known));
        }
        let made = Arc::new(Self { class: new_type(python, &tp_name, &names.1)? });
        TYPES.lock().unwrap_or_else(PoisonError::into_inner).insert(made.address() as usize);
        // Making it may have run Python code, which may have made another one; that one stays in use, but is not found
        // any more.
        let mut known = lock();
        // Types whose cells are all gone leave their entries until now.
        known.retain(|_, stand_in| stand_in.strong_count() > 0);
        known.insert(names, Arc::downgrade(&made));
        Ok(Some(made))
    }

    /// The type.
    pub fn address(&self) -> *mut ffi::PyTypeObject {
        self.class.as_ptr().cast()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // No cell is left, and the type's address may be another's from now on.
        TYPES.lock().unwrap_or_else(PoisonError::into_inner).remove(&(self.address() as usize));
    }
}

fn lock() -> MutexGuard<'static, BTreeMap<Names, Weak<StandIn>>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A type of cells with these names.
fn new_type(python: &Python, tp_name: &str, qualname: &str) -> Result<Object, Exception> {
    // CPython would warn about a name without a dot; it is replaced below.
    let class = new_cell_type(python, c"typedcall.stand_in", &mut slots(), &raw mut ffi::PyBaseObject_Type)?;
    // The setter of `__name__` sets `tp_name` (Objects/typeobject.c, `type_set_name`), with or without dots.
    class.set_attr(python, "__name__", &python.text(tp_name)?)?;
    class.set_attr(python, "__qualname__", &python.text(qualname)?)?;
    Ok(class)
}

/// The slots of a type of cells: attributes, texts and comparisons are those of the object that the original is bound
/// to.
pub fn slots() -> [ffi::PyType_Slot; 11] {
    [
        reduction::methods(),
        (ffi::Py_tp_dealloc, dealloc as *mut c_void),
        (ffi::Py_tp_traverse, traverse as *mut c_void),
        (ffi::Py_tp_clear, clear as *mut c_void),
        (ffi::Py_tp_getattro, get_attribute as *mut c_void),
        (ffi::Py_tp_setattro, set_attribute as *mut c_void),
        (ffi::Py_tp_repr, represent as *mut c_void),
        (ffi::Py_tp_str, text as *mut c_void),
        (ffi::Py_tp_hash, hash as *mut c_void),
        (ffi::Py_tp_richcompare, compare as *mut c_void),
        (0, null_mut()),
    ]
    .map(|(slot, pfunc)| ffi::PyType_Slot { slot, pfunc })
}

/// The cell itself decides how it is pickled (`reduction`). If it stands in for a module, it also gives its own class:
/// picklers that pickle the class of `__self__` find the cells' class by its name, but not that of modules.
///
/// # Safety
/// Called by CPython with a live cell and a name.
unsafe extern "C" fn get_attribute(cell: *mut ffi::PyObject, name: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the cell and what it stands for are alive.
    unsafe {
        match receiver_of(cell) {
            Some(receiver)
                if !is_one_of(name, &[c"__reduce__", c"__reduce_ex__"])
                    && (ffi::PyModule_Check(receiver.as_ptr()) == 0 || !is_one_of(name, &[c"__class__"])) =>
            {
                ffi::PyObject_GetAttr(receiver.as_ptr(), name)
            }
            _ => ffi::PyObject_GenericGetAttr(cell, name),
        }
    }
}

/// # Safety
/// The name is a live object.
unsafe fn is_one_of(name: *mut ffi::PyObject, own: &[&CStr]) -> bool {
    // SAFETY: the caller promises the object; only a `str` is compared.
    unsafe {
        ffi::PyUnicode_Check(name) != 0
            && own.iter().any(|own| ffi::PyUnicode_CompareWithASCIIString(name, own.as_ptr()) == 0)
    }
}

/// # Safety
/// Called by CPython with a live cell.
unsafe extern "C" fn hash(cell: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: the cell and what it stands for are alive.
    unsafe {
        match receiver_of(cell) {
            Some(receiver) => ffi::PyObject_Hash(receiver.as_ptr()),
            // As for other objects, without the bits that are the same in all addresses.
            None => (cell as ffi::Py_hash_t) >> 4,
        }
    }
}

/// Whether an object is a cell: the types of cells have no subclasses, and no other object is freed as cells are.
///
/// # Safety
/// The object is alive.
unsafe fn is_cell(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises the object, which keeps its type.
    let frees = unsafe { (*ffi::Py_TYPE(object)).tp_dealloc };
    frees.is_some_and(|frees| frees as usize == dealloc as *const () as usize)
}

/// # Safety
/// Called by CPython with a live cell and a live object.
unsafe extern "C" fn compare(cell: *mut ffi::PyObject, other: *mut ffi::PyObject, how: c_int) -> *mut ffi::PyObject {
    // SAFETY: the cell and what it stands for are alive.
    unsafe {
        // The other one may be a cell too.
        let other_receiver = if is_cell(other) { receiver_of(other) } else { None };
        let other = other_receiver.map_or(other, NonNull::as_ptr);
        match receiver_of(cell) {
            Some(receiver) => ffi::PyObject_RichCompare(receiver.as_ptr(), other, how),
            None => ffi::Py_NewRef(ffi::Py_NotImplemented()),
        }
    }
}

/// # Safety
/// Called by CPython with a live cell.
unsafe extern "C" fn text(cell: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the cell and what it stands for are alive.
    unsafe {
        match receiver_of(cell) {
            Some(receiver) => ffi::PyObject_Str(receiver.as_ptr()),
            None => ffi::PyObject_Repr(cell),
        }
    }
}

/// # Safety
/// Called by CPython with a live cell.
unsafe extern "C" fn set_attribute(
    cell: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the cell and what it is bound to are alive.
    unsafe {
        match receiver_of(cell) {
            Some(receiver) => ffi::PyObject_SetAttr(receiver.as_ptr(), name, value),
            None => ffi::PyObject_GenericSetAttr(cell, name, value),
        }
    }
}

/// # Safety
/// Called by CPython with a live cell.
unsafe extern "C" fn represent(cell: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the cell and what it is bound to are alive.
    unsafe {
        match receiver_of(cell) {
            Some(receiver) => ffi::PyObject_Repr(receiver.as_ptr()),
            None => ffi::PyUnicode_FromString(c"<typedcall cell>".as_ptr()),
        }
    }
}
