//! Functions: their parts, and making them.

use pyo3_ffi as ffi;

use crate::bytecode::FunctionAttribute;
use crate::embed::{Object, Python};

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Result, errors};

/// What a call of a function runs in.
pub struct Parts {
    pub globals: Object,
    pub builtins: Object,
    pub closure: Option<Object>,
}

impl Parts {
    /// Those of a Python function.
    pub fn of(python: &Python, function: &Object) -> Result<Self> {
        // SAFETY: the function is alive, and its type checked before its parts are borrowed.
        unsafe {
            let pointer = function.as_ptr();
            if ffi::PyFunction_Check(pointer) == 0 {
                return Err(errors::type_error(c"a Python function is interpreted, and nothing else"));
            }
            let globals = Owned::borrowed(ffi::PyFunction_GetGlobals(pointer));
            let builtins = Owned::new(ffi::PyObject_GetAttrString(pointer, c"__builtins__".as_ptr()))?;
            let closure = ffi::PyFunction_GetClosure(pointer);
            let closure = if closure.is_null() { None } else { Some(Owned::borrowed(closure)) };
            Ok(Self {
                globals: globals.into_object(python),
                builtins: builtins.into_object(python),
                closure: closure.map(|closure| closure.into_object(python)),
            })
        }
    }
}

impl Activation<'_> {
    /// `code -- function`
    pub(super) fn make_function(&mut self) -> Result {
        let code = self.pop()?;
        // SAFETY: the objects are alive; the code's type is checked.
        unsafe {
            if ffi::PyCode_Check(code.as_ptr()) == 0 {
                return Err(errors::system_error(c"a function is made of a code object"));
            }
            self.push_new(api::PyFunction_New(code.as_ptr(), self.frame.globals.as_ptr()))
        }
    }

    /// `value function -- function`
    pub(super) fn set_function_attribute(&mut self, attribute: FunctionAttribute) -> Result {
        let function = self.pop()?;
        let value = self.pop()?;
        // SAFETY: the objects are alive; a wrong type of value or function is a SystemError.
        unsafe {
            let (function, value) = (function.as_ptr(), &value);
            succeeded(match attribute {
                FunctionAttribute::Defaults => api::PyFunction_SetDefaults(function, value.as_ptr()),
                FunctionAttribute::KeywordDefaults => api::PyFunction_SetKwDefaults(function, value.as_ptr()),
                FunctionAttribute::Closure => api::PyFunction_SetClosure(function, value.as_ptr()),
                FunctionAttribute::Annotations => {
                    api::PyFunction_SetAnnotations(function, annotations(value)?.as_ptr())
                }
                FunctionAttribute::Annotate => {
                    let name = Owned::text(self.python, "__annotate__")?;
                    api::PyObject_SetAttr(function, name.as_ptr(), value.as_ptr())
                }
            })?;
        }
        self.push(function);
        Ok(())
    }
}

/// A dict of annotations, made of names and values in turn, as CPython does where somebody asks for it.
fn annotations(pairs: &Owned) -> Result<Owned> {
    // SAFETY: the thread is attached, the tuple alive, and it keeps its items alive.
    unsafe {
        if ffi::PyTuple_Check(pairs.as_ptr()) == 0 {
            return Ok(pairs.again());
        }
        let dict = Owned::new(ffi::PyDict_New())?;
        for index in (0..ffi::PyTuple_GET_SIZE(pairs.as_ptr()) - 1).step_by(2) {
            let item = |index| ffi::PyTuple_GET_ITEM(pairs.as_ptr(), index);
            succeeded(api::PyDict_SetItem(dict.as_ptr(), item(index), item(index + 1)))?;
        }
        Ok(dict)
    }
}
