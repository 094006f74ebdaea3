//! Links the code of a live function: finds the addresses that it uses, and keeps their objects alive.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::Arc;

use pyo3_ffi as ffi;

use super::assumption::{KnownDict, Recorded, version_address};
use super::kept::Kept;
use super::linked::Linked;
use super::unit::Unit;
use super::version::Version;
use super::watch::watch;
use crate::cpython::Behaviour;
use crate::embed::{Exception, Object, Python};
use crate::interpreter::intern;
use crate::ir::{Assumption, Called, CalleeRef, ConstObject};
use crate::lower::AddressTable;
use crate::lower::body::{AssumptionTest, ExitPoint, ExitSlot, MethodCall, Reference, References};

/// The C function of a callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalleeCode {
    /// The C function of each overload.
    pub address: NonZeroUsize,
    /// How it is called, if it is an `ml_meth`.
    pub method: Option<MethodCall>,
    /// The object that a built-in function is bound to; 0 for none.
    pub receiver: usize,
}

/// The code of callees, by callee and overload.
pub type CalleeCodes = BTreeMap<(CalleeRef, u16), CalleeCode>;

/// Finds the addresses that the code of a function uses.
#[expect(clippy::vec_box, reason = "the code has the addresses of what is in the boxes")]
pub struct Linker<'a> {
    python: &'a Python,
    /// The addresses of functions.
    addresses: &'a AddressTable,
    unit: &'a Unit,
    version: &'a Version,
    /// The code of the overloads of callees.
    callees: &'a CalleeCodes,
    /// The first reference that could not be resolved.
    missing: Option<String>,
    kept: Vec<Object>,
    assumptions: Vec<Recorded>,
    dicts: Vec<Box<KnownDict>>,
    tests: Vec<(Assumption, AssumptionTest)>,
    names: BTreeMap<Arc<str>, usize>,
    /// The addresses of the values of watched names, which the flag keeps.
    watched: Vec<usize>,
}

impl<'a> Linker<'a> {
    /// A linker for the code of a version of a unit.
    pub fn new(
        python: &'a Python,
        addresses: &'a AddressTable,
        unit: &'a Unit,
        version: &'a Version,
        callees: &'a CalleeCodes,
    ) -> Self {
        Self {
            python,
            addresses,
            unit,
            version,
            callees,
            missing: None,
            kept: Vec::new(),
            assumptions: Vec::new(),
            dicts: Vec::new(),
            tests: Vec::new(),
            names: BTreeMap::new(),
            watched: Vec::new(),
        }
    }

    /// The found objects, with the constants of exits; or the reference that is missing.
    pub fn finish<'x>(mut self, exits: impl Iterator<Item = &'x ExitPoint>) -> Result<Linked, String> {
        for slot in exits.flat_map(|exit| exit.locals.iter().chain(&exit.stack)) {
            let ExitSlot::Constant(object) = slot else { continue };
            if self.find(&Reference::object(object)).is_none() {
                return Err(format!("the constant {:?} of a state", object.label));
            }
        }
        match self.missing {
            Some(missing) => Err(missing),
            None => {
                // The flag keeps the values of watched names.
                self.kept.retain(|object| !self.watched.contains(&(object.as_ptr() as usize)));
                Ok(Linked { kept: self.kept, assumptions: self.assumptions, dicts: self.dicts })
            }
        }
    }

    fn find(&mut self, reference: &Reference) -> Option<usize> {
        Some(match reference {
            Reference::Function(function) => self.addresses.get(*function).get(),
            Reference::Unit => std::ptr::from_ref(self.unit) as usize,
            Reference::Version => std::ptr::from_ref(self.version) as usize,
            Reference::AssumptionsHold => Arc::as_ptr(&self.version.flag) as usize,
            Reference::DictVersion { dict, recorded } => {
                let known = self.dicts.get(*dict as usize)?;
                if *recorded { known.version.as_ptr() as usize } else { version_address(known.dict.as_ptr()) as usize }
            }
            Reference::Object(_, address) => {
                let object = NonNull::new(*address as *mut ffi::PyObject)?;
                // SAFETY: the code that gave the object its address keeps it alive until the compiled code exists.
                self.kept.push(unsafe { Object::from_borrowed(self.python, object) });
                *address
            }
            Reference::Name(name) => self.name(name)?,
            Reference::Names(names) => {
                let names = names.iter().map(|name| intern(self.python, name)).collect::<Result<Vec<_>, _>>();
                let tuple = crate::interpreter::tuple(self.python, names.ok()?).ok()?;
                self.kept_at(tuple)
            }
            Reference::Callee(called) => self.code(called)?.address.get(),
            Reference::Receiver(called) => {
                let receiver = self.code(called)?.receiver;
                // SAFETY: the callable that was found keeps it alive until the code exists.
                let object = NonNull::new(receiver as *mut ffi::PyObject)
                    .map(|object| unsafe { Object::from_borrowed(self.python, object) });
                self.kept.extend(object);
                receiver
            }
        })
    }

    fn code(&self, called: &Called) -> Option<&'a CalleeCode> {
        self.callees.get(&(called.callee?, called.overload))
    }

    fn name(&mut self, name: &Arc<str>) -> Option<usize> {
        if let Some(address) = self.names.get(name) {
            return Some(*address);
        }
        let object = intern(self.python, name).ok()?;
        let address = self.kept_at(object);
        self.names.insert(name.clone(), address);
        Some(address)
    }

    /// Keeps an object alive for as long as the code.
    pub fn keep(&mut self, object: Object) {
        self.kept.push(object);
    }

    fn kept_at(&mut self, object: Object) -> usize {
        let address = object.as_ptr() as usize;
        self.keep(object);
        address
    }

    /// Leaves the values of a watched assumption to their dicts, if the function's data borrow.
    fn borrow_values(&mut self, recorded: &mut Recorded) {
        if !self.unit.borrows {
            return;
        }
        for value in recorded.dicts.iter_mut().filter_map(|(_, value)| value.as_mut()) {
            self.watched.push(value.as_ptr() as usize);
            // SAFETY: the flag keeps it: see below.
            let borrowed = unsafe { Kept::borrowed(self.python, value) };
            self.version.flag.keep_value(self.python, value.clone_ref(self.python));
            *value = borrowed;
        }
    }

    /// An assumption as entries in dicts; `None` if it can't be expressed so.
    fn recorded(&mut self, assumption: &Assumption) -> Result<Option<Recorded>, Exception> {
        let python = self.python;
        let object = |object: &ConstObject| {
            let address = object.address.map_or(0, Into::into) as *mut ffi::PyObject;
            // SAFETY: the code that gave the object its address keeps it alive until the compiled code exists.
            NonNull::new(address).map(|object| unsafe { Object::from_borrowed(python, object) })
        };
        let unit = self.unit;
        let (name, value, dicts) = match assumption {
            Assumption::Global { name, value } => (name, value, vec![unit.globals.clone_ref(self.python)]),
            Assumption::Builtin { name, value } => {
                (name, value, [&unit.globals, &unit.builtins].map(|dict| dict.clone_ref(self.python)).into())
            }
            Assumption::ModuleAttribute { module, name, value } => {
                let Some(module) = object(module) else { return Ok(None) };
                // SAFETY: the thread is attached; a module's dict is borrowed from it.
                let dict = unsafe {
                    if ffi::PyModule_Check(module.as_ptr()) == 0 {
                        return Ok(None);
                    }
                    NonNull::new(ffi::PyModule_GetDict(module.as_ptr()))
                        .map(|dict| Object::from_borrowed(self.python, dict))
                };
                let Some(dict) = dict else { return Ok(None) };
                (name, value, vec![dict])
            }
            Assumption::TypeAttribute { .. } => return Ok(None),
        };
        let Some(value) = object(value) else { return Ok(None) };
        let name = intern(self.python, name)?;
        let last = dicts.len() - 1;
        let dicts = dicts.into_iter().enumerate().map(|(index, dict)| {
            let number = self.dicts.iter().position(|known| known.dict.as_ptr() == dict.as_ptr());
            let number = number.unwrap_or_else(|| {
                let is_functions = [&unit.globals, &unit.builtins].iter().any(|own| own.as_ptr() == dict.as_ptr());
                let dict = match unit.borrows && is_functions {
                    // SAFETY: the function keeps its namespaces for as long as the code is called.
                    true => unsafe { Kept::borrowed(python, &dict) },
                    false => Kept::owned(dict),
                };
                self.dicts.push(Box::new(KnownDict::new(dict)));
                self.dicts.len() - 1
            });
            (number, (index == last).then(|| Kept::owned(value.clone_ref(python))))
        });
        let recorded = Recorded { name, dicts: dicts.collect() };
        // It was true when the IR was made, and nothing since may have changed it; but compiling may log, and a logger
        // may run any code.
        Ok(recorded.holds(&self.dicts).then_some(recorded))
    }
}

impl References for Linker<'_> {
    fn address(&mut self, reference: Reference) -> i64 {
        let address = self.find(&reference);
        if address.is_none() && self.missing.is_none() {
            self.missing = Some(format!("{reference:?}"));
        }
        address.unwrap_or(0) as i64
    }

    fn assumption(&mut self, assumption: &Assumption) -> AssumptionTest {
        if let Some((_, test)) = self.tests.iter().find(|(known, _)| known == assumption) {
            return test.clone();
        }
        let recorded = match self.recorded(assumption) {
            Ok(Some(recorded)) => recorded,
            Ok(None) | Err(_) => {
                self.missing.get_or_insert_with(|| assumption.to_string());
                return AssumptionTest::Never;
            }
        };
        let mut recorded = recorded;
        let test = if watch(self.python, &recorded, &self.dicts, &self.version.flag) {
            self.borrow_values(&mut recorded);
            AssumptionTest::Flag
        } else if Behaviour::CURRENT.watches_dicts {
            AssumptionTest::Ask { assumption: u32::try_from(self.assumptions.len()).unwrap_or(u32::MAX) }
        } else {
            let number = |(number, _): &(usize, _)| u32::try_from(*number).unwrap_or(u32::MAX);
            AssumptionTest::Versions(recorded.dicts.iter().map(number).collect())
        };
        // A watcher keeps names and dicts alive.
        self.assumptions.push(recorded);
        self.tests.push((assumption.clone(), test.clone()));
        test
    }

    fn method(&self, callee: &Called) -> Option<MethodCall> {
        self.code(callee)?.method
    }
}
