//! A whole parse. It runs Python code (`__index__`, `__float__`), which may release the GIL and never come back, so no
//! value here has a destructor.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::convert::{self, Request};
use super::packing::{dict_of, tuple_of};
use super::unit::{AcceptedClass, FormatUnit, SlotDefault, UnitReading, Variables, c_number};
use super::{Parser, Passing};
use crate::cpython::PY_BUFFER_BYTES;
use crate::cpython::unowned::{
    Py_DecRef, PyArg_Parse, PyArg_ParseTuple, PyArg_ParseTupleAndKeywords, PyBuffer_Release, PyErr_Format,
};
use crate::metadata::MAX_PARAMETERS;

const _: () = assert!(size_of::<ffi::Py_buffer>() == PY_BUFFER_BYTES);

/// The value of an object's slot until it is given: no object has this address.
const LEFT_OUT: u64 = 1;

/// The most pointers that a format needs: two for each unit.
const MAX_VARIABLES: usize = 2 * MAX_PARAMETERS;

/// Calls a variadic function with all variables. That may be more than its format needs, which C permits.
macro_rules! with_variables {
    ($function:ident($($fixed:expr),*), $all:expr) => {{
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af] = $all;
        $function(
            $($fixed,)* a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad,
            ae, af
        )
    }};
}

/// Parses the arguments of a call into `slots`: 0, or -1 with an exception set.
///
/// # Safety
/// The thread is attached; `arguments` and `names` are those of a vectorcall; after the slots there is room for the
/// `Py_buffer`s, which a successful call leaves to [`release`].
pub unsafe fn parse(
    parser: &Parser,
    arguments: *const *mut ffi::PyObject,
    count: isize,
    names: *mut ffi::PyObject,
    slots: *mut u64,
) -> c_int {
    // SAFETY: the caller promises the arguments and the room; everything that the variables point at outlives the
    // parse.
    unsafe {
        let views = parser.views(slots);
        parser.fill_defaults(slots, views);
        let empty = Request {
            slot: slots,
            view: views,
            class: AcceptedClass::Any,
            nullable: false,
            name: parser.name.as_ptr(),
            number: 0,
        };
        let mut requests = [empty; MAX_PARAMETERS];
        let variables = parser.variables(slots, views, &mut requests);
        let format = parser.format.as_ptr();
        let parsed = match parser.passing {
            Passing::Nothing => 1,
            Passing::One => with_variables!(PyArg_Parse(*arguments, format), variables),
            Passing::Positional => {
                let tuple = tuple_of(arguments, count);
                if tuple.is_null() {
                    return -1;
                }
                let parsed = with_variables!(PyArg_ParseTuple(tuple, format), variables);
                // The caller holds its items.
                Py_DecRef(tuple);
                parsed
            }
            Passing::Named => {
                let (tuple, dict) = (tuple_of(arguments, count), dict_of(arguments, count, names));
                let keywords = parser.keywords.as_ptr();
                let parsed = if tuple.is_null() || (dict.is_null() && !names.is_null()) {
                    0
                } else {
                    match with_variables!(PyArg_ParseTupleAndKeywords(tuple, dict, format, keywords), variables) {
                        0 => 0,
                        _ => c_int::from(parser.has_all_names(dict)),
                    }
                };
                // As above.
                Py_DecRef(dict);
                Py_DecRef(tuple);
                parsed
            }
        };
        if parsed == 0 || !parser.hold_defaults(slots) {
            release(parser, slots);
            return -1;
        }
        parser.finish(slots, views);
    }
    0
}

/// Gives up the references and views of a parse.
///
/// # Safety
/// The slots are those of a successful parse by this parser; they are released once.
pub unsafe fn release(parser: &Parser, slots: *mut u64) {
    // SAFETY: the caller promises the slots, and the views after them.
    unsafe {
        for index in parser.slots..parser.slots + parser.held {
            // Only once: a parse that fails has already released them, and its stub releases too.
            Py_DecRef(slots.add(index).replace(0) as *mut ffi::PyObject);
        }
        parser.release_views(parser.views(slots));
    }
}

impl Parser {
    fn views(&self, slots: *mut u64) -> *mut ffi::Py_buffer {
        slots.wrapping_add(self.slots + self.held).cast()
    }

    /// The views that a unit may have filled.
    fn buffers(&self) -> impl Iterator<Item = (&FormatUnit, usize)> {
        self.units.iter().filter_map(|unit| match unit.reading {
            UnitReading::Buffer(index) | UnitReading::OptionalBuffer(index) => Some((unit, index)),
            _ => None,
        })
    }

    /// Fills every slot with its default, and empties every view.
    unsafe fn fill_defaults(&self, slots: *mut u64, views: *mut ffi::Py_buffer) {
        // SAFETY: the caller has room for slots and views; a variable of a default is readable (the signature says so).
        unsafe {
            slots.write_bytes(0, self.slots + self.held);
            for unit in &self.units {
                slots.add(unit.slot).write(match &unit.default {
                    SlotDefault::Missing => 0,
                    SlotDefault::Bits(bits) => *bits,
                    SlotDefault::Text(text) => text.as_ptr() as u64,
                    // Read after everything else, since a converter may run code that replaces the object.
                    SlotDefault::Variable(_) => LEFT_OUT,
                });
            }
            for (_, index) in self.buffers() {
                views.add(index).write_bytes(0, 1);
            }
        }
    }

    /// The variables that the format's units write, in order.
    unsafe fn variables(
        &self,
        slots: *mut u64,
        views: *mut ffi::Py_buffer,
        requests: &mut [Request; MAX_PARAMETERS],
    ) -> [*mut c_void; MAX_VARIABLES] {
        let mut all = [null_mut(); MAX_VARIABLES];
        let mut used = 0;
        for (unit, request) in self.units.iter().zip(requests) {
            let slot = slots.wrapping_add(unit.slot);
            (request.slot, request.nullable, request.number) = (slot, unit.nullable, c_number(unit.number));
            let variables = match unit.reading {
                UnitReading::Plain(_) | UnitReading::Text(_) => Variables::one(slot.cast()),
                UnitReading::Instance(class) => Variables { first: class.cast(), second: Some(slot.cast()) },
                UnitReading::Converted(converter) => Variables::converted(converter, slot.cast()),
                UnitReading::Object(class) => {
                    request.class = class;
                    Variables::converted(convert::object, (&raw mut *request).cast())
                }
                UnitReading::Buffer(index) => Variables::one(views.wrapping_add(index).cast()),
                UnitReading::OptionalBuffer(index) => {
                    request.view = views.wrapping_add(index);
                    Variables::converted(convert::optional_buffer, (&raw mut *request).cast())
                }
            };
            for variable in [Some(variables.first), variables.second].into_iter().flatten() {
                all[used] = variable;
                used += 1;
            }
        }
        all
    }

    /// Whether all arguments are given that are required although the format calls them optional; raises as for others
    /// if not.
    unsafe fn has_all_names(&self, dict: *mut ffi::PyObject) -> bool {
        for (unit, name) in self.units.iter().zip(&self.keywords).filter(|(unit, _)| unit.must_be_named) {
            // SAFETY: a dict, or null if no argument is named; names are C strings.
            unsafe {
                if dict.is_null() || ffi::PyDict_GetItemString(dict, *name).is_null() {
                    let format = c"%.200s() missing required argument '%s' (pos %d)".as_ptr();
                    let number = c_number(unit.number);
                    PyErr_Format(ffi::PyExc_TypeError, format, self.name.as_ptr(), *name, number);
                    return false;
                }
            }
        }
        true
    }

    /// Writes the default objects of arguments that were left out, as if the caller had passed them, and holds them
    /// after the slots; raises if a variable has no object yet.
    unsafe fn hold_defaults(&self, slots: *mut u64) -> bool {
        let mut held = self.slots;
        for unit in &self.units {
            let SlotDefault::Variable(variable) = unit.default else { continue };
            // SAFETY: the caller promises the slots, and room after them; a variable of a default is readable (the
            // signature says so), and its object is alive.
            unsafe {
                let slot = slots.add(unit.slot);
                let word = slots.add(held);
                held += 1;
                if slot.read() != LEFT_OUT {
                    continue;
                }
                let object = variable.read();
                if object.is_null() && !unit.nullable {
                    let format = c"%.200s(): the variable with the default of argument %d holds no object".as_ptr();
                    PyErr_Format(ffi::PyExc_SystemError, format, self.name.as_ptr(), c_number(unit.number.max(1)));
                    return false;
                }
                ffi::Py_XINCREF(object);
                word.write(object as u64);
                slot.write(if unit.nullable && object == ffi::Py_None() { 0 } else { object as u64 });
            }
        }
        true
    }

    /// Writes the slots that no unit writes: lengths, and the contents of a `Py_buffer`.
    unsafe fn finish(&self, slots: *mut u64, views: *const ffi::Py_buffer) {
        for unit in &self.units {
            // SAFETY: the caller promises slots and views; text from a unit is NUL-terminated, and lives as long as the
            // object that it belongs to.
            unsafe {
                let slot = slots.add(unit.slot);
                match unit.reading {
                    UnitReading::Text(_) => {
                        let text = slot.read() as *const c_char;
                        let length = if text.is_null() { 0 } else { CStr::from_ptr(text).count_bytes() };
                        slot.add(1).write(length as u64);
                    }
                    UnitReading::Buffer(index) | UnitReading::OptionalBuffer(index) => {
                        let view = views.add(index);
                        slot.write((*view).buf as u64);
                        slot.add(1).write((*view).len as u64);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Releases the views that are filled.
    unsafe fn release_views(&self, views: *mut ffi::Py_buffer) {
        for (_, index) in self.buffers() {
            // SAFETY: the caller promises the views; one that is empty, or was released by CPython's parser, has no
            // object, and is left alone.
            unsafe { PyBuffer_Release(views.add(index)) };
        }
    }
}
