//! Makes stubs: for a callable, or for one call of it.

use std::ptr::NonNull;
use std::sync::Arc;

use super::Stub;
use crate::callable::Error;
use crate::callable::original::Original;
use crate::callable::registry::KnownMethod;
use crate::embed::{Object, Python};
use crate::ir::CalleeTarget;
use crate::lower::{Call, CallSite, CellSource, Convention};
use crate::runtime::stub::cell::Cell;
use crate::specializer::{Entry, FunctionOptions, Specializer, bind_thunk, mismatch, plan_of};

impl Specializer {
    /// A stub for a callable.
    ///
    /// # Errors
    /// If the callable has no signature, stubs do not support the signature yet, or there is no machine code.
    pub fn stub(&self, python: &Python, callable: &Object, entry: Entry) -> Result<Stub, Error> {
        self.stub_with(python, callable, entry, &FunctionOptions::default())
    }

    /// Like [`Specializer::stub`], with options. A native stub is the underlying function itself and ignores them.
    ///
    /// # Errors
    /// The errors of [`Specializer::stub`].
    pub fn stub_with(
        &self,
        python: &Python,
        callable: &Object,
        entry: Entry,
        options: &FunctionOptions,
    ) -> Result<Stub, Error> {
        // The other entries check that the receiver is an instance of the descriptor's type.
        let original = match entry {
            Entry::Guarded => Original::or_class_method(python, callable)?,
            _ => Original::of(python, callable)?,
        };
        let known = self.known(python, &original)?;
        let site = self.site(python, &original, &known, entry)?.keeping_gil(options.keeps_gil());
        if entry == Entry::Native {
            return match known.target {
                CalleeTarget::Underlying => {
                    let function = known.functions[usize::from(site.overloads[0])];
                    Ok(Stub::native(site, function, callable.clone_ref(python), self.compiler().clone()))
                }
                CalleeTarget::Method | CalleeTarget::Class => {
                    Err(mismatch(&site, "only ml_meth is known, which takes objects: use another entry"))
                }
            };
        }
        self.stub_for_site(python, &original, &known, site, entry)
    }

    /// A boxed stub for one call of a callable. Its arguments, also those given by name, are the C arguments; the
    /// values of arguments that are left out are in the code. With several overloads, the types in `call` decide which
    /// one is meant.
    ///
    /// ```
    /// use typedcall::ir::Type;
    /// use typedcall::lower::Call;
    /// # use typedcall::{Options, Specializer, embed::Python};
    /// # let python = Python::attach();
    /// # let specializer = Specializer::new(&python, Options::default())?;
    /// let split = python.import("builtins")?.attr(&python, "str")?.attr(&python, "split")?;
    /// specializer.declare(&python, &split, "(self: str, sep: str, maxsplit: int) -> list raises null")?;
    /// let call = Call {
    ///     arguments: vec![Type::UNICODE_EXACT, Type::LONG_EXACT, Type::UNICODE_EXACT],
    ///     keywords: vec!["maxsplit".into(), "sep".into()],
    /// };
    /// let stub = specializer.stub_for_call(&python, &split, &call)?; // text.split(maxsplit=a, sep=b)
    /// assert!(stub.ir().ends_with("v4:ListExact = CallCFunction<\"str.split\"> v1 v3 v2\nReturn v4\n"), "{}", stub.ir());
    /// # Ok::<(), typedcall::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`Specializer::stub`]; also if no overload takes the call, or it leaves out an argument whose
    /// default is not a C number: give it, or use another entry.
    pub fn stub_for_call(&self, python: &Python, callable: &Object, call: &Call) -> Result<Stub, Error> {
        let original = Original::of(python, callable)?;
        let known = self.known(python, &original)?;
        let mut site = self.site(python, &original, &known, Entry::Boxed)?;
        if !call.keywords.is_empty() && !original.convention.takes_keywords() {
            let reason = format!("{} passes no names: give all arguments by position", original.convention.name());
            return Err(mismatch(&site, reason));
        }
        let least = usize::from(site.frame.objects(0)) + call.keywords.len();
        let count = match u16::try_from(call.arguments.len()) {
            Ok(count) if call.arguments.len() >= least => count,
            _ => {
                let reason =
                    format!("{} arguments, but at least {least} are named or the receiver", call.arguments.len());
                return Err(mismatch(&site, reason));
            }
        };
        if let Some(ty) = call.arguments.iter().find(|ty| !ty.is_object()) {
            return Err(mismatch(&site, format!("an argument of type {ty} is no object")));
        }
        if let Some((_, name)) = call.keywords.iter().enumerate().find(|(at, name)| call.keywords[..*at].contains(name))
        {
            return Err(mismatch(&site, format!("{name} is given twice")));
        }
        site.frame.convention = Convention::Objects { count };
        site.frame.cell = CellSource::Thunk(site.frame.thunk_register());
        site.call = Some(Arc::new(call.clone()));
        let overload = plan_of(&site)?.arms[0].overload;
        if !original.callable_overloads(python, &known)?.contains(&overload) {
            let convention = original.convention.name();
            return Err(mismatch(&site, format!("{convention} passes no such call")));
        }
        site.overloads = vec![overload];
        self.stub_for_site(python, &original, &known, site, Entry::Boxed)
    }

    /// Gives a call site its code, a cell and an address.
    fn stub_for_site(
        &self,
        python: &Python,
        original: &Original,
        known: &KnownMethod,
        site: CallSite,
        entry: Entry,
    ) -> Result<Stub, Error> {
        let shape = self.shape_of(&site, known)?;
        let cell = self.cell(python, original, known, &site, &shape, None)?;
        let address = bind_thunk(&cell, &site, &shape)?;
        Ok(Stub::thunk(site, entry, address, cell, self.compiler().clone()))
    }

    /// A stub of a function without a wrapper.
    pub(crate) fn checked_stub(&self, site: CallSite, address: NonNull<u8>, cell: Cell) -> Stub {
        Stub::thunk(site, Entry::Checked, address, cell, self.compiler().clone())
    }
}
