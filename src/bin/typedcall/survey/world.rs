//! The objects that the names in a file refer to, as far as its text shows, without importing it: builtins and types
//! that it does not rebind, and modules of C functions that it imports at its top. Code elsewhere could still rebind
//! them; compiled code checks assumptions for that.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use pyo3_ffi as ffi;
use typedcall::bytecode::{Code, Intrinsic1, Op};
use typedcall::embed::{Exception, Object, Python};
use typedcall::ir::{Assumption, Callees, ConstObject, Found, Type, World};
use typedcall::lower::body::MethodCall;
use typedcall::standard;

/// The objects of Python's own library, looked up once.
pub struct KnownLibrary {
    builtins: HashMap<String, Type>,
    /// By the name of the module and the attribute.
    attributes: HashMap<(&'static str, String), Type>,
    /// By the name of the method: the types that have it.
    methods: HashMap<String, Vec<(Type, Type)>>,
    /// The callables that are called directly.
    pub callees: Callees,
    /// How they are called, by the names in `CallCFunction`.
    pub calls: BTreeMap<Arc<str>, MethodCall>,
}

/// Modules of C functions that have signatures.
const MODULES: [&str; 1] = ["math"];

/// Types whose methods have signatures.
const TYPES: [(&str, Type); 7] = [
    ("str", Type::UNICODE_EXACT),
    ("bytes", Type::BYTES_EXACT),
    ("list", Type::LIST_EXACT),
    ("tuple", Type::TUPLE_EXACT),
    ("dict", Type::DICT_EXACT),
    ("int", Type::LONG_EXACT),
    ("float", Type::FLOAT_EXACT),
];

impl KnownLibrary {
    /// The library of the running interpreter.
    pub fn new(python: &Python) -> Result<Self, Exception> {
        let known = standard::current_callees();
        let mut library = Self {
            builtins: HashMap::new(),
            attributes: HashMap::new(),
            methods: HashMap::new(),
            callees: Callees::new(),
            calls: BTreeMap::new(),
        };
        for (name, object) in attributes(python, &python.import("builtins")?)? {
            library.add_callee(python, &known, &name, &object);
            library.builtins.extend(constant(&object, &name).map(|ty| (name, ty)));
        }
        for module in MODULES {
            for (name, object) in attributes(python, &python.import(module)?)? {
                let qualified = format!("{module}.{name}");
                library.add_callee(python, &known, &qualified, &object);
                let found = constant(&object, &qualified);
                library.attributes.extend(found.map(|ty| ((module, name), ty)));
            }
        }
        let builtins = python.import("builtins")?;
        for (class, receiver) in TYPES {
            for (name, object) in attributes(python, &builtins.attr(python, class)?)? {
                let qualified = format!("{class}.{name}");
                let found = constant(&object, &qualified).filter(|ty| ty.is_subtype(&Type::METHOD_DESCR));
                if let Some(ty) = found {
                    library.add_callee(python, &known, &qualified, &object);
                    library.methods.entry(name).or_default().push((receiver.clone(), ty));
                }
            }
        }
        Ok(library)
    }

    /// Notes a function, if its signature is known and compiled code calls it directly.
    fn add_callee(&mut self, python: &Python, known: &Callees, name: &str, object: &Object) {
        let (Some(callee), Some(call)) = (known.find(name), typedcall::callable::method_call(python, object)) else {
            return;
        };
        let added = self.callees.insert(name, known.get(callee).clone());
        for index in 0..known.get(callee).signature.overloads.len() {
            self.calls.insert(self.callees.called(added, index).text, call);
        }
    }
}

/// The attributes of an object, by name.
fn attributes(python: &Python, object: &Object) -> Result<Vec<(String, Object)>, Exception> {
    names_of(python, object)?
        .into_iter()
        .map(|name| {
            let value = object.attr(python, &name)?;
            Ok((name, value))
        })
        .collect()
}

fn names_of(python: &Python, object: &Object) -> Result<Vec<String>, Exception> {
    let names = python.namespace()?;
    names.set_item(python, "object", object)?;
    let text = python.eval("'\\n'.join(vars(object))", &names)?.text(python)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The type of a class, function or method with a known name.
fn constant(object: &Object, name: &str) -> Option<Type> {
    // SAFETY: the object is alive; the types are static.
    let leaf = unsafe {
        let class = ffi::Py_TYPE(object.as_ptr());
        if ffi::PyType_Check(object.as_ptr()) != 0 {
            Type::TYPE
        } else if class == &raw mut ffi::PyCFunction_Type {
            Type::C_FUNCTION
        } else if class == &raw mut ffi::PyMethodDescr_Type {
            Type::METHOD_DESCR
        } else {
            return None;
        }
    };
    Some(leaf.constant(ConstObject::symbolic(name)))
}

/// The names of one file.
pub struct FileNames<'a> {
    library: &'a KnownLibrary,
    /// Names that the file binds anywhere, itself or by a star import.
    bound: HashSet<Arc<str>>,
    /// Names that it binds once, at its top, to a module of C functions.
    modules: HashMap<Arc<str>, &'static str>,
    /// Whether it has a star import.
    has_star: bool,
}

impl<'a> FileNames<'a> {
    /// The names of a file with these code objects, the module's first.
    pub fn of(library: &'a KnownLibrary, codes: &[Code]) -> Self {
        let mut names = Self { library, bound: HashSet::new(), modules: HashMap::new(), has_star: false };
        let mut count: HashMap<Arc<str>, usize> = HashMap::new();
        for (index, code) in codes.iter().enumerate() {
            let is_module = index == 0;
            for (at, instruction) in code.instructions.iter().enumerate() {
                let name = match instruction.op {
                    Op::StoreName(name) | Op::DeleteName(name) if is_module => name,
                    Op::StoreGlobal(name) | Op::DeleteGlobal(name) => name,
                    Op::Intrinsic1(Intrinsic1::ImportStar) => {
                        names.has_star = true;
                        continue;
                    }
                    _ => continue,
                };
                let Some(name) = code.names.get(name as usize) else { continue };
                names.bound.insert(name.clone());
                *count.entry(name.clone()).or_default() += 1;
                let imported = at.checked_sub(1).map(|before| &code.instructions[before].op);
                if let Some(Op::ImportName(module)) = imported
                    && is_module
                    && let Some(&module) = MODULES.iter().find(|&&known| *code.names[*module as usize] == *known)
                {
                    names.modules.insert(name.clone(), module);
                }
            }
        }
        names.modules.retain(|name, _| count.get(name) == Some(&1));
        names
    }
}

impl World for FileNames<'_> {
    fn global(&self, name: &str) -> Option<Found> {
        if self.has_star {
            return None;
        }
        if let Some(&module) = self.modules.get(name) {
            let value = ConstObject::symbolic(module);
            let assumption = Assumption::Global { name: name.into(), value: value.clone() };
            return Some(Found { ty: Type::MODULE.constant(value), assumption: Some(assumption) });
        }
        if self.bound.contains(name) {
            return None;
        }
        let ty = self.library.builtins.get(name)?;
        let assumption = Assumption::Builtin { name: name.into(), value: ty.const_object()?.clone() };
        Some(Found { ty: ty.clone(), assumption: Some(assumption) })
    }

    fn attribute(&self, object: &ConstObject, ty: &Type, name: &str) -> Option<Found> {
        let module = MODULES.iter().find(|&&module| ty.is_subtype(&Type::MODULE) && *object.label == *module)?;
        let ty = self.library.attributes.get(&(*module, name.to_owned()))?;
        let value = ty.const_object()?.clone();
        let assumption = Assumption::ModuleAttribute { module: object.clone(), name: name.into(), value };
        Some(Found { ty: ty.clone(), assumption: Some(assumption) })
    }

    fn method(&self, receiver: &Type, name: &str) -> Option<Found> {
        let (_, ty) = self.library.methods.get(name)?.iter().find(|(class, _)| receiver.is_subtype(class))?;
        // The dicts of built-in types never change.
        Some(Found { ty: ty.clone(), assumption: None })
    }
}
