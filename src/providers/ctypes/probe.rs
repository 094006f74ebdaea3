//! Finds the offsets of the fields that the provider reads in ctypes' objects.
//!
//! `probe.py` makes objects that contain known pointers. Each pointer is looked for in two objects, and must be found
//! at exactly one offset, the same in both.

use std::mem::offset_of;
use std::ops::Range;

use pyo3_ffi as ffi;

use super::offsets::{
    Ctypes, CtypesTypes, FromParamMethods, FunctionOffsets, InfoOffsets, Offsets, ParameterOffsets, Tag, bound, flags,
    info, word,
};
use crate::cpython::memory;
use crate::embed::{Exception, Object, Python};

/// The reason why nothing is known about ctypes.
pub(super) enum Unprobed {
    /// Its objects do not have the expected layout.
    Layout(String),
    /// Python raised.
    Raised(Exception),
}

impl From<String> for Unprobed {
    fn from(reason: String) -> Self {
        Self::Layout(reason)
    }
}

impl From<Exception> for Unprobed {
    fn from(exception: Exception) -> Self {
        Self::Raised(exception)
    }
}

/// Probes this process's ctypes.
pub(super) fn probe(python: &Python) -> Result<Ctypes, Unprobed> {
    let names = python.namespace()?;
    python.run(include_str!("probe.py"), &names)?;
    let probes = Probes { python, names: &names };
    let types = probes.types()?;
    let methods = probes.methods()?;
    let offsets = probes.offsets(&types)?;
    let class_name = python.text("__class__")?;
    let class_descriptor = python.eval("object.__dict__['__class__']", &names)?;
    Ok(Ctypes { types, methods, offsets, class_name, class_descriptor, _names: names })
}

/// The objects that `probe.py` made.
struct Probes<'a> {
    python: &'a Python,
    names: &'a Object,
}

impl Probes<'_> {
    /// The items of a list.
    fn list(&self, name: &str) -> Result<Vec<*mut ffi::PyObject>, String> {
        let list = self.names.item(self.python, name).ok_or_else(|| format!("no {name}"))?;
        // SAFETY: the list is alive in the dict of names, and with it its items; its type is checked.
        unsafe {
            if ffi::PyList_Check(list.as_ptr()) == 0 {
                return Err(format!("{name} is no list"));
            }
            Ok((0..ffi::PyList_Size(list.as_ptr())).map(|index| ffi::PyList_GetItem(list.as_ptr(), index)).collect())
        }
    }

    /// The items of a list of ints.
    fn numbers(&self, name: &str) -> Result<Vec<usize>, String> {
        let items = self.list(name)?;
        // SAFETY: the items are alive, and ints.
        Ok(items.into_iter().map(|item| unsafe { ffi::PyLong_AsVoidPtr(item) } as usize).collect())
    }

    fn types(&self) -> Result<CtypesTypes, String> {
        let class = |object: &*mut ffi::PyObject| object.cast::<ffi::PyTypeObject>();
        let metatypes: Vec<_> = self.list("metatypes")?.iter().map(class).collect();
        let bases: Vec<_> = self.list("bases")?.iter().map(class).collect();
        let [simple_meta, pointer_meta, array_meta, function_meta, structure_meta, union_meta] = metatypes[..] else {
            return Err("there are not six metaclasses".into());
        };
        let [data, simple, pointer, array, function] = bases[..] else {
            return Err("there are not five base classes".into());
        };
        let reference = *self.list("references")?.first().ok_or("byref made nothing")?;
        let known = *self.list("pointed_types")?.first().ok_or("no types")?;
        // SAFETY: both are alive; a class's dict lives as long as the class.
        let (parameter, storage) = unsafe {
            let dict = (*known.cast::<ffi::PyTypeObject>()).tp_dict;
            let storage = if cfg!(Py_3_13) { std::ptr::null_mut() } else { ffi::Py_TYPE(dict) };
            (ffi::Py_TYPE(reference), storage)
        };
        Ok(CtypesTypes {
            data,
            simple,
            pointer,
            array,
            function,
            simple_meta,
            pointer_meta,
            array_meta,
            function_meta,
            structure_meta,
            union_meta,
            parameter,
            storage,
        })
    }

    fn methods(&self) -> Result<FromParamMethods, String> {
        // SAFETY: the methods are alive.
        let methods: Vec<_> = self.list("methods")?.into_iter().filter_map(|method| unsafe { bound(method) }).collect();
        let [simple, pointer, array, function, text, wide, void] = methods[..] else {
            return Err("a from_param is no built-in method".into());
        };
        let methods = [simple, pointer, array, text, wide, void].map(|(method, _)| method);
        if (1..methods.len()).any(|index| methods[..index].contains(&methods[index])) {
            return Err("two kinds of types share a from_param".into());
        }
        let [simple, pointer, array, text, wide, void] = methods;
        Ok(FromParamMethods { simple, pointer, data: [array, function.0], text, wide, void })
    }

    fn offsets(&self, types: &CtypesTypes) -> Result<Offsets, String> {
        let data = self.list("data")?;
        let b_ptr = self.find("b_ptr", &data, &self.numbers("data_addresses")?, types.data)?;
        let functions = self.list("functions")?;
        let addresses = self.numbers("function_addresses")?;
        for (&function, address) in functions.iter().zip(addresses) {
            // SAFETY: the function is alive, and its value is inside it, which is checked first.
            let at = unsafe { word(function.cast(), b_ptr) };
            let own = function as usize..function as usize + size(types.function);
            if !own.contains(&at) || memory::read::<usize>(at).ok() != Some(address) {
                return Err("a function's address is not where its value is".into());
            }
        }
        Ok(Offsets {
            b_ptr,
            function: self.function_offsets(&functions, types)?,
            parameter: self.parameter_offsets(types)?,
            info: self.info_offsets(types)?,
        })
    }

    fn function_offsets(
        &self,
        functions: &[*mut ffi::PyObject],
        types: &CtypesTypes,
    ) -> Result<FunctionOffsets, String> {
        let find = |what, objects: &[*mut ffi::PyObject], wanted: &str| {
            self.find(what, objects, &addresses(self.list(wanted)?), types.function)
        };
        let exported = self.list("exported")?;
        let callable = self.find("callable", &exported, &addresses(exported.clone()), types.function)?;
        // SAFETY: the functions are alive.
        if functions.iter().any(|function| unsafe { word(function.cast(), callable) } != 0) {
            return Err("a function made from an address has a callable".into());
        }
        let bases: Vec<_> = functions.iter().map(|function| function.cast::<u8>().cast_const()).collect();
        Ok(FunctionOffsets {
            converters: self.find_converters(&bases, words(types.function))?,
            restype: find("restype", functions, "function_results")?,
            checker: find("checker", functions, "function_checkers")?,
            errcheck: find("errcheck", functions, "function_errchecks")?,
            callable,
            paramflags: find("paramflags", &exported, "paramflags")?,
        })
    }

    fn parameter_offsets(&self, types: &CtypesTypes) -> Result<ParameterOffsets, String> {
        let references = self.list("references")?;
        let parameters = self.list("parameters")?;
        let is_character = |offset: &usize| {
            // SAFETY: the objects are alive, and larger.
            parameters
                .iter()
                .zip(b"Pid")
                .all(|(object, &tag)| unsafe { object.cast::<u8>().add(*offset).read() } == tag)
        };
        let is_text = |offset: &usize| {
            parameters.iter().zip([b"P", b"i", b"d"]).all(|(object, tag)| {
                // SAFETY: the objects are alive, and larger.
                let text = unsafe { word(object.cast(), *offset) };
                memory::read_text(text, 1).is_ok_and(|text| text == tag)
            })
        };
        let what = "the tag of a parameter";
        let bytes = size_of::<ffi::PyObject>()..size(types.parameter);
        let tag = match only(what, words(types.parameter).step_by(8).filter(is_text)) {
            Ok(offset) => Tag::Text(offset),
            Err(_) => Tag::Character(only(what, bytes.filter(is_character))?),
        };
        Ok(ParameterOffsets {
            tag,
            value: self.find("value", &references, &self.numbers("reference_addresses")?, types.parameter)?,
            object: self.find("obj", &references, &addresses(self.list("referred")?), types.parameter)?,
        })
    }

    fn info_offsets(&self, types: &CtypesTypes) -> Result<InfoOffsets, String> {
        let infos = |name: &str| -> Result<Vec<*const u8>, String> {
            // SAFETY: the classes are alive.
            let infos = self.list(name)?.into_iter().map(|class| unsafe { info(class.cast(), types.storage) });
            infos.map(|info| if info.is_null() { Err("a class has no info".into()) } else { Ok(info) }).collect()
        };
        let span = if cfg!(Py_3_13) {
            // SAFETY: a metaclass has a base.
            size(&raw mut ffi::PyType_Type)..size(types.pointer_meta)
        } else {
            size(&raw mut ffi::PyDict_Type)..size(types.storage)
        };
        let functions = infos("function_types")?;
        let find = |what: &str, infos: &[*const u8], wanted: &str| {
            find_words(what, infos, &addresses(self.list(wanted)?), span.clone().step_by(8))
        };
        let simple = infos("simple_types")?;
        let has_formats = |offset: &usize| {
            simple.iter().zip(["<i", "<d", ">i"]).all(|(info, format)| {
                // SAFETY: it is in the span of the info.
                let text = unsafe { word(*info, *offset) };
                memory::read_text(text, format.len()).is_ok_and(|text| text == format.as_bytes())
            })
        };
        let wanted_flags = self.numbers("function_flags")?;
        let has_flags = |offset: &usize| {
            functions.iter().zip(&wanted_flags).all(|(info, &wanted)| {
                // SAFETY: it is in the span of the info.
                let found = unsafe { info.add(*offset).cast::<u32>().read() };
                // ctypes adds flags of its own.
                (found & !flags::OWN) as usize == wanted
            })
        };
        Ok(InfoOffsets {
            proto: find("proto", &infos("pointer_types")?, "pointed_types")?,
            format: only("the format of a class", span.clone().step_by(8).filter(has_formats))?,
            flags: only("the flags of a class", span.clone().step_by(4).filter(has_flags))?,
            converters: self.find_converters(&functions, span.clone())?,
            restype: find("the restype of a class", &functions, "function_results")?,
            checker: find("the checker of a class", &functions, "function_checkers")?,
        })
    }

    /// The offset at which each object has its word.
    fn find(
        &self,
        what: &str,
        objects: &[*mut ffi::PyObject],
        wanted: &[usize],
        class: *mut ffi::PyTypeObject,
    ) -> Result<usize, String> {
        let bases: Vec<_> = objects.iter().map(|object| object.cast::<u8>().cast_const()).collect();
        find_words(what, &bases, wanted, words(class).step_by(8))
    }

    /// The offset of tuples of one `from_param` method: those of the functions' arguments.
    fn find_converters(&self, bases: &[*const u8], span: Range<usize>) -> Result<usize, String> {
        let owners = self.list("function_arguments")?;
        let fits = |offset: &usize| {
            bases.iter().zip(&owners).all(|(base, &owner)| {
                // SAFETY: it is in the span of the object.
                let tuple = unsafe { word(*base, *offset) };
                is_converter_of(tuple, owner as usize)
            })
        };
        only("converters", span.step_by(8).filter(fits))
    }
}

/// `tp_basicsize`.
fn size(class: *mut ffi::PyTypeObject) -> usize {
    // SAFETY: only called for classes that are alive.
    usize::try_from(unsafe { (*class).tp_basicsize }).unwrap_or(0)
}

/// The offsets of an instance's words, after the header that every object has.
fn words(class: *mut ffi::PyTypeObject) -> Range<usize> {
    size_of::<ffi::PyObject>()..size(class)
}

fn addresses(objects: Vec<*mut ffi::PyObject>) -> Vec<usize> {
    objects.into_iter().map(|object| object as usize).collect()
}

fn find_words(
    what: &str,
    bases: &[*const u8],
    wanted: &[usize],
    offsets: impl Iterator<Item = usize>,
) -> Result<usize, String> {
    if bases.len() < 2 || bases.len() != wanted.len() {
        return Err(format!("{what} was not probed twice"));
    }
    // SAFETY: the offsets are within the objects, which are alive.
    let fits = |offset: &usize| bases.iter().zip(wanted).all(|(&base, &word_)| unsafe { word(base, *offset) } == word_);
    only(what, offsets.filter(fits))
}

/// The only item.
fn only(what: &str, mut offsets: impl Iterator<Item = usize>) -> Result<usize, String> {
    match (offsets.next(), offsets.next()) {
        (Some(offset), None) => Ok(offset),
        (None, _) => Err(format!("{what} was not found")),
        (Some(_), Some(_)) => Err(format!("{what} was found twice")),
    }
}

/// Whether a word, which may be anything, is a tuple of one built-in method of this object.
fn is_converter_of(tuple: usize, owner: usize) -> bool {
    let read = |address: usize| memory::read::<usize>(address).ok();
    let found = || {
        if tuple == 0 || !tuple.is_multiple_of(8) {
            return None;
        }
        let is_tuple = read(tuple + offset_of!(ffi::PyObject, ob_type))? == &raw const ffi::PyTuple_Type as usize;
        if !is_tuple || read(tuple + offset_of!(ffi::PyVarObject, ob_size))? != 1 {
            return None;
        }
        let method = read(tuple + offset_of!(ffi::PyTupleObject, ob_item))?;
        let class = read(method + offset_of!(ffi::PyObject, ob_type))?;
        let is_method = [&raw const ffi::PyCFunction_Type, &raw const ffi::PyCMethod_Type].map(|class| class as usize);
        (is_method.contains(&class) && read(method + offset_of!(ffi::PyCFunctionObject, m_self))? == owner)
            .then_some(())
    };
    found().is_some()
}
