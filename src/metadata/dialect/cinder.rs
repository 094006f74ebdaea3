//! The `cinder` dialect: `ml_meth` points at a `Ci_PyTypedMethodDef`, and there is no wrapper at all.
//!
//! [`read_typed_def`] returns all that a definition says, [`TypedDef::overload`] the part that a signature can express.
//! The numbers are those of Cinder's `classloader.h` and CinderX's `StaticPython/typed_method_def.h`; their meaning is
//! in `_PyClassLoader_ConvertArg` and `_PyClassLoader_ConvertRet` there.

use std::ffi::c_void;
use std::num::NonZeroUsize;

use super::{BINDING_BITS, Metadata, check_function, check_overload, check_pointer, element, reject};
use crate::cpython::PythonType;
use crate::cpython::memory::{self, Plain};
use crate::cpython::object::MethodDef;
use crate::metadata::abi::{self, METH_TYPED};
use crate::metadata::check::Place;
use crate::metadata::reader::{Rejected, method_def, read_name};
use crate::metadata::signature::{
    DefaultValue, Effects, Kind, MAX_PARAMETERS, Overload, Parameter, Raises, Scalar, Signature,
};
use crate::metadata::values::{Flaw, identifier};

/// The most elements of a definition: the underlying function takes `self` before them.
pub const MAX_ELEMENTS: usize = MAX_PARAMETERS - 1;

/// `Ci_PyTypedMethodDef`.
#[repr(C)]
#[derive(Clone, Copy)]
struct RawDef {
    meth: usize,
    sig: usize,
    ret: u32,
    /// C's padding, with any content.
    padding: u32,
}

/// `Ci_Py_SigElement`.
#[repr(C)]
#[derive(Clone, Copy)]
struct RawElement {
    argtype: u32,
    /// C's padding, with any content.
    padding: u32,
    default_value: usize,
    name: usize,
}

const _: () = assert!(size_of::<RawDef>() == 24 && size_of::<RawElement>() == 24);

// SAFETY: integers only, and their sizes add up to the size asserted above: no padding.
unsafe impl Plain for RawDef {}
// SAFETY: as above.
unsafe impl Plain for RawElement {}

/// Offset of `se_default_value`.
const DEFAULT_VALUE: usize = 8;
/// `Ci_Py_SIG_OPTIONAL`.
const OPTIONAL: u32 = 0x01;
/// `Ci_Py_SIG_TYPE_PARAM`.
const TYPE_PARAMETER: u32 = 0x02;
/// A type's code is shifted left by this many bits.
const CODE_SHIFT: u32 = 2;
/// The greatest index of a type parameter that is believed.
const MAX_TYPE_PARAMETER: u32 = 15;

/// A typed definition, as it is in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedDef {
    /// The method's name.
    pub name: String,
    /// `ml_flags`, without the flag: how the method is bound (METH_CLASS, METH_STATIC, METH_COEXIST).
    pub flags: i32,
    /// `tmd_meth`, the underlying function. It takes `self`, then the elements.
    pub function: NonZeroUsize,
    /// `tmd_sig`: the parameters after `self`, at most [`MAX_ELEMENTS`].
    pub elements: Vec<Element>,
    /// `tmd_ret`.
    pub result: CinderType,
    /// Whether the result is marked as possibly None.
    pub optional_result: bool,
}

/// A parameter of a [`TypedDef`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The type that it takes.
    pub class: CinderType,
    /// None is accepted, and passed unchanged. Without a default a null pointer is passed if the argument is left out.
    pub optional: bool,
    /// Address of the field `se_default_value`, if it is not null: the field holds the object for an argument that is
    /// left out.
    pub default: Option<NonZeroUsize>,
    /// Its name. Cinder passes arguments by position only.
    pub name: Option<String>,
}

/// A type of a [`TypedDef`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CinderType {
    /// An integer of 8 to 64 bits.
    Int(Scalar),
    /// Any object.
    Object,
    /// A `str` or an instance of a subclass.
    Str,
    /// No result: None. For results only.
    Void,
    /// A status: nonzero if the function raised; otherwise the result is None. For results only.
    Error,
    /// The type parameter of `self`'s generic type at this index.
    Parameter(u32),
}

/// Reads the typed definition of the `PyMethodDef` at `def`; `None` if the flag is not set.
///
/// Any address is safe. The result shows the memory as it was during the read: keep the module alive.
///
/// # Errors
/// The first invalid field.
pub fn read_typed_def(def: *const c_void) -> Result<Option<TypedDef>, Rejected> {
    let found = method_def(def as usize)?;
    if found.flags & METH_TYPED == 0 {
        return Ok(None);
    }
    typed_def(&found).map(Some).map_err(|flaw| reject(&found, flaw))
}

pub(super) fn read(found: &MethodDef) -> Result<Metadata, Flaw> {
    let def = typed_def(found)?;
    let overload = def.checked_overload()?;
    let signature = Signature { overloads: vec![overload] };
    Ok(Metadata { name: def.name, signature, functions: vec![def.function], underlying: true })
}

fn typed_def(found: &MethodDef) -> Result<TypedDef, Flaw> {
    let name = read_name(found, abi::MAX_NAME)?;
    let flags = found.flags & !METH_TYPED;
    if flags & !BINDING_BITS != 0 {
        // Cinder tells the two apart in the same way: with a calling convention, ml_meth is a function.
        let reason = format!("{flags:#x} has a calling convention, which no typed definition has");
        return Err(Flaw::unnumbered("ml_flags", reason));
    }
    check_pointer("ml_meth", found.meth, align_of::<RawDef>())?;
    let def: RawDef = memory::read(found.meth).map_err(|fault| Flaw::unnumbered("ml_meth", fault))?;
    let elements = read_elements(def.sig)?;
    let result = read_type(def.ret).map_err(|reason| Flaw::unnumbered("ret", reason))?;
    let function = check_function("meth", def.meth)?;
    Ok(TypedDef { name, flags, function, elements, result, optional_result: def.ret & OPTIONAL != 0 })
}

fn read_elements(sig: usize) -> Result<Vec<Element>, Flaw> {
    check_pointer("sig", sig, align_of::<usize>())?;
    let mut elements = Vec::new();
    loop {
        let address: usize = element("sig", sig, elements.len())?;
        if address == 0 {
            return Ok(elements);
        }
        if elements.len() == MAX_ELEMENTS {
            return Err(Flaw::unnumbered("sig", format!("it does not end with NULL after {MAX_ELEMENTS} elements")));
        }
        let field = format!("sig[{}]", elements.len());
        elements.push(read_element(address).map_err(|flaw| flaw.within(&field))?);
    }
}

fn read_element(address: usize) -> Result<Element, Flaw> {
    check_pointer("", address, align_of::<RawElement>())?;
    let raw: RawElement = memory::read(address).map_err(|fault| Flaw::unnumbered("", fault))?;
    let class = read_type(raw.argtype).map_err(|reason| Flaw::unnumbered("argtype", reason))?;
    let optional = raw.argtype & OPTIONAL != 0;
    match class {
        CinderType::Void | CinderType::Error => {
            return Err(Flaw::unnumbered("argtype", "void and error are for results only"));
        }
        CinderType::Int(_) if optional => {
            return Err(Flaw::unnumbered("argtype", "an optional integer: None would be passed as its address"));
        }
        _ => {}
    }
    if raw.default_value != 0 {
        check_pointer("default_value", raw.default_value, align_of::<usize>())?;
        // Every object has its first two words.
        memory::read_bytes(raw.default_value, &mut [0; 16])
            .map_err(|fault| Flaw::unnumbered("default_value", fault))?;
    }
    let default = if raw.default_value == 0 { None } else { NonZeroUsize::new(address + DEFAULT_VALUE) };
    Ok(Element { class, optional, default, name: read_element_name(raw.name)? })
}

fn read_element_name(address: usize) -> Result<Option<String>, Flaw> {
    if address == 0 {
        return Ok(None);
    }
    let bytes = memory::read_text(address, abi::MAX_NAME).map_err(|fault| Flaw::unnumbered("name", fault))?;
    identifier("name", bytes).map(Some)
}

/// The numbers of types, shifted: `TYPED_INT8` and so on in Cinder's headers.
fn read_type(number: u32) -> Result<CinderType, String> {
    let code = number >> CODE_SHIFT;
    if number & TYPE_PARAMETER != 0 {
        return if code <= MAX_TYPE_PARAMETER {
            Ok(CinderType::Parameter(code))
        } else {
            Err(format!("type parameter {code} is none from 0 to {MAX_TYPE_PARAMETER}"))
        };
    }
    Ok(match code {
        0x00 => CinderType::Int(Scalar::U8),
        0x01 => CinderType::Int(Scalar::I8),
        0x02 => CinderType::Int(Scalar::U16),
        0x03 => CinderType::Int(Scalar::I16),
        0x04 => CinderType::Int(Scalar::U32),
        0x05 => CinderType::Int(Scalar::I32),
        0x06 => CinderType::Int(Scalar::U64),
        0x07 => CinderType::Int(Scalar::I64),
        0x08 => CinderType::Object,
        0x0d => CinderType::Void,
        0x0e => CinderType::Str,
        0x0f => CinderType::Error,
        _ => return Err(format!("unknown code {code}")),
    })
}

impl TypedDef {
    /// The underlying function as a signature can express it: `self` first, then the elements.
    ///
    /// # Errors
    /// The first field that a signature can't express: an optional `str` (None is passed unchanged, not as a null
    /// pointer), a parameter that may be left out without a default, a parameter of a type that only a generic `self`
    /// knows, or names and defaults that do not go together.
    pub fn overload(&self) -> Result<Overload, Rejected> {
        let reject = |flaw: Flaw| Rejected {
            name: Some(self.name.clone()),
            field: flaw.field,
            rule: flaw.rule,
            reason: flaw.reason,
        };
        self.checked_overload().map_err(reject)
    }

    fn checked_overload(&self) -> Result<Overload, Flaw> {
        let mut parameters =
            vec![Parameter { name: Some("self".to_owned()), receiver: true, ..Parameter::positional(Kind::Object) }];
        for (index, element) in self.elements.iter().enumerate() {
            let at = |reason| Flaw::unnumbered(&format!("sig[{index}].argtype"), reason);
            parameters.push(element.parameter().map_err(at)?);
        }
        let (result, raises) = self.result_and_raises();
        let overload = Overload { parameters, result, raises, effects: Effects::default() };
        check_overload(&overload, |place| match place {
            Place::Parameter(position) if position > 0 => format!("sig[{}]", position - 1),
            Place::Parameter(_) => "sig".to_owned(),
            Place::Result | Place::Raises | Place::Effects => "ret".to_owned(),
        })?;
        Ok(overload)
    }

    /// The result as a signature expresses it, and how it raises.
    pub(crate) fn result_and_raises(&self) -> (Kind, Raises) {
        match self.result {
            CinderType::Void => (Kind::Void, Raises::Never),
            CinderType::Error => (Kind::Void, Raises::Nonzero),
            CinderType::Int(scalar) => (Kind::Scalar(scalar), Raises::Never),
            CinderType::Str if !self.optional_result => {
                (Kind::Python { class: PythonType::Str, subclasses: true }, Raises::Null)
            }
            // Wider than the truth, which is allowed for a result.
            CinderType::Str | CinderType::Object | CinderType::Parameter(_) => (Kind::Object, Raises::Null),
        }
    }
}

impl Element {
    fn parameter(&self) -> Result<Parameter, &'static str> {
        let kind = match self.class {
            CinderType::Int(scalar) => Kind::Scalar(scalar),
            CinderType::Object => Kind::Object,
            CinderType::Str if self.optional => {
                return Err("an optional str gets None itself, which no signature can say");
            }
            CinderType::Str => Kind::Python { class: PythonType::Str, subclasses: true },
            CinderType::Parameter(_) => {
                return Err("only a generic type of Cinder's knows the type of a type parameter");
            }
            CinderType::Void | CinderType::Error => return Err("void and error are for results only"),
        };
        if self.default.is_some() && matches!(self.class, CinderType::Int(_)) {
            return Err("an integer whose default is an object, which no signature can say");
        }
        if self.optional && self.default.is_none() {
            return Err("it may be left out without a default, which no signature can say");
        }
        let default = self.default.map(|address| DefaultValue::Object { address: Some(address) });
        Ok(Parameter { name: self.name.clone(), default, ..Parameter::positional(kind) })
    }
}
