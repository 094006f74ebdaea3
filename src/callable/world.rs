//! The objects that the names of a live function refer to: its globals and builtins, modules, the methods of built-in
//! types.
//!
//! Answers are constants with addresses. An answer that may change comes with an assumption. Methods of CPython's own
//! types can't change and come without one.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::Arc;

use pyo3_ffi as ffi;

use super::original::Original;
use super::registry::KnownMethod;
use crate::cpython::object::{HEAP_TYPE, TP_FLAGS};
use crate::cpython::{Behaviour, Collector, DeathOrder, functions};
use crate::embed::{Object, Python};
use crate::frontend::live_value;
use crate::interpreter::intern;
use crate::ir::{
    Assumption, Callee, CalleeBelow, CalleeRef, CalleeTarget, Callees, ConstObject, ConstValue, Found, Spec, Type,
    World,
};
use crate::lower::Binding;
use crate::lower::body::MethodCall;
use crate::metadata::{Overload, Raises, Signature};
use crate::runtime::body::{CalleeCode, CalleeCodes, look_up};
use crate::standard;

/// How deep modules in modules are searched: `os.path.join` is two deep.
const MODULE_DEPTH: usize = 3;

/// The world of a function.
pub struct LiveWorld<'a> {
    python: &'a Python,
    /// Looks up a callable's signature.
    known_method: &'a dyn Fn(&Original) -> Option<Arc<KnownMethod>>,
    globals: &'a Object,
    builtins: &'a Object,
    /// The callables that can be called directly.
    pub callees: Callees,
    /// The C functions of callees.
    pub codes: CalleeCodes,
    /// The callees among the objects, by address.
    known: HashMap<usize, CalleeRef>,
    /// The types whose addresses their signatures have; the code keeps them alive.
    pub types: Vec<Object>,
    /// The objects that were returned, by address; they live as long as this.
    kept: std::cell::RefCell<HashMap<usize, Object>>,
}

/// The types whose methods are known, with the leaf of their exact instances.
pub fn exact_types() -> [(Type, *mut ffi::PyTypeObject); 8] {
    [
        (Type::LONG_EXACT, &raw mut ffi::PyLong_Type),
        (Type::BOOL, &raw mut ffi::PyBool_Type),
        (Type::FLOAT_EXACT, &raw mut ffi::PyFloat_Type),
        (Type::UNICODE_EXACT, &raw mut ffi::PyUnicode_Type),
        (Type::BYTES_EXACT, &raw mut ffi::PyBytes_Type),
        (Type::LIST_EXACT, &raw mut ffi::PyList_Type),
        (Type::TUPLE_EXACT, &raw mut ffi::PyTuple_Type),
        (Type::DICT_EXACT, &raw mut ffi::PyDict_Type),
    ]
}

/// How compiled code calls a built-in function or the descriptor of a method, if it has a `PyMethodDef` with a
/// supported convention.
pub fn live_method_call(python: &Python, callable: &Object) -> Option<MethodCall> {
    let original = Original::of(python, callable).ok().filter(|original| original.foreign.is_none())?;
    Some(method_call(&original)).filter(|call| call.is_possible())
}

fn method_call(original: &Original) -> MethodCall {
    MethodCall { convention: original.convention, is_bound: !matches!(original.binding, Binding::Method) }
}

impl<'a> LiveWorld<'a> {
    /// The world of a function whose code has these names.
    pub fn new(
        python: &'a Python,
        known_method: &'a dyn Fn(&Original) -> Option<Arc<KnownMethod>>,
        globals: &'a Object,
        builtins: &'a Object,
        names: &[Arc<str>],
    ) -> Self {
        let mut world = Self {
            python,
            known_method,
            globals,
            builtins,
            callees: Callees::new(),
            codes: CalleeCodes::new(),
            known: HashMap::new(),
            types: Vec::new(),
            kept: Default::default(),
        };
        for name in names {
            for dict in [globals, builtins] {
                if let Some(object) = world.item(dict, name) {
                    world.discover_in(&object, names, MODULE_DEPTH);
                    break;
                }
            }
            for (_, class) in exact_types() {
                if let Some(method) = world.type_attribute(class, name) {
                    world.discover(&method);
                }
            }
        }
        world
    }

    /// How the `ml_meth`s of callees are called.
    pub fn methods(&self) -> BTreeMap<Arc<str>, MethodCall> {
        let text = |&(callee, overload): &(CalleeRef, u16)| self.callees.called(callee, overload.into()).text;
        self.codes.iter().filter_map(|(called, code)| Some((text(called), code.method?))).collect()
    }

    /// Finds callables with known signatures in an object.
    fn discover_in(&mut self, object: &Object, names: &[Arc<str>], depth: usize) {
        if !is_exactly(object, &raw mut ffi::PyModule_Type) {
            return self.discover(object);
        }
        if depth == 0 {
            return;
        }
        for name in names {
            if let Some(value) = self.module_attribute(object, name) {
                self.discover_in(&value, names, depth - 1);
            }
        }
    }

    /// Notes a callable whose signature is known.
    fn discover(&mut self, object: &Object) {
        let is_built_in =
            is_exactly(object, &raw mut ffi::PyCFunction_Type) || is_exactly(object, &raw mut ffi::PyMethodDescr_Type);
        let address = object.as_ptr() as usize;
        if self.known.contains_key(&address) {
            return;
        }
        if !is_built_in {
            return self.discover_class(object);
        }
        let Ok(original) = Original::of(self.python, object) else { return };
        if original.callable.as_ptr() as usize != address {
            // It is a stub; the passes would call its original in its place.
            return;
        }
        let method = method_call(&original);
        let Some(wrapper) = NonZeroUsize::new(original.method) else { return };
        let receiver = original.receiver as usize;
        let known = (self.known_method)(&original);
        let entry = super::recognize(self.python, object);
        let (name, signature, functions, target): (String, _, Vec<NonZeroUsize>, _) = match (known, entry) {
            (Some(known), _) => {
                let Some(types) = known.types(self.python) else { return };
                self.types.extend(types);
                let signature = Signature::clone(&known.signature);
                let name = self.unique(original.name(self.python));
                (name, signature, known.functions.to_vec(), known.target)
            }
            (None, Some(entry)) => {
                let Some(callee) = standard_callee(entry.name) else { return };
                let functions = vec![wrapper; callee.signature.overloads.len()];
                (self.unique(entry.name.to_owned()), callee.signature, functions, callee.target)
            }
            (None, None) => return,
        };
        // Only a stub's cell knows the `self` of an underlying function.
        let has_bound_receiver = method.is_bound && signature.overloads.iter().any(|overload| overload.has_receiver());
        if has_bound_receiver || target != CalleeTarget::Underlying && !method.is_possible() {
            return;
        }
        let callee = self.callees.insert(name, Callee { signature, target });
        if let Some(below) = entry
            .filter(|_| target == CalleeTarget::Method)
            .and_then(|entry| entry.below.as_ref().zip(entry.signature.overloads.first()))
        {
            self.insert_below(callee, below.0, below.1);
        }
        for (index, address) in (0..).zip(functions) {
            let method = (target == CalleeTarget::Method).then_some(method);
            self.codes.insert((callee, index), CalleeCode { address, method, receiver });
        }
        self.known.insert(address, callee);
        self.keep(object);
    }

    /// Notes a class of the standard library.
    fn discover_class(&mut self, object: &Object) {
        let entry = super::recognize(self.python, object).filter(|entry| entry.is_class);
        let Some((entry, callee)) = entry.and_then(|entry| Some((entry, standard_callee(entry.name)?))) else { return };
        let callee = self.callees.insert(self.unique(entry.name.to_owned()), callee);
        self.known.insert(object.as_ptr() as usize, callee);
        self.keep(object);
    }

    /// Notes the function below one of the standard library, which never raises. If its result is not the original's,
    /// the code leaves.
    fn insert_below(&mut self, of: CalleeRef, below: &standard::Below, overload: &Overload) {
        let never = Overload { raises: Raises::Never, ..overload.clone() };
        let signature = Signature { overloads: vec![never] };
        let name = self.unique(below.symbol.to_owned());
        let callee = self.callees.insert(name, Callee { signature, target: CalleeTarget::Underlying });
        self.codes.insert((callee, 0), CalleeCode { address: below.address, method: None, receiver: 0 });
        self.callees.set_below(of, CalleeBelow { callee, finite: below.finite });
    }

    /// The name; if a callee has it already, a similar name that none has.
    fn unique(&self, name: String) -> String {
        let mut unique = name.clone();
        let mut number = 2;
        while self.callees.find(&unique).is_some() {
            unique = format!("{name} ({number})");
            number += 1;
        }
        unique
    }

    fn keep(&self, object: &Object) {
        let address = object.as_ptr() as usize;
        self.kept.borrow_mut().entry(address).or_insert_with(|| object.clone_ref(self.python));
    }

    /// The type of one object.
    fn constant(&self, object: &Object) -> Type {
        let Some(address) = NonZeroUsize::new(object.as_ptr() as usize) else { return Type::OBJECT };
        self.keep(object);
        let leaf = leaf(object);
        let (label, value): (Arc<str>, _) = match self.known.get(&address.get()) {
            Some(&callee) => (self.callees.name(callee).clone(), ConstValue::Callee(callee)),
            None => (self.label(object, &leaf).into(), live_value(self.python, object)),
        };
        leaf.constant(ConstObject::at(label, address).with_value(value))
    }

    /// The label of a constant. No callee has such a name.
    fn label(&self, object: &Object, leaf: &Type) -> String {
        let attribute = |name| object.attr(self.python, name).ok().and_then(|text| text.as_str(self.python));
        let simple = [&Type::LONG_EXACT, &Type::FLOAT_EXACT, &Type::BOOL, &Type::NONE_TYPE];
        if let Some(text) = object.as_str(self.python).filter(|_| leaf.is_subtype(&Type::UNICODE_EXACT)) {
            text
        } else if simple.iter().any(|simple| leaf.is_subtype(simple)) {
            object.repr(self.python).unwrap_or_default()
        } else if leaf.is_subtype(&Type::MODULE) && is_exactly(object, &raw mut ffi::PyModule_Type) {
            attribute("__name__").unwrap_or_default()
        } else if leaf.is_subtype(&Type::TYPE) {
            format!("<class {}>", class_name(object.as_ptr().cast()))
        } else if is_exactly(object, &raw mut ffi::PyFunction_Type)
            || is_exactly(object, &raw mut ffi::PyCFunction_Type)
        {
            format!("<function {}>", attribute("__qualname__").unwrap_or_default())
        } else {
            // SAFETY: the object is alive.
            format!("<{}>", class_name(unsafe { ffi::Py_TYPE(object.as_ptr()) }))
        }
    }

    fn item(&self, dict: &Object, name: &str) -> Option<Object> {
        // SAFETY: the dict is alive.
        if unsafe { ffi::PyDict_CheckExact(dict.as_ptr()) } == 0 {
            return None;
        }
        let name = intern(self.python, name).ok()?;
        let value = look_up(dict, &name)?;
        // SAFETY: the value is borrowed from the dict.
        let value = unsafe { Object::from_borrowed(self.python, value) };
        (!is_lazy_import(&value)).then_some(value)
    }

    /// An attribute in the dict of a module of the plain type.
    fn module_attribute(&self, module: &Object, name: &str) -> Option<Object> {
        if self.type_lookup(&raw mut ffi::PyModule_Type, name).is_some() {
            return None;
        }
        // SAFETY: a module, whose dict is borrowed from it.
        let dict = unsafe { Object::from_borrowed(self.python, NonNull::new(ffi::PyModule_GetDict(module.as_ptr()))?) };
        self.item(&dict, name)
    }

    /// A method that a type has under a name, if the type cannot be changed.
    fn type_attribute(&self, class: *mut ffi::PyTypeObject, name: &str) -> Option<Object> {
        // SAFETY: a live type; its flags are at the same offset in all versions.
        let flags = unsafe { class.byte_add(TP_FLAGS).cast::<u64>().read() };
        if flags & HEAP_TYPE != 0 || name.starts_with("__") {
            return None;
        }
        self.type_lookup(class, name).filter(|found| is_exactly(found, &raw mut ffi::PyMethodDescr_Type))
    }

    fn type_lookup(&self, class: *mut ffi::PyTypeObject, name: &str) -> Option<Object> {
        let name = intern(self.python, name).ok()?;
        // SAFETY: the thread is attached; class and name are alive; the result is borrowed from the class.
        unsafe {
            let found = NonNull::new(functions::_PyType_Lookup(class, name.as_ptr()))?;
            Some(Object::from_borrowed(self.python, found))
        }
    }
}

impl World for LiveWorld<'_> {
    fn death_order(&self) -> DeathOrder {
        DeathOrder::CURRENT
    }

    fn collector(&self) -> Collector {
        Collector::CURRENT
    }

    fn global(&self, name: &str) -> Option<Found> {
        let object = |ty: &Type| ty.const_object().cloned();
        // Other mappings may return anything. SAFETY: the dicts are alive.
        let are_dicts = unsafe {
            ffi::PyDict_CheckExact(self.globals.as_ptr()) != 0 && ffi::PyDict_CheckExact(self.builtins.as_ptr()) != 0
        };
        if !are_dicts {
            return None;
        }
        let key = intern(self.python, name).ok()?;
        let name: Arc<str> = name.into();
        if look_up(self.globals, &key).is_some() {
            let ty = self.constant(&self.item(self.globals, &name)?);
            let value = object(&ty)?;
            return Some(Found { ty, assumption: Some(Assumption::Global { name, value }) });
        }
        let ty = self.constant(&self.item(self.builtins, &name)?);
        let value = object(&ty)?;
        Some(Found { ty, assumption: Some(Assumption::Builtin { name, value }) })
    }

    fn attribute(&self, object: &ConstObject, _: &Type, name: &str) -> Option<Found> {
        let address = object.address?.get() as *mut ffi::PyObject;
        // SAFETY: constants with addresses are kept alive, by this world or by the code object.
        let live = unsafe { Object::from_borrowed(self.python, NonNull::new(address)?) };
        if is_exactly(&live, &raw mut ffi::PyModule_Type) {
            let ty = self.constant(&self.module_attribute(&live, name)?);
            let value = ty.const_object()?.clone();
            let assumption = Assumption::ModuleAttribute { module: object.clone(), name: name.into(), value };
            return Some(Found { ty, assumption: Some(assumption) });
        }
        if is_exactly(&live, &raw mut ffi::PyType_Type) {
            let method = self.type_attribute(address.cast(), name)?;
            return Some(Found { ty: self.constant(&method), assumption: None });
        }
        None
    }

    fn method(&self, receiver: &Type, name: &str) -> Option<Found> {
        if receiver.is_bottom() || matches!(receiver.spec(), Some(Spec::Class(_) | Spec::Instance(_))) {
            return None;
        }
        let (_, class) = exact_types().into_iter().find(|(leaf, _)| receiver.is_subtype(leaf))?;
        let method = self.type_attribute(class, name)?;
        Some(Found { ty: self.constant(&method), assumption: None })
    }
}

/// The passes' knowledge of a function of the standard library.
fn standard_callee(name: &str) -> Option<Callee> {
    static CALLEES: std::sync::OnceLock<Callees> = std::sync::OnceLock::new();
    let callees = CALLEES.get_or_init(standard::current_callees);
    callees.find(name).map(|callee| callees.get(callee).clone())
}

/// Whether an object is of exactly this type.
fn is_exactly(object: &Object, class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: the object is alive.
    unsafe { ffi::Py_TYPE(object.as_ptr()) == class }
}

/// Whether it is 3.15's placeholder of a module that no code has read yet. It is resolved when code runs, never while
/// code is compiled.
fn is_lazy_import(object: &Object) -> bool {
    // SAFETY: the object is alive.
    Behaviour::CURRENT.imports_lazily && class_name(unsafe { ffi::Py_TYPE(object.as_ptr()) }).ends_with("lazy_import")
}

fn class_name(class: *mut ffi::PyTypeObject) -> String {
    // SAFETY: a live type, whose name is a C string.
    unsafe {
        let name = class.byte_add(crate::cpython::object::TP_NAME).cast::<*const std::ffi::c_char>().read();
        if name.is_null() { String::new() } else { std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned() }
    }
}

/// The leaf of the lattice that an object is in.
fn leaf(object: &Object) -> Type {
    // SAFETY: the object is alive; classes are static.
    unsafe {
        let pointer = object.as_ptr();
        if pointer == ffi::Py_None() {
            return Type::NONE_TYPE;
        }
        let class = ffi::Py_TYPE(pointer);
        let exact = exact_types().into_iter().find(|(_, known)| *known == class);
        if let Some((leaf, _)) = exact {
            return leaf;
        }
        let others = [
            (Type::FUNC, &raw mut ffi::PyFunction_Type),
            (Type::C_FUNCTION, &raw mut ffi::PyCFunction_Type),
            (Type::METHOD_DESCR, &raw mut ffi::PyMethodDescr_Type),
            (Type::MODULE, &raw mut ffi::PyModule_Type),
            (Type::TYPE, &raw mut ffi::PyType_Type),
        ];
        if let Some((leaf, _)) = others.into_iter().find(|(_, known)| *known == class) {
            return leaf;
        }
        let is_any = |base: *mut ffi::PyTypeObject| ffi::PyType_IsSubtype(class, base) != 0;
        let subclasses = [
            (Type::LONG_SUBCLASS, &raw mut ffi::PyLong_Type),
            (Type::FLOAT_SUBCLASS, &raw mut ffi::PyFloat_Type),
            (Type::UNICODE_SUBCLASS, &raw mut ffi::PyUnicode_Type),
            (Type::BYTES_SUBCLASS, &raw mut ffi::PyBytes_Type),
            (Type::LIST_SUBCLASS, &raw mut ffi::PyList_Type),
            (Type::TUPLE_SUBCLASS, &raw mut ffi::PyTuple_Type),
            (Type::DICT_SUBCLASS, &raw mut ffi::PyDict_Type),
            (Type::MODULE, &raw mut ffi::PyModule_Type),
            (Type::TYPE, &raw mut ffi::PyType_Type),
        ];
        subclasses.into_iter().find(|(_, base)| is_any(*base)).map_or(Type::OTHER, |(leaf, _)| leaf)
    }
}
