//! The original of a stub.

use std::ffi::{CStr, CString, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::registry::KnownMethod;
use crate::embed::{Object, Python};
use crate::ir::CalleeTarget;
use crate::lower::{Binding, MethodConvention};
use crate::metadata::{Definition, Kind, Overload, Parameter, Receiver, Scalar, definition};
use crate::providers::{self, ForeignFunction, MAX_WATCHED};
use crate::runtime::code::code_pointer::refused;
use crate::runtime::code::thunk::THUNKS;
use crate::runtime::stub::cell::original_of;
use crate::runtime::stub::foreign::Foreign;

/// A callable with a C function, taken apart. It has a `PyMethodDef`, or is a provider's.
#[derive(Debug)]
pub struct Original {
    /// The built-in function or descriptor itself.
    pub callable: Object,
    /// Its definition; null for a foreign function.
    pub def: *const c_void,
    /// Its `ml_meth`; 0 for a foreign function.
    pub method: usize,
    /// The calling convention of `ml_meth`.
    pub convention: MethodConvention,
    /// How it is bound.
    pub binding: Binding,
    /// `m_self` of a function; null for others.
    pub receiver: *mut ffi::PyObject,
    /// The type of a method descriptor; the defining class of a METH_METHOD function; null for others.
    pub class: *mut ffi::PyTypeObject,
    /// Whether it is the descriptor of a class method: its receiver is a class.
    pub is_class_method: bool,
    /// The provider's data about a foreign function.
    pub foreign: Option<(Overload, Arc<Foreign>)>,
}

impl Original {
    /// Takes a callable apart.
    ///
    /// # Errors
    /// If the object has no `PyMethodDef` and is no provider's; if a provider has a reason why there is no stub; or if
    /// it is a class-method descriptor, which Python does not call.
    pub fn of(python: &Python, callable: &Object) -> Result<Self, Error> {
        let original = Self::or_class_method(python, callable)?;
        if original.is_class_method {
            return Err(Error::NotBuiltin(described(python, callable)));
        }
        Ok(original)
    }

    /// Like [`Original::of`], but also accepts the descriptor of a class method.
    ///
    /// # Errors
    /// The errors of [`Original::of`].
    pub fn or_class_method(python: &Python, callable: &Object) -> Result<Self, Error> {
        let not_builtin = || Error::NotBuiltin(described(python, callable));
        // A stub is replaced by its original.
        let stands_for = original_of(python, callable);
        let callable = stands_for.as_ref().unwrap_or(callable);
        // SAFETY: the callable is alive and the thread attached.
        let Some(found) = (unsafe { definition(callable.as_ptr()) }) else {
            let function = providers::recognize(python, callable).ok_or_else(not_builtin)??;
            return Self::foreign(python, callable, function);
        };
        let (binding, receiver, class) = match found.receiver {
            // SAFETY: the callable is alive.
            Receiver::Function { m_self } => (Binding::Function, m_self, unsafe { defining_class(found.callable) }),
            Receiver::Method { d_type } | Receiver::ClassMethod { d_type } => (Binding::Method, null_mut(), d_type),
        };
        let callable = NonNull::new(found.callable).ok_or_else(not_builtin)?;
        // SAFETY: `callable` is alive, since the given object keeps it alive; the definition belongs to it.
        let (callable, def) =
            unsafe { (Object::from_borrowed(python, callable), &*found.def.cast::<ffi::PyMethodDef>()) };
        let convention = match def.ml_flags & CONVENTION_BITS {
            ffi::METH_NOARGS => MethodConvention::NoArgs,
            ffi::METH_O => MethodConvention::O,
            ffi::METH_FASTCALL => MethodConvention::FastCall,
            FASTCALL_KEYWORDS => MethodConvention::FastCallKeywords,
            METHOD => MethodConvention::Method,
            ffi::METH_VARARGS => MethodConvention::VarArgs,
            VARARGS_KEYWORDS => MethodConvention::VarArgsKeywords,
            _ => MethodConvention::Other,
        };
        Ok(Self {
            callable,
            def: found.def,
            method: def.ml_meth.as_ptr() as usize,
            convention,
            binding,
            receiver,
            class,
            is_class_method: matches!(found.receiver, Receiver::ClassMethod { .. }),
            foreign: None,
        })
    }

    /// A provider's function. Calls that a stub does not take use its vectorcall.
    fn foreign(python: &Python, callable: &Object, function: ForeignFunction) -> Result<Self, Error> {
        let ForeignFunction { name, address, overload, arguments, result, watched, holds } = function;
        let mismatch = |reason: String| Error::Mismatch { name: name.clone(), reason };
        overload.check().map_err(|nonsense| mismatch(format!("{overload}: {nonsense}")))?;
        if watched.len() > MAX_WATCHED {
            return Err(mismatch(format!("{} words to watch, at most {MAX_WATCHED} can be", watched.len())));
        }
        // A C function may be variadic, which cannot be found out. Such a function expects floats in certain registers.
        let is_float = |parameter: &Parameter| matches!(parameter.kind, Kind::Scalar(Scalar::F32 | Scalar::F64));
        let has_floats = overload.parameters.iter().any(is_float);
        let thunk = has_floats.then(|| THUNKS.bind_variadic(address)).transpose().map_err(refused)?;
        let binding = Binding::Foreign { watched: watched.len() as u8 };
        let name = CString::new(name.as_str()).map_err(|_| mismatch("its name contains a NUL".into()))?;
        let foreign = Foreign { name, address, arguments, result, watched, holds, thunk };
        Ok(Self {
            callable: callable.clone_ref(python),
            def: null(),
            method: 0,
            convention: MethodConvention::VarArgsKeywords,
            binding,
            receiver: null_mut(),
            class: null_mut(),
            is_class_method: false,
            foreign: Some((overload, Arc::new(foreign))),
        })
    }

    /// Its qualified name, for messages and IR: `demo.inc`, `str.upper`.
    pub fn name(&self, python: &Python) -> String {
        if let Some((_, foreign)) = &self.foreign {
            return foreign.name.to_string_lossy().into_owned();
        }
        let attribute = |name| self.callable.attr(python, name).and_then(|value| value.text(python)).ok();
        let name = attribute("__qualname__").unwrap_or_else(|| "<unnamed>".to_owned());
        match attribute("__module__").filter(|_| self.bound_to_module()) {
            Some(module) => format!("{module}.{name}"),
            None => name,
        }
    }

    /// The object whose lifetime the definition has: the module of a function, the type of a method, otherwise the
    /// callable itself.
    pub fn owner(&self, python: &Python) -> Object {
        // SAFETY: the callable is alive.
        unsafe { definition(self.callable.as_ptr()) }
            .map_or_else(|| self.callable.clone_ref(python), |found| owner_of(python, &found))
    }

    /// The object whose lifetime a declaration about its C function has. For a method that is bound to an object it is
    /// the object's type.
    pub fn owner_of_claim(&self, python: &Python) -> Object {
        match NonNull::new(self.receiver) {
            // SAFETY: the callable keeps its receiver alive, and the receiver its type.
            Some(receiver) if !unsafe { is_module_or_type(receiver.as_ptr()) } => unsafe {
                let class = ffi::Py_TYPE(receiver.as_ptr());
                Object::from_borrowed(python, NonNull::new(class.cast()).expect("an object has a type"))
            },
            _ => self.owner(python),
        }
    }

    /// Whether it is a function of a module.
    pub fn bound_to_module(&self) -> bool {
        // SAFETY: the callable keeps its receiver alive.
        !self.receiver.is_null() && unsafe { ffi::PyModule_Check(self.receiver) } != 0
    }

    /// The definition for a function that replaces this one: the same name and docstring, the convention of its stubs,
    /// and no other flags, so that CPython's own call specializations apply.
    pub fn plain_def(&self) -> ffi::PyMethodDef {
        if let Some((_, foreign)) = &self.foreign {
            let mut def = ffi::PyMethodDef::zeroed();
            (def.ml_name, def.ml_flags) = (foreign.name.as_ptr(), FASTCALL_KEYWORDS);
            return def;
        }
        // SAFETY: the definition belongs to the callable, which `self` owns.
        let def = unsafe { &*self.def.cast::<ffi::PyMethodDef>() };
        let ml_flags = match self.convention.of_stub(self.binding) {
            stub if stub == self.convention => def.ml_flags & CONVENTION_BITS,
            MethodConvention::FastCallKeywords => FASTCALL_KEYWORDS,
            _ => ffi::METH_FASTCALL,
        };
        ffi::PyMethodDef { ml_flags, ..*def }
    }

    /// The overloads with which the callable can be called by position.
    ///
    /// # Errors
    /// If there are none: the reason for the first overload.
    pub fn callable_overloads(&self, python: &Python, known: &KnownMethod) -> Result<Vec<u16>, Error> {
        let mut fitting = Vec::new();
        let mut reason = None;
        for (index, overload) in known.signature.overloads.iter().enumerate() {
            let checked = match known.target {
                CalleeTarget::Underlying => {
                    self.check_receiver(python, overload).and_then(|()| self.check_arity(python, overload))
                }
                CalleeTarget::Method | CalleeTarget::Class => self.check_objects(python, overload),
            };
            match checked {
                Ok(()) => fitting.push(u16::try_from(index).expect("a signature has at most 16 overloads")),
                Err(error) => reason = reason.or(Some(error)),
            }
        }
        if fitting.is_empty() {
            return Err(reason.unwrap_or_else(|| Error::Untyped(self.name(python))));
        }
        Ok(fitting)
    }

    fn check_receiver(&self, python: &Python, overload: &Overload) -> Result<(), Error> {
        let typed = overload.parameters.iter().enumerate().any(|(position, parameter)| {
            let stolen = overload.effects.steals >> position & 1 == 1;
            parameter.receiver && (parameter.kind != Kind::Object || stolen)
        });
        let is_static = self.binding == Binding::Function && self.receiver.is_null();
        if typed && is_static {
            let reason = format!("{overload}: a static method gets a null pointer as self, which is no object");
            return Err(self.mismatch(python, reason));
        }
        Ok(())
    }

    fn check_arity(&self, python: &Python, overload: &Overload) -> Result<(), Error> {
        let arguments = overload.arguments().count();
        let convention = self.convention.name();
        if !self.convention.passes(arguments) {
            let reason = format!("{overload} has {arguments} arguments, which {convention} does not pass");
            return Err(self.mismatch(python, reason));
        }
        let described = |position: usize, parameter: &Parameter| match &parameter.name {
            Some(name) => name.clone(),
            None => format!("parameter {position}"),
        };
        for (position, parameter) in overload.arguments() {
            let name = || described(position, parameter);
            if parameter.keyword_only && !self.convention.takes_keywords() {
                let reason = format!(
                    "{overload}: {} is given by name only, and {convention} passes no names: define the method as \
                     METH_FASTCALL | METH_KEYWORDS",
                    name()
                );
                return Err(self.mismatch(python, reason));
            }
            if parameter.default.is_some() && self.convention == MethodConvention::O {
                let reason = format!(
                    "{overload}: {} may be left out, and {convention} always passes an argument: define the method as \
                     METH_FASTCALL, or declare no default",
                    name()
                );
                return Err(self.mismatch(python, reason));
            }
        }
        Ok(())
    }

    /// Checks that a signature can be that of `ml_meth` itself.
    ///
    /// # Errors
    /// If a parameter or the result is not an object, or their number does not fit the convention.
    pub fn check_objects(&self, python: &Python, overload: &Overload) -> Result<(), Error> {
        let objects = overload.parameters.iter().all(|parameter| parameter.kind.is_object());
        if !objects || !overload.result.is_object() || overload.has_context() {
            let reason = "ml_meth takes and returns objects only: write `float` for `f64`, `int` for `i64`";
            return Err(self.mismatch(python, format!("{overload}: {reason}")));
        }
        if let Some((_, parameter)) = overload.arguments().find(|(_, parameter)| parameter.keyword_only) {
            let name = parameter.name.as_deref().unwrap_or("it");
            let reason = format!(
                "{overload}: {name} is given by name only, and a direct call of ml_meth passes no names: leave the \
                 parameter out of the signature, so that calls that name it are made as before"
            );
            return Err(self.mismatch(python, reason));
        }
        if overload.has_receiver() && self.binding == Binding::Function {
            return Err(self.mismatch(python, format!("{overload}: a function has no self among its arguments")));
        }
        self.check_arity(python, overload)
    }

    fn mismatch(&self, python: &Python, reason: String) -> Error {
        Error::Mismatch { name: self.name(python), reason }
    }
}

/// The object whose lifetime a definition has.
pub(crate) fn owner_of(python: &Python, found: &Definition) -> Object {
    // SAFETY: the fields are borrowed from a live callable, which is not null; an object keeps its type alive.
    let owner = unsafe {
        match found.receiver {
            Receiver::Function { m_self } if is_module_or_type(m_self) => m_self,
            // The object that a function is bound to may own the definition, such as a capsule that was made with it.
            Receiver::Function { .. } => found.callable,
            Receiver::Method { d_type } | Receiver::ClassMethod { d_type } => d_type.cast(),
        }
    };
    // SAFETY: as above.
    unsafe { Object::from_borrowed(python, NonNull::new(owner).expect("a live callable is no null")) }
}

/// # Safety
/// The object is alive, or null.
unsafe fn is_module_or_type(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises a live object.
    !object.is_null() && unsafe { ffi::PyModule_Check(object) != 0 || ffi::PyType_Check(object) != 0 }
}

/// A description of an object, made without running any of its code.
pub(crate) fn described(python: &Python, object: &Object) -> String {
    // SAFETY: the object is alive, and the thread attached; a type's name is a C string that lives as long as the type.
    unsafe {
        if ffi::PyFunction_Check(object.as_ptr()) != 0
            && let Ok(name) = object.attr(python, "__qualname__").and_then(|name| name.text(python))
        {
            return format!("the function {name}");
        }
        let name = |class: *mut ffi::PyTypeObject| CStr::from_ptr((*class).tp_name).to_string_lossy().into_owned();
        if ffi::PyType_Check(object.as_ptr()) != 0 {
            return format!("the type {}", name(object.as_ptr().cast()));
        }
        format!("an object of type {}", name(ffi::Py_TYPE(object.as_ptr())))
    }
}

/// METH_FASTCALL | METH_KEYWORDS.
const FASTCALL_KEYWORDS: i32 = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
/// METH_METHOD, which always comes with these two.
const METHOD: i32 = ffi::METH_METHOD | FASTCALL_KEYWORDS;
/// METH_VARARGS | METH_KEYWORDS.
const VARARGS_KEYWORDS: i32 = ffi::METH_VARARGS | ffi::METH_KEYWORDS;

/// The defining class of a METH_METHOD function; null for others.
///
/// # Safety
/// The function is alive.
unsafe fn defining_class(function: *mut ffi::PyObject) -> *mut ffi::PyTypeObject {
    // SAFETY: only functions of this type have the field.
    unsafe {
        if ffi::PyObject_TypeCheck(function, &raw mut ffi::PyCMethod_Type) == 0 {
            return null_mut();
        }
        (*function.cast::<ffi::PyCMethodObject>()).mm_class
    }
}

/// The bits of `ml_flags` that say how `ml_meth` is called.
pub(crate) const CONVENTION_BITS: i32 =
    ffi::METH_VARARGS | ffi::METH_KEYWORDS | ffi::METH_NOARGS | ffi::METH_O | ffi::METH_FASTCALL | ffi::METH_METHOD;
