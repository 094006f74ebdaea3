//! Reads a function object of ctypes: the data about its C function, or the reason why there is none.
//!
//! Everything that `PyCFuncPtr_call` of `Modules/_ctypes/_ctypes.c` reads is read from the same place, since a class's
//! attributes may differ from it by now.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::cache::Cache;
use super::convert::{CharacterArgument, FromParam, PointerArgument, is_subtype};
use super::offsets::{Ctypes, bound, flags, word};
use super::result::{InstanceResult, PlainResult, instance_value, scalar};
use crate::embed::{Object, Python};
use crate::metadata::{Effects, ForeignKind, Kind, MAX_PARAMETERS, Overload, Parameter, Raises, Scalar};
use crate::providers::ForeignFunction;
use crate::providers::NoFunction;
use crate::runtime::stub::foreign::{ConvertArgument, ConvertResult, Watched};

/// The data about a function object, which is an instance of `_ctypes.CFuncPtr`.
///
/// # Errors
/// The reason why it has no stub.
pub(super) fn read(python: &Python, ctypes: &'static Ctypes, callable: &Object) -> Result<ForeignFunction, NoFunction> {
    // This runs Python code, which may change the function, so it comes first.
    let name = name(python, callable);
    // SAFETY: the function is alive and the thread attached.
    let function = unsafe { FunctionObject::of(ctypes, callable.as_ptr()) };
    function.read(python, name.clone()).map_err(|reason| NoFunction::Mismatch { name, reason })
}

/// A function object, with the data that a call of it reads.
struct FunctionObject {
    ctypes: &'static Ctypes,
    object: *mut ffi::PyObject,
    class: *mut ffi::PyTypeObject,
    /// ctypes' data about the class; not null for classes that have instances.
    info: *const u8,
}

/// The kind that is passed, and the converter from an object.
type PassedArgument = (Kind, Option<Box<dyn ConvertArgument>>);
/// The kind that is returned, and the converter to an object.
type Returned = (Kind, Option<Box<dyn ConvertResult>>);

/// A reason for the user.
type ReasonText = String;

impl FunctionObject {
    /// # Safety
    /// The object is an instance of `_ctypes.CFuncPtr`, alive; the thread is attached.
    unsafe fn of(ctypes: &'static Ctypes, object: *mut ffi::PyObject) -> Self {
        // SAFETY: as the caller promises.
        unsafe {
            let class = ffi::Py_TYPE(object);
            Self { ctypes, object, class, info: ctypes.info(class) }
        }
    }

    fn read(&self, python: &Python, name: String) -> Result<ForeignFunction, ReasonText> {
        let ctypes = self.ctypes;
        // An allocation may start the collector, which runs Python code. So the watched words are read before anything
        // else, and everything that was read is held before anything is allocated: the stub notices a change from here
        // on.
        let place = self.address();
        let flags = self.check()?;
        let mut holds = Vec::new();
        let mut hold = |object: *mut ffi::PyObject| {
            // SAFETY: objects that a live function refers to are alive, and held from now on; the thread is attached.
            holds.extend(NonNull::new(object).map(|object| unsafe { Object::from_borrowed(python, object) }));
        };
        let offsets = (&ctypes.offsets.function, &ctypes.offsets.info);
        let converters = self.own_or_class(offsets.0.converters, offsets.1.converters);
        let restype = self.own_or_class(offsets.0.restype, offsets.1.restype);
        hold(self.class.cast());
        hold(converters);
        hold(restype);
        let (address, watched) = place?;

        let methods = self.methods(converters)?;
        let mut parameters = Vec::with_capacity(methods.len());
        let mut arguments = Vec::with_capacity(methods.len());
        for (position, method) in methods.into_iter().enumerate() {
            let (kind, converter) =
                argument(ctypes, method, &mut hold).map_err(|reason| format!("argument {}: {reason}", position + 1))?;
            parameters.push(Parameter::positional(kind));
            arguments.push(converter);
        }
        // SAFETY: the restype is alive and the thread attached.
        let (kind, result) = unsafe { returned(python, ctypes, restype) }?;
        let python_api = flags & flags::PYTHON_API != 0;
        let overload = Overload {
            parameters,
            result: kind,
            raises: if python_api { Raises::Check } else { Raises::Never },
            effects: Effects { nogil: !python_api, ..Effects::default() },
        };
        Ok(ForeignFunction { name, address, overload, arguments, result, watched, holds })
    }

    /// Refuses functions that only ctypes can call; returns the flags of the class.
    fn check(&self) -> Result<u32, ReasonText> {
        let ctypes = self.ctypes;
        let offsets = &ctypes.offsets.function;
        // SAFETY: the types are alive.
        let (call, plain_call) = unsafe { ((*self.class).tp_call, (*ctypes.types.function).tp_call) };
        if call.map(|call| call as usize) != plain_call.map(|call| call as usize) {
            return Err(format!("{} has a __call__ of its own", class_name(self.class)));
        }
        // SAFETY: the class is alive and the thread attached.
        if self.info.is_null() || unsafe { ffi::Py_TYPE(self.class.cast()) } != ctypes.types.function_meta {
            return Err(format!("{} has a metaclass of its own", class_name(self.class)));
        }
        // SAFETY: the offset was probed.
        let flags = unsafe { self.info.add(ctypes.offsets.info.flags).cast::<u32>().read() };
        if flags & flags::USE_ERRNO != 0 {
            return Err("its library was opened with use_errno=True, which ctypes handles".into());
        }
        if flags & flags::USE_LAST_ERROR != 0 {
            return Err("its library was opened with use_last_error=True, which ctypes handles".into());
        }
        let callable = self.own(offsets.callable);
        if !callable.is_null() && callable != self.object {
            return Err("it is a callback, made from a Python function".into());
        }
        if !self.own(offsets.errcheck).is_null() {
            return Err("its errcheck is set, which only ctypes calls".into());
        }
        if !self.own(offsets.paramflags).is_null() {
            return Err("it has paramflags, which only ctypes follows".into());
        }
        if !self.own_or_class(offsets.checker, ctypes.offsets.info.checker).is_null() {
            return Err("its restype has a _check_retval_, which only ctypes calls".into());
        }
        Ok(flags)
    }

    /// A field of the object.
    fn own(&self, offset: usize) -> *mut ffi::PyObject {
        // SAFETY: the offset was probed.
        unsafe { word(self.object.cast(), offset) as *mut ffi::PyObject }
    }

    /// A field of the object; if it is not set, that of its class.
    fn own_or_class(&self, own: usize, class: usize) -> *mut ffi::PyObject {
        let own = self.own(own);
        // SAFETY: the offset was probed.
        if own.is_null() { unsafe { word(self.info, class) as *mut ffi::PyObject } } else { own }
    }

    /// The `from_param` methods of the argtypes, from the time when the argtypes were set.
    fn methods(&self, converters: *mut ffi::PyObject) -> Result<Vec<*mut ffi::PyObject>, ReasonText> {
        // Without argtypes a call may have any arguments, and ctypes converts each: only a call without arguments would
        // be fast.
        if converters.is_null() {
            return Err("its argtypes are not set: set them ([] where it takes none)".into());
        }
        // SAFETY: the tuple is alive, its type checked.
        unsafe {
            if ffi::PyTuple_CheckExact(converters) == 0 {
                return Err("its argtypes are no tuple".into());
            }
            let count = ffi::PyTuple_Size(converters);
            if usize::try_from(count).is_ok_and(|count| count > MAX_PARAMETERS) {
                return Err(format!("it has {count} arguments, at most {MAX_PARAMETERS} can be passed"));
            }
            Ok((0..count).map(|index| ffi::PyTuple_GetItem(converters, index)).collect())
        }
    }

    /// The C function's address, with the words to watch: as long as these are unchanged, the address and everything
    /// else are too.
    fn address(&self) -> Result<(NonZeroUsize, Vec<Watched>), ReasonText> {
        let ctypes = self.ctypes;
        let offsets = &ctypes.offsets.function;
        let start = self.object as usize;
        // SAFETY: the object and its class are alive; the offsets were probed.
        unsafe {
            let value = ctypes.address(self.object) as usize;
            let size = usize::try_from((*ctypes.types.function).tp_basicsize).unwrap_or(0);
            if !(start..start + size).contains(&value) {
                return Err("its address is in memory that is not its own".into());
            }
            let address = (value as *const usize).read();
            let address = NonZeroUsize::new(address).ok_or("it is a null pointer")?;
            let watch = |at: *const usize| Watched { at, value: at.read() };
            let own = |offset: usize| watch(self.object.cast::<u8>().add(offset).cast::<usize>());
            let watched = vec![
                // Everything that is read later depends on these two.
                watch((&raw const (*self.object).ob_type).cast()),
                own(ctypes.offsets.b_ptr),
                watch(value as *const usize),
                own(offsets.converters),
                own(offsets.restype),
                own(offsets.checker),
                own(offsets.errcheck),
                watch((&raw const (*self.class).tp_call).cast()),
            ];
            Ok((address, watched))
        }
    }
}

/// How an argument is passed that a `from_param` method converts.
fn argument(
    ctypes: &'static Ctypes,
    method: *mut ffi::PyObject,
    hold: &mut impl FnMut(*mut ffi::PyObject),
) -> Result<PassedArgument, ReasonText> {
    // SAFETY: the method is alive, held with its tuple, as is the object that it is bound to; the thread is attached.
    unsafe {
        let own = || "its type has a from_param of its own, which ctypes calls".to_owned();
        let (function, class) = bound(method).ok_or_else(own)?;
        let types = &ctypes.types;
        let methods = &ctypes.methods;
        let meta = ffi::Py_TYPE(class.cast());
        if !types.is_meta(meta) {
            return Err(format!("{} has a metaclass of its own", class_name(class)));
        }
        let pointer = |rule| -> PassedArgument {
            let kind = if matches!(rule, FromParam::Object) { ForeignKind::Object } else { ForeignKind::Pointer };
            (Kind::Foreign(kind), Some(Box::new(PointerArgument { ctypes, class, rule, cache: Cache::default() })))
        };
        if function == methods.simple {
            return simple_argument(ctypes, class, pointer);
        }
        if function == methods.pointer && meta == types.pointer_meta {
            let item = ctypes.proto(class);
            if item.is_null() || ffi::PyType_Check(item) == 0 {
                return Err(format!("{} points at nothing known", class_name(class)));
            }
            let item_class = item.cast::<ffi::PyTypeObject>();
            if !types.is_meta(ffi::Py_TYPE(item)) {
                return Err(format!("{} has a metaclass of its own", class_name(item_class)));
            }
            hold(item);
            let at = ctypes.info(class).add(ctypes.offsets.info.proto).cast::<usize>();
            return Ok(pointer(FromParam::Pointer { item: item_class, at }));
        }
        if methods.data.contains(&function) {
            if meta == types.structure_meta || meta == types.union_meta {
                let name = class_name(class);
                return Err(format!("{name} is passed by value, as only ctypes does with structures and unions"));
            }
            if (meta == types.array_meta && is_subtype(class, types.array))
                || (meta == types.function_meta && is_subtype(class, types.function))
            {
                return Ok(pointer(FromParam::Instance));
            }
        }
        if meta == types.simple_meta {
            if function == methods.text {
                return Ok(pointer(FromParam::Characters { code: b'c' }));
            }
            if function == methods.wide {
                return Ok(pointer(FromParam::Characters { code: b'u' }));
            }
            if function == methods.void {
                return Ok(pointer(FromParam::Void));
            }
        }
        Err(own())
    }
}

/// How an argument of a simple type is passed.
///
/// # Safety
/// The class is alive and the thread attached.
unsafe fn simple_argument(
    ctypes: &'static Ctypes,
    class: *mut ffi::PyTypeObject,
    pointer: impl Fn(FromParam) -> PassedArgument,
) -> Result<PassedArgument, ReasonText> {
    // SAFETY: as the caller promises.
    let code = unsafe { ctypes.code(class) };
    Ok(match code {
        Some(b'c') => (Kind::Foreign(ForeignKind::Char), Some(Box::new(CharacterArgument::Char))),
        Some(b'u') => (Kind::Foreign(ForeignKind::Wchar), Some(Box::new(CharacterArgument::Wchar))),
        Some(b'O') => pointer(FromParam::Object),
        code => (Kind::Scalar(scalar(code).ok_or_else(|| not_passed(class))?), None),
    })
}

/// The kind that a function returns, and the converter to an object.
///
/// # Safety
/// The restype is null or alive, and the thread attached.
unsafe fn returned(
    python: &Python,
    ctypes: &'static Ctypes,
    restype: *mut ffi::PyObject,
) -> Result<Returned, ReasonText> {
    // SAFETY: as the caller promises.
    unsafe {
        if restype.is_null() {
            return Ok((Kind::Scalar(Scalar::I32), None));
        }
        if restype == ffi::Py_None() {
            return Ok((Kind::Void, None));
        }
        let types = &ctypes.types;
        let class = restype.cast::<ffi::PyTypeObject>();
        let meta = ffi::Py_TYPE(restype);
        if !types.is_meta(meta) {
            let is_class = ffi::PyType_Check(restype) != 0 && is_subtype(class, types.data);
            let reason = if is_class { "has a metaclass of its own" } else { "is called with the result by ctypes" };
            return Err(format!("its restype, {}, {reason}", describe(python, restype)));
        }
        let instance = |base: *mut ffi::PyTypeObject, kind, size| -> Result<Returned, ReasonText> {
            let new = (*base).tp_new.ok_or("its restype has no instances")?;
            let result = InstanceResult { ctypes, class, new, size };
            Ok((Kind::Foreign(kind), Some(Box::new(result))))
        };
        if meta == types.pointer_meta && is_subtype(class, types.pointer) && !ctypes.proto(class).is_null() {
            return instance(types.pointer, ForeignKind::Pointer, size_of::<usize>());
        }
        if meta == types.function_meta && is_subtype(class, types.function) {
            return instance(types.function, ForeignKind::Pointer, size_of::<usize>());
        }
        if meta != types.simple_meta || !is_subtype(class, types.simple) {
            return Err(format!("its restype, {}, is returned by value, as only ctypes does", class_name(class)));
        }
        simple_result(ctypes, class, instance)
    }
}

/// How a result of a simple type is returned.
///
/// # Safety
/// The class is alive and the thread attached.
unsafe fn simple_result(
    ctypes: &'static Ctypes,
    class: *mut ffi::PyTypeObject,
    instance: impl Fn(*mut ffi::PyTypeObject, ForeignKind, usize) -> Result<Returned, ReasonText>,
) -> Result<Returned, ReasonText> {
    // SAFETY: as the caller promises.
    unsafe {
        let code = ctypes.code(class);
        // An instance of a subclass of a simple type is not converted.
        if (*class).tp_base != ctypes.types.simple {
            let (kind, size) = instance_value(code).ok_or_else(|| not_passed(class))?;
            return instance(ctypes.types.simple, kind, size);
        }
        if let Some((kind, result)) = PlainResult::of(code) {
            return Ok((Kind::Foreign(kind), Some(Box::new(result))));
        }
        let scalar = scalar(code).ok_or_else(|| not_passed(class))?;
        if !ctypes.is_native(class) {
            return Err(format!("its restype, {}, has the other byte order", class_name(class)));
        }
        Ok((Kind::Scalar(scalar), None))
    }
}

fn not_passed(class: *mut ffi::PyTypeObject) -> ReasonText {
    format!("{} is passed and returned as only ctypes does", class_name(class))
}

/// The name that `CDLL` gave a function, or that of its class.
fn name(python: &Python, callable: &Object) -> String {
    let given = callable.attr(python, "__name__").ok().and_then(|name| name.as_str(python));
    // SAFETY: the function is alive.
    let class = || class_name(unsafe { ffi::Py_TYPE(callable.as_ptr()) });
    given.unwrap_or_else(class).replace('\0', "\\0")
}

/// The name of a class, from the class itself.
fn class_name(class: *mut ffi::PyTypeObject) -> String {
    // SAFETY: only called for classes that are alive, whose name is a C string.
    let name = unsafe { std::ffi::CStr::from_ptr((*class).tp_name) }.to_string_lossy();
    name.rsplit('.').next().unwrap_or(&name).to_owned()
}

/// A description of an object, for messages.
///
/// # Safety
/// The object is alive.
unsafe fn describe(python: &Python, object: *mut ffi::PyObject) -> String {
    let Some(object) = NonNull::new(object) else { return "NULL".into() };
    // SAFETY: as the caller promises.
    let object = unsafe { Object::from_borrowed(python, object) };
    object.repr(python).unwrap_or_else(|error| error.to_string())
}
