//! Decodes the code objects of the running interpreter.

use std::ptr::NonNull;
use std::sync::Arc;

use pyo3_ffi as ffi;

use super::error::DecodeError;
use super::{CodeSource, Decoded, Extra, raw};
use crate::bytecode::opcodes::Opcodes;
use crate::bytecode::{ArgumentCounts, Code, Constant, LocalKind, LocalVariable, exceptions, lines};
use crate::embed::{Exception, Object, Python};

/// Decodes a code object of the running interpreter.
///
/// ```
/// use typedcall::bytecode;
/// use typedcall::embed::Python;
///
/// let python = Python::attach();
/// let names = python.namespace()?;
/// python.run("def shout(x):\n    return x.upper()", &names)?;
/// let code = names.item(&python, "shout").expect("it was just defined").attr(&python, "__code__")?;
/// let code = bytecode::decode(&python, &code)?;
/// assert_eq!(&*code.locals[0].name, "x");
/// println!("{code}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the object is not a code object, or CPython's compiler did not make it.
pub fn decode(python: &Python, code: &Object) -> Result<Code, DecodeError> {
    // SAFETY: the object is alive, and the thread attached.
    let is_code = unsafe { ffi::Py_TYPE(code.as_ptr()) == &raw mut ffi::PyCode_Type };
    if !is_code {
        return Err(DecodeError::NotCode { class: class_name(python, code) });
    }
    let reader = CodeReader { python, code };
    let qualname = reader.text("co_qualname").unwrap_or_else(|_| "<unknown>".into());
    let unreadable = |exception| DecodeError::Unreadable { code: qualname.to_string(), exception };
    let opcodes = Opcodes::running(python).map_err(unreadable)?;
    let decoded = reader.read(opcodes, &qualname);
    match decoded {
        Ok(code) => code,
        Err(exception) => Err(unreadable(exception)),
    }
}

/// Decodes the code of a Python function.
///
/// # Errors
/// The errors of [`decode`]; also if the object has no `__code__`.
pub fn decode_function(python: &Python, function: &Object) -> Result<Code, DecodeError> {
    match function.attr(python, "__code__") {
        Ok(code) => decode(python, &code),
        Err(_) => Err(DecodeError::NotCode { class: class_name(python, function) }),
    }
}

fn class_name(python: &Python, object: &Object) -> String {
    let name = || object.attr(python, "__class__")?.attr(python, "__name__")?.text(python);
    name().unwrap_or_else(|_| "an object".to_owned())
}

struct CodeReader<'a> {
    python: &'a Python,
    code: &'a Object,
}

impl CodeReader<'_> {
    /// The outer error is an exception of the interpreter, the inner one an error in the code.
    fn read(&self, opcodes: &Opcodes, qualname: &Arc<str>) -> Result<Result<Code, DecodeError>, Exception> {
        let flags = self.number("co_flags")?;
        /// `CO_VARARGS` and `CO_VARKEYWORDS`.
        const VARARGS: u32 = 0x4;
        const VARKEYWORDS: u32 = 0x8;
        let arguments = ArgumentCounts {
            positional: self.number("co_argcount")?,
            positional_only: self.number("co_posonlyargcount")?,
            keyword_only: self.number("co_kwonlyargcount")?,
            varargs: flags & VARARGS != 0,
            varkeywords: flags & VARKEYWORDS != 0,
        };
        let locals = localsplus(self.names("co_varnames")?, &self.names("co_cellvars")?, self.names("co_freevars")?);
        let mut consts: Vec<Constant> = self.tuple("co_consts")?.into_iter().map(Constant::Live).collect();
        let names = self.names("co_names")?;
        let first_line = self.number("co_firstlineno")?;
        let bytes = self.bytes("co_code")?;
        let name_of = |problem: raw::RawError| {
            let raw::RawError { offset, opcode, problem } = problem;
            DecodeError::BytecodeInstruction { code: qualname.to_string(), offset, opcode, problem }
        };
        let lines = lines::read(&self.bytes("co_linetable")?, first_line, bytes.len() / 2);
        let instructions = match raw::read(opcodes, &bytes, &lines) {
            Ok(instructions) => instructions,
            Err(error) => return Ok(Err(name_of(error))),
        };
        let Some(exceptions) = exceptions::read(&self.bytes("co_exceptiontable")?) else {
            return Ok(Err(DecodeError::ExceptionTable { code: qualname.to_string() }));
        };
        let strings = |index: u32| match consts.get(index as usize) {
            Some(Constant::Live(tuple)) => self.strings(tuple),
            _ => None,
        };
        let source = CodeSource {
            opcodes,
            instructions,
            exceptions: &exceptions,
            locals: &locals,
            consts: consts.len(),
            names: names.len(),
            strings: &strings,
        };
        let Decoded { instructions, handlers, raw_stacks, extras } = match source.decode() {
            Ok(decoded) => decoded,
            Err(error) => return Ok(Err(name_of(error))),
        };
        for extra in extras {
            consts.push(Constant::Live(self.extra(&extra)?));
        }
        let mut code = Code {
            name: self.text("co_name")?,
            qualname: qualname.clone(),
            filename: self.text("co_filename")?,
            first_line,
            flags,
            arguments,
            locals,
            consts,
            names,
            instructions,
            handlers,
            raw_stacks,
            stack_size: 0,
            object: Some(self.code.clone_ref(self.python)),
        };
        Ok(match code.depths() {
            Ok(depths) => {
                code.stack_size = code.highest(&depths);
                Ok(code)
            }
            Err(error) => Err(DecodeError::Stack { code: qualname.to_string(), error }),
        })
    }

    /// The object of a constant that the decoder adds for an instruction.
    fn extra(&self, extra: &Extra) -> Result<Object, Exception> {
        let python = self.python;
        match *extra {
            Extra::Int(value) => python.int(value.into()),
            Extra::AssertionError => python.import("builtins")?.attr(python, "AssertionError"),
            Extra::Common(index) => {
                let constants = python.import("opcode")?.attr(python, "_common_constants")?;
                // SAFETY: the thread is attached, and the list alive; an index that is too large raises.
                unsafe { python.owned(ffi::PySequence_GetItem(constants.as_ptr(), index as isize)) }
            }
        }
    }

    fn attr(&self, name: &str) -> Result<Object, Exception> {
        self.code.attr(self.python, name)
    }

    fn text(&self, name: &str) -> Result<Arc<str>, Exception> {
        let text = self.attr(name)?;
        text.as_str(self.python).map(Arc::from).ok_or_else(|| unexpected(name))
    }

    fn number(&self, name: &str) -> Result<u32, Exception> {
        let number = self.attr(name)?;
        // SAFETY: the thread is attached and the object alive; an object that is not an int leaves an exception.
        let value = unsafe { ffi::PyLong_AsLongLong(number.as_ptr()) };
        // SAFETY: the thread is attached.
        if value == -1 && unsafe { !ffi::PyErr_Occurred().is_null() } {
            return Err(self.python.take_exception());
        }
        // `co_firstlineno` of some generated code is negative; then no line is known.
        Ok(u32::try_from(value).unwrap_or(0))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Exception> {
        let bytes = self.attr(name)?;
        // SAFETY: the thread is attached; the object is checked, alive, and its bytes don't move.
        unsafe {
            if ffi::PyBytes_Check(bytes.as_ptr()) == 0 {
                return Err(unexpected(name));
            }
            let length = usize::try_from(ffi::PyBytes_Size(bytes.as_ptr())).unwrap_or(0);
            Ok(std::slice::from_raw_parts(ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>(), length).to_vec())
        }
    }

    fn names(&self, name: &str) -> Result<Vec<Arc<str>>, Exception> {
        self.strings(&self.attr(name)?).ok_or_else(|| unexpected(name))
    }

    fn tuple(&self, name: &str) -> Result<Vec<Object>, Exception> {
        items(self.python, &self.attr(name)?).ok_or_else(|| unexpected(name))
    }

    /// The items of a tuple of strings; `None` for others.
    fn strings(&self, tuple: &Object) -> Option<Vec<Arc<str>>> {
        items(self.python, tuple)?.iter().map(|item| item.as_str(self.python).map(Arc::from)).collect()
    }
}

fn unexpected(attribute: &str) -> Exception {
    Exception::new("TypeError", format!("{attribute} has an unexpected type"))
}

/// The items of a tuple.
fn items(python: &Python, tuple: &Object) -> Option<Vec<Object>> {
    // SAFETY: the thread is attached; the type is checked, and the items are borrowed from the tuple.
    unsafe {
        if ffi::PyTuple_Check(tuple.as_ptr()) == 0 {
            return None;
        }
        let item = |index| NonNull::new(ffi::PyTuple_GetItem(tuple.as_ptr(), index));
        (0..ffi::PyTuple_Size(tuple.as_ptr())).map(|index| Some(Object::from_borrowed(python, item(index)?))).collect()
    }
}

/// The slots of a frame: local variables, then cells that are not local variables, then free variables.
pub(in crate::bytecode) fn localsplus(
    variables: Vec<Arc<str>>,
    cells: &[Arc<str>],
    free: Vec<Arc<str>>,
) -> Vec<LocalVariable> {
    let kind = |name: &Arc<str>| if cells.contains(name) { LocalKind::Cell } else { LocalKind::Plain };
    let own = cells.iter().filter(|cell| !variables.contains(cell)).cloned();
    let own: Vec<_> = own.map(|name| LocalVariable { name, kind: LocalKind::Cell }).collect();
    let variables = variables.into_iter().map(|name| LocalVariable { kind: kind(&name), name });
    let free = free.into_iter().map(|name| LocalVariable { name, kind: LocalKind::Free });
    variables.chain(own).chain(free).collect()
}
