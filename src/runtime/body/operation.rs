//! The functions that operations call if CPython has no function that does exactly that: `semantics`, as C functions.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::operand::{Number, operations};
use super::unit::Unit;
use crate::cpython::functions as api;
use crate::embed::Python;
use crate::operators::{Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Special};
use crate::semantics::{
    attributes, build, calls, format, functions, imports, intrinsics, iteration, names, patterns, with,
};
use crate::thread::owned::{Borrowed, Owned, borrowed};
use crate::thread::{Result, errors, interrupts};

type Object = *mut ffi::PyObject;

operations! {
    /// The value of a name in globals or builtins.
    fn load_global(python, unit: &Unit, name: Borrowed<'_>) -> Result<Owned> {
        names::load_global(python, unit.namespaces(), &name)
    }

    /// Binds a global.
    fn store_global(_python, unit: &Unit, name: Borrowed<'_>, value: Borrowed<'_>) -> Result {
        names::store_global(&unit.globals, &name, &value)
    }

    /// Unbinds a global.
    fn delete_global(python, unit: &Unit, name: Borrowed<'_>) -> Result {
        names::delete_global(python, &unit.globals, &name)
    }

    /// `builtins.__build_class__`
    fn load_build_class(python, unit: &Unit) -> Result<Owned> {
        names::load_build_class(python, &unit.builtins)
    }

    /// The content of a local's cell.
    fn load_cell(python, unit: &Unit, cell: Borrowed<'_>, local: Number) -> Result<Owned> {
        names::load_cell(python, &cell, unit.local(local.index())?)
    }

    /// `super(class, object).name`
    fn load_super_attr(
        _python,
        function: Borrowed<'_>,
        class: Borrowed<'_>,
        object: Borrowed<'_>,
        name: Borrowed<'_>,
        zero_arguments: Number,
    ) -> Result<Owned> {
        attributes::of_super(&function, &class, &object, &name, zero_arguments.index() != 0)
    }

    /// `{…, *iterable}`
    fn set_update(python, set: Borrowed<'_>, iterable: Borrowed<'_>) -> Result {
        build::set_update(python, &set, &iterable)
    }

    /// `[…, *iterable]`
    fn list_extend(_python, list: Borrowed<'_>, iterable: Borrowed<'_>) -> Result {
        build::list_extend(&list, &iterable)
    }

    /// `{…, **mapping}`
    fn dict_update(_python, dict: Borrowed<'_>, mapping: Borrowed<'_>) -> Result {
        build::dict_update(&dict, &mapping)
    }

    /// `callable(…, **mapping)`
    fn dict_merge(_python, dict: Borrowed<'_>, mapping: Borrowed<'_>, callable: Borrowed<'_>) -> Result {
        calls::merge_keywords(&dict, &mapping, &callable)
    }

    /// `format(value, "")`; for an exact `str`, the value itself.
    fn format_simple(_python, value: Borrowed<'_>) -> Result<Owned> {
        format::simple(&value)
    }

    /// A template of strings and interpolations.
    fn build_template(
        python, unit: &Unit, strings: Borrowed<'_>, interpolations: Borrowed<'_>
    ) -> Result<Owned> {
        format::template(python, &unit.globals, &strings, &interpolations)
    }

    /// An interpolation of a template; the index after the last conversion means none.
    fn build_interpolation(
        python,
        value: Borrowed<'_>,
        expression: Borrowed<'_>,
        format: Option<Borrowed<'_>>,
        conversion: Number,
    ) -> Result<Owned> {
        let conversion = Conversion::ALL.get(conversion.index()).map(|(conversion, _)| *conversion);
        format::interpolation(python, &value, &expression, conversion, format.as_deref())
    }

    /// `callable(*arguments, **keywords)`
    fn call_unpacked(
        python, callable: Borrowed<'_>, arguments: Borrowed<'_>, keywords: Option<Borrowed<'_>>
    ) -> Result<Owned> {
        let result = calls::unpacked(&callable, &arguments, keywords.as_deref())?;
        interrupts::serve(python)?;
        Ok(result)
    }

    /// A function with a code object.
    fn make_function(_python, unit: &Unit, code: Borrowed<'_>) -> Result<Owned> {
        functions::make(&unit.globals, &code)
    }

    /// Gives a function one of its parts.
    fn set_function_attribute(
        python, function: Borrowed<'_>, value: Borrowed<'_>, attribute: Number
    ) -> Result {
        functions::set_attribute(python, attribute.of(&FunctionAttribute::ALL)?, &function, &value)
    }

    /// A tuple of all items; there must be exactly `count`.
    fn unpack_sequence(_python, sequence: Borrowed<'_>, count: Number) -> Result<Owned> {
        iteration::unpack(&sequence, count.count())
    }

    /// The first `before` items as a tuple, then a list of the rest, then the last `after` items.
    fn unpack_ex(_python, sequence: Borrowed<'_>, before: Number, after: Number) -> Result<Owned> {
        iteration::unpack_with_rest(&sequence, before.count(), after.count())
    }

    /// A tuple of a manager's bound `__exit__` and the result of its `__enter__`.
    fn before_with(python, manager: Borrowed<'_>) -> Result<Owned> {
        let methods = with::manager(python, &manager)?;
        match methods.enter.call() {
            Ok(result) => build::tuple(&[methods.exit, result]),
            Err(raised) => {
                // Objects that die now may run Python code; the exception is set aside for that time.
                let pending = errors::take();
                drop(methods);
                pending.map(errors::restore);
                Err(raised)
            }
        }
    }

    /// `len(object)`
    fn get_len(_python, object: Borrowed<'_>) -> Result<Owned> {
        patterns::length(&object)
    }

    /// Whether an object is a mapping for patterns.
    fn match_mapping(_python, object: Borrowed<'_>) -> bool {
        patterns::is_mapping(&object)
    }

    /// Whether an object is a sequence for patterns.
    fn match_sequence(_python, object: Borrowed<'_>) -> bool {
        patterns::is_sequence(&object)
    }

    /// A tuple of the values of keys in a subject, or `None`.
    fn match_keys(python, subject: Borrowed<'_>, keys: Borrowed<'_>) -> Result<Owned> {
        patterns::match_keys(python, &subject, &keys)
    }

    /// A tuple of the attributes of a subject for a class pattern, or `None`.
    fn match_class(
        python, subject: Borrowed<'_>, class: Borrowed<'_>, names: Borrowed<'_>, positional: Number
    ) -> Result<Owned> {
        patterns::match_class(python, &subject, &class, positional.count(), &names)
    }

    /// `import name`
    fn import_name(
        python, unit: &Unit, name: Borrowed<'_>, level: Borrowed<'_>, names: Borrowed<'_>
    ) -> Result<Owned> {
        imports::module(python, unit.namespaces(), &name, &level, &names)
    }

    /// `from module import name`
    fn import_from(python, unit: &Unit, module: Borrowed<'_>, name: Borrowed<'_>) -> Result<Owned> {
        imports::from(python, &unit.globals, &module, &name)
    }

    /// An intrinsic of one operand.
    fn intrinsic1(python, unit: &Unit, operand: Borrowed<'_>, intrinsic: Number) -> Result<Owned> {
        intrinsics::one(python, &unit.globals, intrinsic.of(&Intrinsic1::ALL)?, &operand)
    }

    /// An intrinsic of two operands.
    fn intrinsic2(
        python, unit: &Unit, first: Borrowed<'_>, second: Borrowed<'_>, intrinsic: Number
    ) -> Result<Owned> {
        intrinsics::two(python, &unit.globals, intrinsic.of(&Intrinsic2::ALL)?, &first, &second)
    }

    /// Serves waiting interrupts, at a backward jump.
    fn poll(python) -> Result {
        interrupts::serve(python)
    }
}

/// The function of a method and its receiver, or an attribute.
///
/// # Safety
/// The thread is attached; the objects are alive; `method_self` is null or a slot.
pub unsafe extern "C-unwind" fn load_method(object: Object, name: Object, method_self: *mut Object) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        let (object, name) = (Borrowed::new(object), Borrowed::new(name));
        method(attributes::method(&object, &name), &object, method_self)
    }
}

/// A special method and its receiver.
///
/// # Safety
/// The conditions of [`load_method`]; the unit is that of running code.
pub unsafe extern "C-unwind" fn load_special(
    unit: *const Unit,
    object: Object,
    special: usize,
    method_self: *mut Object,
) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        let (python, object) = (Python::assume_attached(), Borrowed::new(object));
        let special = Number(special).of(&Special::ALL);
        let found = special.and_then(|special| attributes::special(&python, &(*unit).globals, &object, special));
        method(found, &object, method_self)
    }
}

/// Hands a method over: the result is the callable, and the slot gets the object that it is called on.
///
/// # Safety
/// `method_self` is null or a slot.
unsafe fn method(found: Result<attributes::Method>, object: &Owned, method_self: *mut Object) -> Object {
    let Ok(method) = found else { return null_mut() };
    // SAFETY: as the caller promises.
    if let Some(slot) = unsafe { method_self.as_mut() } {
        *slot = if method.takes_object { object.again().into_ptr() } else { null_mut() };
    }
    method.callable.into_ptr()
}

/// Builds something from `count` objects.
///
/// # Safety
/// The thread is attached; `count` objects are alive.
unsafe fn built(items: *const Object, count: usize, build: impl FnOnce(&[Owned]) -> Result<Owned>) -> Object {
    // SAFETY: as the caller promises.
    build(unsafe { borrowed(items, count) }).map_or(null_mut(), Owned::into_ptr)
}

/// A tuple.
///
/// # Safety
/// The thread is attached; `count` objects are alive.
pub unsafe extern "C-unwind" fn build_tuple(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe { built(items, count, build::tuple) }
}

/// A list.
///
/// # Safety
/// The thread is attached; `count` objects are alive.
pub unsafe extern "C-unwind" fn build_list(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe { built(items, count, build::list) }
}

/// A set.
///
/// # Safety
/// The thread is attached; `count` objects are alive.
pub unsafe extern "C-unwind" fn build_set(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe { built(items, count, build::set) }
}

/// A dict of keys and values, which alternate.
///
/// # Safety
/// The thread is attached; `count` objects are alive.
pub unsafe extern "C-unwind" fn build_map(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe { built(items, count, build::map) }
}

/// A dict of values and, last, the tuple of their keys.
///
/// # Safety
/// The thread is attached; `count` objects, at least one, are alive.
pub unsafe extern "C-unwind" fn build_const_key_map(items: *const Object, count: usize) -> Object {
    let build = |items: &[Owned]| match items {
        [values @ .., keys] => build::const_key_map(values, keys),
        [] => Err(errors::system_error(c"a dict without keys")),
    };
    // SAFETY: as the caller promises.
    unsafe { built(items, count, build) }
}

/// These strings, joined.
///
/// # Safety
/// The thread is attached; `count` objects are alive.
pub unsafe extern "C-unwind" fn build_string(items: *const Object, count: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        let python = Python::assume_attached();
        built(items, count, |strings| format::join(&python, strings))
    }
}

/// A cell of the function's closure.
///
/// # Safety
/// The unit is that of running code; its closure has this cell.
pub unsafe extern "C" fn load_closure_cell(unit: *const Unit, index: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe {
        match &(*unit).closure {
            Some(closure) => ffi::Py_NewRef(ffi::PyTuple_GET_ITEM(closure.as_ptr(), index as ffi::Py_ssize_t)),
            None => null_mut(),
        }
    }
}

/// An item of a tuple that is long enough.
///
/// # Safety
/// The thread is attached; the object is a tuple with that many items.
pub unsafe extern "C" fn tuple_item(tuple: Object, index: usize) -> Object {
    // SAFETY: as the caller promises.
    unsafe { ffi::Py_NewRef(ffi::PyTuple_GET_ITEM(tuple, index as ffi::Py_ssize_t)) }
}

/// The next item; null if there is none, with an exception set unless that is the end.
///
/// # Safety
/// The thread is attached; the object is alive.
pub unsafe extern "C-unwind" fn iter_next(iterator: Object) -> Object {
    // SAFETY: as the caller promises; a result of `iter` is an iterator.
    unsafe { api::PyIter_Next(iterator) }
}

/// `a // b` of floats, as `float_floor_div` in Objects/floatobject.c; `b` is not zero.
pub extern "C" fn float_floor_divide(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 && (b < 0.0) != (remainder < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return 0.0f64.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}

/// `a % b` of floats, as `float_rem` in Objects/floatobject.c; `b` is not zero.
pub extern "C" fn float_remainder(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    if remainder == 0.0 {
        0.0f64.copysign(b)
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder + b
    } else {
        remainder
    }
}
