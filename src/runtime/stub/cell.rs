//! Cells: the data that differs between the stubs of a shape, in a Python object that owns it.
//!
//! A cell is an instance of a private subclass of `ModuleType`, so a function whose `m_self` it is looks like a
//! function of a module. Cells of functions that are bound to something else are instances of other types (`stand_in`).
//! Attribute access and repr go to the object that the original is bound to. A cell owns the original callable, the
//! shape whose code it lets run, its thunk if it has one, and the `PyMethodDef` of a function made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::ffi::{c_char, c_int, c_void};
use std::mem::offset_of;
use std::num::NonZeroUsize;
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use pyo3_ffi as ffi;

use super::attachment::{attach_if_new, attached};
use super::counters;
use super::foreign::{Foreign, Watched};
use super::guards::Guards;
use super::matching::Parameters;
use super::parser::ArgumentReader;
use super::shape::{Shape, retire};
use super::stand_in::{StandIn, is_stand_in, slots};
use crate::cpython::Layout;
use crate::embed::{Exception, Object, Python};
use crate::lower::CellField;
use crate::metadata::{Definition, Receiver, Signature, definition};
use crate::runtime::code::thunk::Thunk;

/// The fields after the module's own. Compiled code reads the first eleven, at `CellField`'s offsets.
#[repr(C)]
struct Fields {
    target: usize,
    method: usize,
    receiver: *mut ffi::PyObject,
    callable: *mut ffi::PyObject,
    class: *mut ffi::PyTypeObject,
    targets: *const NonZeroUsize,
    parameters: *const Parameters,
    keywords: *mut ffi::PyObject,
    /// Only for a function without a wrapper.
    reader: Option<Box<ArgumentReader>>,
    foreign: *const Foreign,
    watched: *const Watched,
    /// Owns the data that `foreign` and `watched` point at.
    provided: Option<Arc<Foreign>>,
    /// The signature and the docstring of such a function.
    bare: Option<(Arc<Signature>, CString)>,
    /// Owns the array that `targets` points at.
    functions: Option<Arc<[NonZeroUsize]>>,
    /// Owns the data that `parameters` points at.
    matching: Option<Arc<[Parameters]>>,
    /// The types whose addresses the code contains.
    types: Option<Box<[Object]>>,
    shape: Option<Arc<Shape>>,
    thunk: Option<Thunk>,
    /// Keeps the cell's type known, if it is not the type of most cells.
    stand_in: Option<Arc<StandIn>>,
    /// The lookup key of the cell; zeroes if it must not be found.
    key: Key,
    /// The signature that the code was made for, which says how it treats the GIL; `None` if there is no original.
    signature: Option<Arc<Signature>>,
    /// The docstring of `def`, if it is not the original's.
    doc: Option<CString>,
    def: ffi::PyMethodDef,
}

/// The lookup key of a function for Python.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The original's `m_self`.
    pub m_self: usize,
    /// Its definition.
    pub def: usize,
    /// Whether calls release the GIL, which the user may choose.
    pub nogil: bool,
}

/// The cells of functions for Python, borrowed: each is removed when it dies. Two stubs of one original are equal,
/// since CPython compares functions by `m_self` and `ml_meth`.
static FOUND: Mutex<BTreeMap<Key, usize>> = Mutex::new(BTreeMap::new());

fn found() -> MutexGuard<'static, BTreeMap<Key, usize>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

const _: () = {
    assert!(offset_of!(Fields, target) == CellField::Target as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, method) == CellField::Method as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, receiver) == CellField::Receiver as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, callable) == CellField::Callable as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, class) == CellField::Class as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, targets) == CellField::Targets as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, parameters) == CellField::Parameters as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, keywords) == CellField::Keywords as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, reader) == CellField::Reader as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, foreign) == CellField::Foreign as usize * CellField::SIZE as usize);
    assert!(offset_of!(Fields, watched) == CellField::Watched as usize * CellField::SIZE as usize);
};

/// The contents of a new cell.
pub struct CellContents {
    /// The underlying function of the first overload that the code calls; `ml_meth` if that is the target.
    pub target: NonZeroUsize,
    /// The functions of all overloads.
    pub functions: Arc<[NonZeroUsize]>,
    /// The original; `None` for a function without a wrapper, and in a cell that many originals share.
    pub callable: Option<Object>,
    /// The original's `ml_meth`.
    pub method: usize,
    /// The original's `m_self`; null for a method descriptor and a static method.
    pub receiver: *mut ffi::PyObject,
    /// The names and defaults of its arguments, for each overload, if they are needed.
    pub parameters: Option<Arc<[Parameters]>>,
    /// The names by which the last C arguments are passed on, a tuple.
    pub keywords: Option<Object>,
    /// The type whose instances a method descriptor accepts; the defining class of a METH_METHOD function; otherwise
    /// null.
    pub class: *mut ffi::PyTypeObject,
    /// The code.
    pub shape: Arc<Shape>,
    /// The signature that the code was made for; `None` if there is no original.
    pub signature: Option<Arc<Signature>>,
    /// The `PyMethodDef` of a function made from the cell.
    pub def: ffi::PyMethodDef,
    /// Only for a function without a wrapper.
    pub bare: Option<Bare>,
    /// Only for a foreign function.
    pub foreign: Option<Arc<Foreign>>,
    /// The type of the cell, if the object that the original is bound to is not a module.
    pub stand_in: Option<Arc<StandIn>>,
    /// The types whose addresses the signature has.
    pub types: Vec<Object>,
}

/// The data that the cell of a function without a wrapper has instead of an original.
pub struct Bare {
    /// Reads its arguments.
    pub reader: Box<ArgumentReader>,
    /// The signature that it is bound with.
    pub signature: Arc<Signature>,
    /// Its text signature and its docstring.
    pub doc: CString,
}

impl CellContents {
    /// The contents for a function without a wrapper, which has no names and no defaults to find.
    pub fn bare(function: NonZeroUsize, shape: Arc<Shape>, bare: Bare) -> Self {
        Self {
            target: function,
            functions: Arc::new([function]),
            parameters: None,
            keywords: None,
            callable: None,
            method: 0,
            receiver: null_mut(),
            class: null_mut(),
            shape,
            signature: None,
            def: ffi::PyMethodDef::zeroed(),
            bare: Some(bare),
            foreign: None,
            stand_in: None,
            types: Vec::new(),
        }
    }
}

/// An owned cell.
#[derive(Debug)]
pub struct Cell(Object);

impl Cell {
    /// A new cell.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn new(python: &Python, contents: CellContents) -> Result<Self, Exception> {
        let class = match &contents.stand_in {
            Some(stand_in) => stand_in.address(),
            None => cell_type(python)?,
        };
        // SAFETY: the type is ours; a generic allocation is zeroed and counts one reference, which `owned` takes.
        let object = unsafe { python.owned(ffi::PyType_GenericAlloc(class, 0))? };
        let CellContents {
            target,
            functions,
            parameters,
            keywords,
            callable,
            method,
            receiver,
            class,
            shape,
            signature,
            mut def,
            bare,
            foreign,
            stand_in,
            types,
        } = contents;
        let is_module = stand_in.is_none();
        let (reader, bare) = match bare {
            Some(Bare { reader, signature, doc }) => {
                (def.ml_name, def.ml_doc) = (reader.name().as_ptr(), doc.as_ptr());
                (Some(reader), Some((signature, doc)))
            }
            None => (None, None),
        };
        let fields = Fields {
            target: target.get(),
            method,
            receiver,
            callable: callable.map_or(null_mut(), Object::into_ptr),
            class,
            targets: functions.as_ptr(),
            reader,
            foreign: foreign.as_ref().map_or(std::ptr::null(), Arc::as_ptr),
            watched: foreign.as_ref().map_or(std::ptr::null(), |foreign| foreign.watched.as_ptr()),
            provided: foreign,
            bare,
            functions: Some(functions),
            parameters: parameters.as_ref().map_or(std::ptr::null(), |parameters| parameters.as_ptr()),
            keywords: keywords.map_or(null_mut(), Object::into_ptr),
            matching: parameters,
            types: Some(types.into()),
            shape: Some(shape),
            thunk: None,
            stand_in,
            key: Key::default(),
            signature,
            doc: None,
            def,
        };
        counters::cell_made();
        // SAFETY: the fields are within the fresh object, which no other code has seen; zeroes are overwritten.
        unsafe {
            fields_of(object.as_ptr()).write(fields);
            if is_module {
                *namespace_of(object.as_ptr()) = namespace(python, receiver)?.into_ptr();
            }
        }
        Ok(Self(object))
    }

    /// The cell that was made for this key, if it is alive, has this code, and calls the same functions for the same
    /// signature.
    pub fn find(
        python: &Python,
        key: Key,
        shape: &Arc<Shape>,
        signature: &Signature,
        functions: &[NonZeroUsize],
    ) -> Option<Self> {
        let cell = NonNull::new(*found().get(&key)? as *mut ffi::PyObject)?;
        // SAFETY: a cell that can be found is alive, since it is removed before it dies, and only with the GIL held.
        unsafe {
            let fields = &*fields_of(cell.as_ptr());
            let same = fields.shape.as_ref().is_some_and(|own| Arc::ptr_eq(own, shape))
                && fields.signature.as_deref() == Some(signature)
                && fields.functions.as_deref() == Some(functions);
            same.then(|| Self(Object::from_borrowed(python, cell)))
        }
    }

    /// Makes the cell the one that is found by a key, in place of another one.
    pub fn found_by(&self, key: Key) {
        // SAFETY: the cell is alive and initialized; the GIL orders this against its other users.
        unsafe { (*fields_of(self.0.as_ptr())).key = key };
        found().insert(key, self.0.as_ptr() as usize);
    }

    /// The cell's address, for compiled code.
    pub fn address(&self) -> NonNull<u8> {
        // An object is never null.
        NonNull::new(self.0.as_ptr().cast()).expect("an owned object has an address")
    }

    /// The cell's object.
    pub fn object(&self) -> &Object {
        &self.0
    }

    /// Gives the definition in the cell a docstring of its own.
    pub fn set_doc(&self, doc: CString) {
        // SAFETY: the cell is alive and initialized; the GIL orders this with its other users. The text does not move
        // as long as the cell lives.
        unsafe {
            let fields = fields_of(self.0.as_ptr());
            (*fields).def.ml_doc = doc.as_ptr();
            (*fields).doc = Some(doc);
        }
    }

    /// Sets the module in which the function of a cell is found, if it is not that of the original.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn set_module(&self, python: &Python, name: &Object) -> Result<(), Exception> {
        // SAFETY: the thread is attached; the cell is alive and initialized, and has a namespace, which is given up
        // after the new one is in its place.
        unsafe {
            let own = python.owned(ffi::PyDict_New())?;
            own.set_item(python, "__name__", name)?;
            let shared = std::mem::replace(&mut *namespace_of(self.0.as_ptr()), own.into_ptr());
            ffi::Py_XDECREF(shared);
        }
        Ok(())
    }

    /// Gives the cell its thunk, which lives as long as the cell.
    pub fn set_thunk(&self, thunk: Thunk) {
        // SAFETY: the cell is alive and initialized; the GIL orders this against its other users.
        unsafe { (*fields_of(self.0.as_ptr())).thunk = Some(thunk) };
    }

    /// The address of the thunk, if there is one.
    pub fn thunk(&self) -> Option<NonNull<u8>> {
        // SAFETY: the cell is alive and initialized.
        unsafe { (*fields_of(self.0.as_ptr())).thunk.as_ref().map(Thunk::address) }
    }

    /// The `PyMethodDef` in the cell, which lives as long as the cell.
    pub fn def(&self) -> *mut ffi::PyMethodDef {
        // SAFETY: the cell is alive; only the address is taken.
        unsafe { &raw mut (*fields_of(self.0.as_ptr())).def }
    }

    /// The original of the cell; `None` for a function without a wrapper.
    pub fn callable(&self, python: &Python) -> Option<Object> {
        // SAFETY: the cell owns a reference to the original.
        unsafe {
            let callable = NonNull::new((*fields_of(self.0.as_ptr())).callable)?;
            Some(Object::from_borrowed(python, callable))
        }
    }

    /// Keeps the cell alive for the rest of the process, if Python may call it without owning it: the functions that a
    /// method descriptor makes use the definition in the cell, and outlive the descriptor and its type.
    pub fn keep(&self, python: &Python) {
        PERMANENT.insert(self.def() as usize);
        counters::cell_kept();
        self.0.clone_ref(python).into_ptr();
    }

    /// The cell of this object.
    ///
    /// # Safety
    /// The object is that of a cell ([`Cell::object`]).
    pub unsafe fn from_object(object: Object) -> Self {
        Self(object)
    }
}

/// The original of a cell, borrowed; null if there is none.
///
/// # Safety
/// `cell` is a live cell.
pub unsafe fn original_in(cell: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the caller promises a cell, which is initialized.
    unsafe { (*fields_of(cell)).callable }
}

/// The name of the function that is made from a cell, borrowed; null if there is none.
///
/// # Safety
/// `cell` is a live cell.
pub unsafe fn name_in(cell: *mut ffi::PyObject) -> *const c_char {
    // SAFETY: the caller promises a cell, which is initialized.
    unsafe { (*fields_of(cell)).def.ml_name }
}

/// The signature that the function of a cell was bound with, and its address; `None` if the function has an original.
///
/// # Safety
/// `cell` is a live cell.
pub unsafe fn bare_in(cell: *mut ffi::PyObject) -> Option<(Arc<Signature>, NonZeroUsize)> {
    // SAFETY: the caller promises a cell, which is initialized.
    unsafe {
        let (signature, _) = (*fields_of(cell)).bare.as_ref()?;
        Some((signature.clone(), NonZeroUsize::new((*fields_of(cell)).target)?))
    }
}

/// The data for finding out why a call of a stub takes the fallback.
pub struct CellGuards<'a> {
    /// The guards of its code.
    pub guards: &'a Guards,
    /// The names and defaults of its arguments; null if no argument is matched.
    pub parameters: *const Parameters,
    /// The type that its receiver must have; null if it may have any.
    pub class: *mut ffi::PyTypeObject,
    /// The data of a foreign function's provider.
    pub foreign: Option<&'a Foreign>,
}

/// The data for finding out why a call of a stub with this cell takes the fallback; `None` if its calls are not
/// counted.
///
/// # Safety
/// `cell` is a live cell, and stays alive as long as the result is used.
pub unsafe fn guards_in<'a>(cell: *mut ffi::PyObject) -> Option<CellGuards<'a>> {
    // SAFETY: the caller promises a cell, which is initialized.
    unsafe {
        let fields = &*fields_of(cell);
        let guards = fields.shape.as_ref()?.guards()?;
        let foreign = fields.provided.as_deref();
        Some(CellGuards { guards, parameters: fields.parameters, class: fields.class, foreign })
    }
}

/// The original of a function or a descriptor that was made of it; `None` for all other objects.
pub fn original_of(python: &Python, callable: &Object) -> Option<Object> {
    // SAFETY: the callable is alive, and so is the type of a descriptor, and the cell.
    unsafe {
        if let Some((class, def)) = permanent_definition(callable) {
            return Some(Twins::find(python, class, def)?.original);
        }
        let original = NonNull::new((*fields_of(cell_of(python, callable)?)).callable)?;
        Some(Object::from_borrowed(python, original))
    }
}

/// A descriptor that was made for Python, and its original. A type has these for as long as it lives; the stub's cell
/// belongs to all types that have the definition, and knows none of them.
pub struct Twins {
    /// The original of the stub.
    pub original: Object,
    /// The stub.
    pub stub: Object,
}

impl Twins {
    /// The pair that a type has for this definition in a permanent cell.
    ///
    /// # Safety
    /// `class` is a live type.
    pub unsafe fn find(python: &Python, class: *mut ffi::PyTypeObject, def: *const c_void) -> Option<Self> {
        // SAFETY: the caller promises a type; the object attached with the key of a definition is a pair, see `attach`.
        unsafe { Self::of_pair(python, &attached(python, class, def as usize)?) }
    }

    /// Gives a pair to a type, unless it has one for this definition already; returns the pair that it has now.
    ///
    /// # Errors
    /// If memory runs out.
    ///
    /// # Safety
    /// `class` is a live type.
    pub unsafe fn attach(
        self,
        python: &Python,
        class: *mut ffi::PyTypeObject,
        def: *const c_void,
    ) -> Result<Self, Exception> {
        // SAFETY: the caller promises a type; both objects are alive.
        unsafe {
            let pair = python.owned(ffi::PyTuple_Pack(2, self.original.as_ptr(), self.stub.as_ptr()))?;
            Self::of_pair(python, &attach_if_new(python, class, def as usize, &pair)?)
                .ok_or_else(|| python.take_exception())
        }
    }

    /// # Safety
    /// It is a tuple of two.
    unsafe fn of_pair(python: &Python, pair: &Object) -> Option<Self> {
        // SAFETY: the caller promises a tuple, which keeps its items.
        unsafe {
            let item = |index| NonNull::new(ffi::PyTuple_GetItem(pair.as_ptr(), index));
            let [original, stub] = [item(0)?, item(1)?].map(|object| Object::from_borrowed(python, object));
            Some(Self { original, stub })
        }
    }
}

/// The type of a descriptor that was made for Python, and its definition, which is in a permanent cell; `None` for all
/// other objects.
///
/// # Safety
/// The callable is alive, and the thread attached.
unsafe fn permanent_definition(callable: &Object) -> Option<(*mut ffi::PyTypeObject, *const c_void)> {
    // SAFETY: the caller promises a live callable.
    let found = unsafe { definition(callable.as_ptr()) }?;
    let (Receiver::Method { d_type } | Receiver::ClassMethod { d_type }) = found.receiver else { return None };
    PERMANENT.contains(found.def as usize).then_some((d_type, found.def))
}

/// The signature with which a function without a wrapper was bound, and its address; `None` for all other objects.
pub fn bound_with(python: &Python, callable: &Object) -> Option<(Arc<Signature>, Arc<[NonZeroUsize]>)> {
    // SAFETY: the cell is alive, since the callable is.
    unsafe {
        let fields = fields_of(cell_of(python, callable)?);
        let (signature, _) = (*fields).bare.as_ref()?;
        Some((signature.clone(), (*fields).functions.clone()?))
    }
}

/// The signature for which a function or a descriptor with an original was compiled; `None` for all other objects.
#[cfg(feature = "python")]
pub fn compiled_for(python: &Python, callable: &Object) -> Option<Arc<Signature>> {
    // SAFETY: the cell is alive, since the callable is.
    unsafe { (*fields_of(cell_of(python, callable)?)).signature.clone() }
}

/// Whether a function's original is a provider's callable that has changed since the function was made: the callable
/// itself then makes all calls.
#[cfg(feature = "python")]
pub fn is_stale(python: &Python, callable: &Object) -> bool {
    // SAFETY: the cell is alive, since the callable is, and so is everything that its provider named.
    unsafe {
        let foreign = cell_of(python, callable).and_then(|cell| (*fields_of(cell)).provided.as_deref());
        foreign.is_some_and(|foreign| is_changed(foreign))
    }
}

/// Whether a watched word has changed.
///
/// # Safety
/// The cell that has it is alive, and the thread attached.
pub unsafe fn is_changed(foreign: &Foreign) -> bool {
    // SAFETY: as the caller promises: the original, which the cell keeps alive, has the words at the provider's
    // addresses.
    foreign.watched.iter().any(|word| unsafe { *word.at } != word.value)
}

/// The cell of a function or a descriptor; `None` for objects that have none.
fn cell_of(python: &Python, callable: &Object) -> Option<*mut ffi::PyObject> {
    // SAFETY: the callable is alive; a definition in a cell is at this place, and no other object has the cells' type.
    unsafe {
        let cell = match definition(callable.as_ptr())? {
            // A static method has a `m_self` that its C function does not get.
            Definition { receiver: Receiver::Function { .. }, callable, .. } => self_of(callable),
            Definition { receiver: Receiver::Method { .. } | Receiver::ClassMethod { .. }, def, .. }
                if PERMANENT.contains(def as usize) =>
            {
                def.cast_mut().byte_sub(offset_of!(Fields, def) + Layout::CURRENT.module_size as usize).cast()
            }
            _ => return None,
        };
        // Most functions are bound to a module: then there is no type to look for.
        if cell.is_null() || ffi::Py_TYPE(cell) == &raw mut ffi::PyModule_Type {
            return None;
        }
        let class = ffi::Py_TYPE(cell);
        (cell_type(python).is_ok_and(|own| class == own) || is_stand_in(class)).then_some(cell)
    }
}

/// The `m_self` of a built-in function, also of a static method.
///
/// # Safety
/// `function` is a live built-in function.
pub unsafe fn self_of(function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the caller promises a built-in function; subclasses keep the layout.
    unsafe { (*function.cast::<ffi::PyCFunctionObject>()).m_self }
}

/// The definitions in cells that are kept for the rest of the process.
static PERMANENT: Definitions = Definitions(Mutex::new(BTreeSet::new()));

struct Definitions(Mutex<BTreeSet<usize>>);

impl Definitions {
    fn contains(&self, def: usize) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&def)
    }

    fn insert(&self, def: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(def);
    }
}

/// The namespace of a cell as a module, on which CPython's own methods of modules rely: that of the module that the
/// original is bound to, or one that all other cells share.
fn namespace(python: &Python, receiver: *mut ffi::PyObject) -> Result<Object, Exception> {
    static SHARED: OnceLock<Object> = OnceLock::new();
    // SAFETY: the receiver is alive, and the dictionary borrowed from it.
    let of_module = unsafe {
        let is_module = !receiver.is_null() && ffi::PyModule_Check(receiver) != 0;
        let dict = if is_module { NonNull::new(ffi::PyModule_GetDict(receiver)) } else { None };
        dict.map(|dict| Object::from_borrowed(python, dict))
    };
    match (of_module, SHARED.get()) {
        (Some(dict), _) => Ok(dict),
        (None, Some(shared)) => Ok(shared.clone_ref(python)),
        (None, None) => {
            // SAFETY: the thread is attached.
            let fresh = unsafe { python.owned(ffi::PyDict_New())? };
            Ok(SHARED.get_or_init(|| fresh).clone_ref(python))
        }
    }
}

/// The `md_dict` of a cell.
pub(super) fn namespace_of(cell: *mut ffi::PyObject) -> *mut *mut ffi::PyObject {
    cell.cast::<u8>().wrapping_offset(Layout::CURRENT.module_dict as isize).cast()
}

fn fields_of(cell: *mut ffi::PyObject) -> *mut Fields {
    cell.cast::<u8>().wrapping_offset(Layout::CURRENT.module_size as isize).cast()
}

/// The type of cells, made with the first one.
pub fn cell_type(python: &Python) -> Result<*mut ffi::PyTypeObject, Exception> {
    struct CellType(*mut ffi::PyTypeObject);
    // SAFETY: a type may be used from every thread that is attached.
    unsafe impl Send for CellType {}
    // SAFETY: as above.
    unsafe impl Sync for CellType {}
    static TYPE: OnceLock<CellType> = OnceLock::new();
    if let Some(class) = TYPE.get() {
        return Ok(class.0);
    }
    let class = new_cell_type(python, c"typedcall.cell", &mut slots(), &raw mut ffi::PyModule_Type)?;
    // Another thread may have been here meanwhile; the first type is kept, the other one dies.
    Ok(TYPE.get_or_init(|| CellType(class.into_ptr().cast())).0)
}

/// A new type of cells, derived from another type, with these slots; the last slot is zero.
pub(super) fn new_cell_type(
    python: &Python,
    name: &CStr,
    slots: &mut [ffi::PyType_Slot],
    base: *mut ffi::PyTypeObject,
) -> Result<Object, Exception> {
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: Layout::CURRENT.module_size + size_of::<Fields>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION)
            as std::ffi::c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the thread is attached; spec and slots live through the call, which copies what it needs.
    unsafe { python.owned(ffi::PyType_FromSpecWithBases(&mut spec, base.cast())) }
}

/// # Safety
/// Called by CPython with a cell whose last reference is gone.
pub(super) unsafe extern "C" fn dealloc(cell: *mut ffi::PyObject) {
    // SAFETY: the cell was allocated by PyType_GenericAlloc; its fields are initialized, or all zeroes, which is a
    // valid empty state, if making it failed. Each is given up once. The shape is the last: see `retire`.
    unsafe {
        ffi::PyObject_GC_UnTrack(cell.cast());
        let fields = fields_of(cell);
        // This comes first, since a cell that is found must be alive.
        let mut known = found();
        if known.get(&(*fields).key) == Some(&(cell as usize)) {
            known.remove(&(*fields).key);
        }
        drop(known);
        if (*ffi::Py_TYPE(cell)).tp_weaklistoffset != 0 {
            ffi::PyObject_ClearWeakRefs(cell);
        }
        drop((*fields).signature.take());
        drop((*fields).doc.take());
        let callable = std::mem::replace(&mut (*fields).callable, null_mut());
        ffi::Py_XDECREF(callable);
        let namespace = std::mem::replace(&mut *namespace_of(cell), null_mut());
        ffi::Py_XDECREF(namespace);
        drop((*fields).thunk.take());
        drop((*fields).functions.take());
        drop((*fields).reader.take());
        drop((*fields).provided.take());
        drop((*fields).bare.take());
        drop((*fields).matching.take());
        drop((*fields).types.take());
        let keywords = std::mem::replace(&mut (*fields).keywords, null_mut());
        ffi::Py_XDECREF(keywords);
        let shape = (*fields).shape.take();
        let stand_in = (*fields).stand_in.take();
        let class = ffi::Py_TYPE(cell);
        ffi::PyObject_GC_Del(cell.cast());
        ffi::Py_DECREF(class.cast());
        drop(stand_in);
        if let Some(shape) = shape {
            counters::cell_gone();
            retire(shape);
        }
    }
}

/// # Safety
/// Called by the garbage collector with a live cell.
pub(super) unsafe extern "C" fn traverse(
    cell: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the cell is alive; the collector only looks at what it is shown.
    unsafe {
        for object in [ffi::Py_TYPE(cell).cast(), (*fields_of(cell)).callable, *namespace_of(cell)] {
            if !object.is_null() {
                let status = visit(object, argument);
                if status != 0 {
                    return status;
                }
            }
        }
        // An object that two cells share belongs to neither: for the collector it is kept from outside.
        let held = (*fields_of(cell)).provided.as_ref().filter(|foreign| Arc::strong_count(foreign) == 1);
        let types = (*fields_of(cell)).types.iter().flatten();
        for object in held.iter().flat_map(|foreign| &foreign.holds).chain(types) {
            let status = visit(object.as_ptr(), argument);
            if status != 0 {
                return status;
            }
        }
    }
    0
}

/// A cell keeps its contents until it dies, since a `__del__` in the same garbage may call the stub. Cycles break
/// elsewhere, at the namespace that contains the stub.
pub(super) unsafe extern "C" fn clear(_: *mut ffi::PyObject) -> c_int {
    0
}

/// The object that the original is bound to; none for a static method or a method descriptor.
///
/// # Safety
/// `cell` is a live cell.
pub(super) unsafe fn receiver_of(cell: *mut ffi::PyObject) -> Option<NonNull<ffi::PyObject>> {
    // SAFETY: the caller promises a live cell; the original keeps its receiver alive.
    NonNull::new(unsafe { (*fields_of(cell)).receiver })
}
