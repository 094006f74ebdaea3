//! Callables for bare C functions, which have no wrapper: [`Specializer::bind`].

use std::ffi::{CString, c_void};
use std::num::NonZeroUsize;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::user_types::{fix_types, resolve_types};
use crate::embed::{Object, Python};
use crate::ir::CalleeTarget;
use crate::lower::{
    Binding, CallSite, CellRegister, CellSource, Convention, Frame, Given, MethodConvention, keyword_only,
};
use crate::metadata::{Overload, Signature};
use crate::runtime::code::code_pointer::{method_pointer, refused};
use crate::runtime::code::thunk::THUNKS;
use crate::runtime::stub::cell::{Bare, Cell, CellContents};
use crate::runtime::stub::matching::{Parameters, name_tuple};
use crate::runtime::stub::parser::{ArgumentReader, Parser, Passing};
use crate::runtime::stub::shape::Shape;
use crate::specializer::Specializer;
use crate::stub::Stub;
use crate::stub::text_signature::{is_keyword, text_signature};

/// How a callable made by [`Specializer::bind`] presents itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Its `__module__`; `None` without one.
    pub module: Option<&'a str>,
    /// Its `__doc__`.
    pub doc: Option<&'a str>,
    /// Its `__text_signature__`, such as `(x, /)`; by default it is made from the signature.
    pub text_signature: Option<&'a str>,
}

/// A C function without a wrapper.
#[derive(Clone, Copy, Debug)]
pub struct BareFunction<'a> {
    /// Its address.
    pub address: NonZeroUsize,
    /// Its signature.
    pub overload: &'a Overload,
    /// Its name in Python.
    pub name: &'a str,
}

impl Specializer {
    /// Makes a built-in function for Python from a C function that has no wrapper. CPython's own parser (`PyArg_Parse`
    /// and its kin) checks and converts arguments as in a hand-written wrapper, with the same exceptions in the same
    /// words. The signature has one overload, without `self`; the C function gets a context if it takes one. A
    /// parameter without a name is passed by position only. [`Options::verify`](crate::Options) checks none of these
    /// calls, since there is no wrapper to compare with.
    ///
    /// ```
    /// use std::{ffi::c_void, ptr::NonNull};
    /// use typedcall::{Bind, Options, Specializer, embed::Python};
    ///
    /// unsafe extern "C" {
    ///     fn fmod(x: f64, y: f64) -> f64;
    /// }
    /// let python = Python::attach();
    /// let specializer = Specializer::new(&python, Options::default())?;
    /// let address = NonNull::new(fmod as *mut c_void).expect("a function has an address");
    /// let signature = "(x: f64, y: f64 = 1.0) -> f64 [no_python]";
    /// // SAFETY: this is the C signature of `fmod`, which stays where it is.
    /// let fmod = unsafe { specializer.bind(&python, address, signature, "fmod", &Bind::default())? };
    /// let names = python.namespace()?;
    /// names.set_item(&python, "fmod", &fmod)?;
    /// assert_eq!(python.eval("fmod(7.5), fmod(7, y=4)", &names)?.text(&python)?, "(0.5, 3.0)");
    /// let error = python.eval("fmod('7.5')", &names).expect_err("text is no number");
    /// assert_eq!(error.to_string(), "TypeError: must be real number, not str");
    /// # Ok::<(), typedcall::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the text is not a signature, has several overloads or `self`; if a parameter's name is a keyword of Python;
    /// if no parser reads a kind, or stubs do not support it yet; or if there is no machine code: without a wrapper
    /// nothing could run instead.
    ///
    /// # Safety
    /// `address` is that of a C function with this signature, for as long as the callable lives; so do the types and
    /// the variables whose addresses the signature has.
    pub unsafe fn bind(
        &self,
        python: &Python,
        address: NonNull<c_void>,
        signature: &str,
        name: &str,
        options: &Bind<'_>,
    ) -> Result<Object, Error> {
        let mut signature: Signature = signature.parse()?;
        let _types = resolve_types(python, &mut signature)?;
        let [overload] = &signature.overloads[..] else {
            let reason = format!("{signature}: without a wrapper there can be one overload only: bind each by itself");
            return Err(Error::Mismatch { name: name.to_owned(), reason });
        };
        let address = NonZeroUsize::from(address.addr());
        // SAFETY: as the caller promises.
        unsafe { self.bind_function(python, BareFunction { address, overload, name }, options) }
    }

    /// Like [`Specializer::bind`], for a signature as data.
    ///
    /// # Errors
    /// The errors of [`Specializer::bind`].
    ///
    /// # Safety
    /// The conditions of [`Specializer::bind`].
    pub unsafe fn bind_function(
        &self,
        python: &Python,
        function: BareFunction<'_>,
        options: &Bind<'_>,
    ) -> Result<Object, Error> {
        let (site, cell, shape) = self.bare(python, &function, CellSource::Receiver, options)?;
        let module = options.module.map(|module| python.text(module)).transpose()?;
        if let Some(module) = &module {
            cell.set_module(python, module)?;
        }
        let def = cell.def();
        // SAFETY: the definition is in the cell, which the function owns as its `m_self`; `__module__` may be null.
        unsafe {
            (*def).ml_meth = method_pointer(shape.code());
            (*def).ml_flags = flags(site.frame.original);
            let module = module.as_ref().map_or(null_mut(), Object::as_ptr);
            Ok(python.owned(ffi::PyCFunction_NewEx(def, cell.object().as_ptr(), module))?)
        }
    }

    /// Like [`Specializer::bind_function`], but makes a stub. Its address is the `ml_meth` of a `PyMethodDef` with the
    /// flags [`Stub::method_flags`], for as long as the stub lives.
    ///
    /// # Errors
    /// The errors of [`Specializer::bind`].
    ///
    /// # Safety
    /// The conditions of [`Specializer::bind`].
    pub unsafe fn bind_stub(&self, python: &Python, function: BareFunction<'_>) -> Result<Stub, Error> {
        let convention = MethodConvention::of(Passing::of(function.overload));
        let register = thunk_register(convention);
        let (site, cell, shape) = self.bare(python, &function, CellSource::Thunk(register), &Bind::default())?;
        let thunk = THUNKS.bind(register, cell.address(), shape.code()).map_err(refused)?;
        let address = thunk.address();
        cell.set_thunk(thunk);
        Ok(self.checked_stub(site, address, cell))
    }

    /// The code and the cell for a function without a wrapper.
    fn bare(
        &self,
        python: &Python,
        function: &BareFunction<'_>,
        cell: CellSource,
        options: &Bind<'_>,
    ) -> Result<(CallSite, Cell, Arc<Shape>), Error> {
        let mismatch = |reason: String| Error::Mismatch { name: function.name.to_owned(), reason };
        let mut overload = function.overload.clone();
        // SAFETY: the code that gave a signature with addresses keeps the types and variables alive.
        let types = unsafe { fix_types(python, &mut overload) }?;
        let overload = &overload;
        overload.check().map_err(|nonsense| mismatch(format!("{overload}: {nonsense}")))?;
        if let Some(name) =
            overload.arguments().find_map(|(_, parameter)| parameter.name.as_ref().filter(|n| is_keyword(n)))
        {
            let reason = format!("{overload}: no call can name `{name}`, a keyword of Python: rename the parameter");
            return Err(mismatch(reason));
        }
        let parser = Parser::new(function.name, overload).map_err(|error| mismatch(format!("{overload}: {error}")))?;
        let doc = CString::new(doc(function, options)).map_err(|_| mismatch("its text contains a NUL".into()))?;
        let signature = Arc::new(Signature { overloads: vec![overload.clone()] });
        let mut site = site(function.name, MethodConvention::of(parser.passing()), cell, signature.clone());
        site.counted = self.counts_calls;
        let shape = self.shape(&site)?;
        let by_name = site.frame.original.takes_keywords();
        let matches = site.given(0) != Given::ByPosition;
        let keywords = keyword_only(overload);
        let bare = Bare { reader: Box::new(ArgumentReader::Parser(parser)), signature, doc };
        let contents = CellContents {
            types,
            parameters: matches.then(|| Parameters::of(python, overload, by_name)).transpose()?.map(|all| [all].into()),
            keywords: (!keywords.is_empty())
                .then(|| name_tuple(python, keywords.iter().map(|name| &**name)))
                .transpose()?,
            ..CellContents::bare(function.address, shape.clone(), bare)
        };
        Ok((site, Cell::new(python, contents)?, shape))
    }
}

impl MethodConvention {
    /// The convention of a function whose arguments are passed in this way.
    fn of(passing: Passing) -> Self {
        match passing {
            Passing::Nothing => Self::NoArgs,
            Passing::One => Self::O,
            Passing::Positional => Self::FastCall,
            Passing::Named => Self::FastCallKeywords,
        }
    }
}

fn frame(convention: MethodConvention, cell: CellSource) -> Frame {
    Frame { convention: Convention::Method(convention), original: convention, binding: Binding::Bare, cell }
}

/// The call site of a function without a wrapper, which has one overload.
pub(crate) fn site(name: &str, convention: MethodConvention, cell: CellSource, signature: Arc<Signature>) -> CallSite {
    CallSite {
        name: name.to_owned(),
        frame: frame(convention, cell),
        signature,
        target: CalleeTarget::Underlying,
        overloads: vec![0],
        call: None,
        // There is no wrapper to compare with.
        audited: false,
        counted: false,
    }
}

/// The register in which such a stub finds its cell if it is called by its address.
pub(crate) fn thunk_register(convention: MethodConvention) -> CellRegister {
    frame(convention, CellSource::Receiver).thunk_register()
}

/// The flags of a `PyMethodDef` whose `ml_meth` has this convention.
pub(crate) fn flags(convention: MethodConvention) -> i32 {
    match convention {
        MethodConvention::NoArgs => ffi::METH_NOARGS,
        MethodConvention::O => ffi::METH_O,
        MethodConvention::FastCall | MethodConvention::Other => ffi::METH_FASTCALL,
        MethodConvention::FastCallKeywords => ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        MethodConvention::Method => ffi::METH_METHOD | ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        MethodConvention::VarArgs => ffi::METH_VARARGS,
        MethodConvention::VarArgsKeywords => ffi::METH_VARARGS | ffi::METH_KEYWORDS,
    }
}

/// `ml_doc`: the text signature in CPython's form (`_PyType_GetTextSignatureFromInternalDoc`), then the docstring.
fn doc(function: &BareFunction<'_>, options: &Bind<'_>) -> String {
    let signature = options.text_signature.map_or_else(|| text_signature(function.overload), str::to_owned);
    // CPython looks for the part after the last dot (`_PyType_DocWithoutSignature`'s `find_signature`).
    let name = function.name.rsplit('.').next().unwrap_or(function.name);
    format!("{name}{signature}\n--\n\n{}", options.doc.unwrap_or_default())
}
