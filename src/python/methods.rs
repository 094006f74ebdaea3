//! The functions of the module. Each is called by one of the package's Python files.

use std::ffi::CStr;
use std::fmt;
use std::ptr::NonNull;

use super::arguments::FastcallArguments;
use super::convert::{dict, list, none, optional_text, truth, tuple};
use super::dialect::dialect;
use super::functions;
use super::method_error::MethodError;
use super::state::specializer;
use super::trampoline::NativeMethod;
use crate::callable::Error;
use crate::embed::{Exception, Object, Python};
use crate::runtime::FallbackReason;
use crate::runtime::stub::cell::{bound_with, cell_type, compiled_for, is_stale, original_of};
use crate::specializer::Specializer;
use crate::specializer::{Entry, FunctionOptions};
use crate::stub::Stub;
use crate::stub::adopt::inspect;
use crate::stub::bind::BareFunction;

/// `function(callable, release_gil)`: returns the stub.
pub struct FunctionMethod;

impl NativeMethod for FunctionMethod {
    const NAME: &'static CStr = c"function";
    const DOC: &'static CStr = c"function($module, callable, release_gil, /)\n--\n\n\
        A built-in that behaves as callable does, and is faster; raises Error if there is none.";
    const ARITY: usize = 2;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let callable = arguments.object(python, 0);
        let options = FunctionOptions { release_gil: arguments.optional_bool(python, 1)? };
        let specializer = specializer(python)?;
        let gains = specializer.check_gain(python, &callable);
        let made = gains.and_then(|()| specializer.function_with(python, &callable, &options));
        match &made {
            Ok(function) => log::info!(target: "typedcall", "specialized {}", Described(python, function)),
            Err(error) => log::debug!(target: "typedcall", "not specialized: {error}"),
        }
        Ok(made?)
    }
}

/// The repr of an object, computed only if it is printed.
struct Described<'a>(&'a Python, &'a Object);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1.repr(self.0).unwrap_or_default())
    }
}

/// `adopt(module, dialect, types)`: returns its typed methods, and the rejected ones.
pub struct AdoptMethod;

impl NativeMethod for AdoptMethod {
    const NAME: &'static CStr = c"adopt";
    const DOC: &'static CStr = c"adopt($module, module, dialect, types, /)\n--\n\n\
        ({name: signature}, [(name, reason)]): the module's typed methods, and those whose metadata is rejected.";
    const ARITY: usize = 3;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        // SAFETY: the caller is responsible for the addresses, as the docs of `typedcall.adopt` say.
        let dialect = unsafe { dialect(python, &arguments.text(python, 1)?, &arguments.tuple(python, 2)?) }?;
        let adopted = specializer(python)?.adopt_as(python, &arguments.object(python, 0), &dialect)?;
        let signatures = adopted
            .methods
            .iter()
            .map(|method| Ok((&*method.name, python.text(&method.signature.to_string())?)))
            .collect::<Result<Vec<_>, Exception>>()?;
        let rejected = adopted
            .rejected
            .iter()
            .map(|method| tuple(python, [python.text(&method.name)?, python.text(&method.rejected.to_string())?]));
        Ok(tuple(python, [dict(python, signatures)?, list(python, rejected)?])?)
    }
}

/// `ready_cinder_table(address)`: returns the names of the methods in it.
pub struct ReadyCinderTableMethod;

impl NativeMethod for ReadyCinderTableMethod {
    const NAME: &'static CStr = c"ready_cinder_table";
    const DOC: &'static CStr = c"ready_cinder_table($module, address, /)\n--\n\n\
        Makes working callables of the typed definitions in the PyMethodDef[] at address; returns their names.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let table = arguments.address(python, 0)?.as_ptr();
        // SAFETY: the caller is responsible for the address, as the docs of `typedcall.ready_cinder_table` say.
        let readied = unsafe { specializer(python)?.ready_cinder_table(python, table) }?;
        Ok(list(python, readied.iter().map(|method| python.text(&method.name)))?)
    }
}

/// `bind(address, signature, name, module, doc, text_signature)`: returns a built-in for a C function without a
/// wrapper.
pub struct BindMethod;

impl NativeMethod for BindMethod {
    const NAME: &'static CStr = c"bind";
    const DOC: &'static CStr = c"bind($module, address, signature, name, module, doc, text_signature, /)\n--\n\n\
        A built-in that calls the C function at address.";
    const ARITY: usize = 6;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let address = arguments.address(python, 0)?;
        let (signature, name) = (arguments.text(python, 1)?, arguments.text(python, 2)?);
        let [module, doc, text_signature] = [3, 4, 5].map(|index| arguments.optional_text(python, index));
        let (module, doc, text_signature) = (module?, doc?, text_signature?);
        let options = crate::stub::bind::Bind {
            module: module.as_deref(),
            doc: doc.as_deref(),
            text_signature: text_signature.as_deref(),
        };
        // SAFETY: the caller is responsible for the address and the signature, as the docs of `typedcall.bind` say.
        Ok(unsafe { specializer(python)?.bind(python, address, &signature, &name, &options) }?)
    }
}

/// `signature(callable)`: returns its signature as text.
pub struct SignatureMethod;

impl NativeMethod for SignatureMethod {
    const NAME: &'static CStr = c"signature";
    const DOC: &'static CStr = c"signature($module, callable, /)\n--\n\n\
        The C signature of callable as text; raises Error if it has none.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let signature = specializer(python)?.signature(python, &arguments.object(python, 0))?;
        Ok(python.text(&signature.to_string())?)
    }
}

/// `original(object)`: returns the original of a stub.
pub struct OriginalMethod;

impl NativeMethod for OriginalMethod {
    const NAME: &'static CStr = c"original";
    const DOC: &'static CStr = c"original($module, object, /)\n--\n\n\
        The original of a stub; the object itself if it is not a stub.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let object = arguments.object(python, 0);
        Ok(original_of(python, &object).unwrap_or(object))
    }
}

/// `is_bound(object)`: whether it was made by `bind`.
pub struct IsBoundMethod;

impl NativeMethod for IsBoundMethod {
    const NAME: &'static CStr = c"is_bound";
    const DOC: &'static CStr = c"is_bound($module, object, /)\n--\n\n\
        Whether the object was made by bind: a built-in without an original.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        Ok(truth(python, bound_with(python, &arguments.object(python, 0)).is_some())?)
    }
}

/// `is_stale(object)`: whether it is a stub that makes no fast calls any more.
pub struct IsStaleMethod;

impl NativeMethod for IsStaleMethod {
    const NAME: &'static CStr = c"is_stale";
    const DOC: &'static CStr = c"is_stale($module, object, /)\n--\n\n\
        Whether the object is a stub of a ctypes function whose prototype has changed since.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        Ok(truth(python, is_stale(python, &arguments.object(python, 0)))?)
    }
}

/// `keeps_gil(object)`: whether it is a stub that was asked to keep the GIL.
pub struct KeepsGilMethod;

impl NativeMethod for KeepsGilMethod {
    const NAME: &'static CStr = c"keeps_gil";
    const DOC: &'static CStr = c"keeps_gil($module, object, /)\n--\n\n\
        Whether the object is a stub that keeps the GIL although the signature of its original releases it.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let callable = arguments.object(python, 0);
        let keeps = match compiled_for(python, &callable) {
            Some(own) if !own.releases_gil() => specializer(python)?.signature(python, &callable)?.releases_gil(),
            _ => false,
        };
        Ok(truth(python, keeps)?)
    }
}

/// `cell_type()`: the class of `__self__` of a function's stub.
pub struct CellTypeMethod;

impl NativeMethod for CellTypeMethod {
    const NAME: &'static CStr = c"cell_type";
    const DOC: &'static CStr = c"cell_type($module, /)\n--\n\n\
        The type of the stand-in for a module that is the __self__ of a stub.";
    const ARITY: usize = 0;

    fn call(python: &Python, _: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let class = NonNull::new(cell_type(python)?.cast()).ok_or(MethodError::Current)?;
        // SAFETY: the type lives for ever.
        Ok(unsafe { Object::from_borrowed(python, class) })
    }
}

/// The stub that Python calls, or an equal one; an existing stub keeps the effects that it was made with.
fn stub_of(python: &Python, specializer: &Specializer, callable: &Object) -> Result<Stub, Error> {
    if is_stale(python, callable) {
        let name = callable.attr(python, "__name__").and_then(|name| name.text(python))?;
        let reason = "its prototype was changed after it was specialized: ctypes makes the calls; specialize \
                      typedcall.original(f) again";
        return Err(Error::Mismatch { name, reason: reason.into() });
    }
    let Some((signature, functions)) = bound_with(python, callable) else {
        specializer.check_gain(python, callable)?;
        let release_gil = compiled_for(python, callable).map(|signature| signature.releases_gil());
        let options = FunctionOptions { release_gil };
        return specializer.stub_with(python, callable, Entry::Guarded, &options);
    };
    let name = callable.attr(python, "__qualname__").and_then(|name| name.text(python))?;
    let function = BareFunction { address: functions[0], overload: &signature.overloads[0], name: &name };
    // SAFETY: it was bound with this signature, for which its caller is responsible.
    unsafe { specializer.bind_stub(python, function) }
}

/// `describe(callable)`: the stages of its stub, except the machine's.
pub struct DescribeMethod;

impl NativeMethod for DescribeMethod {
    const NAME: &'static CStr = c"describe";
    const DOC: &'static CStr = c"describe($module, callable, /)\n--\n\n\
        A dict of texts: name, entry, signature, generic_ir, ir and plan of the stub that callable has, and\n\
        not_dispatched, a list of (overload, reason). Raises Error if there is no stub, or a stale one.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let (specializer, callable) = (specializer(python)?, arguments.object(python, 0));
        let stub = stub_of(python, specializer, &callable)?;
        let text = |text: &str| python.text(text);
        let signature = specializer.signature(python, &callable)?;
        let not_dispatched = stub.not_dispatched();
        let not_dispatched =
            not_dispatched.iter().map(|(overload, reason)| tuple(python, [text(overload)?, text(reason)?]));
        let described = [
            ("name", text(stub.name())?),
            ("entry", text(if stub.entry() == Entry::Checked { "checked" } else { "guarded" })?),
            ("signature", text(&signature.to_string())?),
            ("generic_ir", text(&stub.generic_ir())?),
            ("ir", text(&stub.ir())?),
            ("plan", text(&stub.plan()?.to_string())?),
            ("not_dispatched", list(python, not_dispatched)?),
        ];
        Ok(dict(python, described)?)
    }
}

/// `compiled(callable)`: the machine's stages of its stub.
pub struct CompiledMethod;

impl NativeMethod for CompiledMethod {
    const NAME: &'static CStr = c"compiled";
    const DOC: &'static CStr = c"compiled($module, callable, /)\n--\n\n\
        (clif, asm): the code of the stub that callable has; None if there is no such text.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let stub = stub_of(python, specializer(python)?, &arguments.object(python, 0))?;
        let (clif, asm) = (stub.clif()?, stub.machine_code()?);
        let texts = [optional_text(python, clif.as_deref())?, optional_text(python, asm.as_deref())?];
        Ok(tuple(python, texts)?)
    }
}

/// `inspect(module)`: lists its typed methods and changes nothing.
pub struct InspectMethod;

impl NativeMethod for InspectMethod {
    const NAME: &'static CStr = c"inspect";
    const DOC: &'static CStr = c"inspect($module, module, /)\n--\n\n\
        [(name, signature or None, reason or None, flagged)]: the module's methods that have metadata. Changes nothing.";
    const ARITY: usize = 1;

    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let found = inspect(python, &arguments.object(python, 0))?;
        let rows = found.iter().map(|member| {
            let name = python.text(&member.name)?;
            match &member.method {
                Ok(method) => {
                    let signature = python.text(&method.signature.to_string())?;
                    tuple(python, [name, signature, none(python), truth(python, method.flagged)?])
                }
                Err(rejected) => {
                    let reason = python.text(&rejected.to_string())?;
                    tuple(python, [name, none(python), reason, truth(python, false)?])
                }
            }
        });
        Ok(list(python, rows)?)
    }
}

/// `stats()`: counts of compiled code and of calls.
pub struct StatsMethod;

impl NativeMethod for StatsMethod {
    const NAME: &'static CStr = c"stats";
    const DOC: &'static CStr = c"stats($module, /)\n--\n\n\
        A dict of numbers, and of fallbacks, a dict of numbers.";
    const ARITY: usize = 0;

    fn call(python: &Python, _: &FastcallArguments<'_>) -> Result<Object, MethodError> {
        let stats = crate::specializer::Stats::now();
        let number = |number: u64| python.int(i64::try_from(number).unwrap_or(i64::MAX));
        let fallbacks = FallbackReason::ALL.map(|reason| Ok((reason.name(), number(stats.fallback(reason))?)));
        let fallbacks = fallbacks.into_iter().collect::<Result<Vec<_>, Exception>>()?;
        let entries = [
            ("shapes", number(stats.shapes as u64)?),
            ("stubs", number(stats.stubs as u64)?),
            ("permanent", number(stats.permanent as u64)?),
            ("code_bytes", number(stats.code_bytes as u64)?),
            ("hits", number(stats.hits)?),
            ("fallbacks", dict(python, fallbacks)?),
        ];
        Ok(dict(python, entries.into_iter().chain(functions::stats(python)?))?)
    }
}
