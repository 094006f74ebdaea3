//! What the code of a live function refers to: addresses, and the objects that they keep alive.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use pyo3_ffi as ffi;

use super::assumption::{Recorded, look_up, version_address};
use super::operation::Step;
use super::table;
use super::unit::Unit;
use super::watch::watch;
use crate::bytecode::interpreter::intern;
use crate::embed::{Exception, Object, Python};
use crate::ir::{Assumption, ConstObject};
use crate::lower::body::{AssumptionTest, ExitPoint, ExitSlot, MethodCall, Reference, References};

/// The C function behind a callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalleeCode {
    /// The C function of each overload.
    pub address: NonZeroUsize,
    /// How it is called, where it is a `ml_meth`.
    pub method: Option<MethodCall>,
    /// What a built-in function is bound to; 0 for nothing.
    pub receiver: usize,
}

/// Finds what the code of a function refers to.
pub struct Linker<'a> {
    python: &'a Python,
    unit: &'a Unit,
    /// By the names that `CallCFunction` has.
    callees: &'a BTreeMap<Arc<str>, CalleeCode>,
    /// The first thing that could not be found.
    missing: Option<String>,
    pub(super) kept: Vec<Object>,
    pub(super) steps: Vec<(crate::ir::Operation, Box<Step>)>,
    pub(super) assumptions: Vec<Box<Recorded>>,
    tests: Vec<(Assumption, AssumptionTest)>,
    names: BTreeMap<Arc<str>, usize>,
}

/// What a [`Linker`] has found, to be kept with the code.
#[derive(Debug)]
pub struct Linked {
    /// Objects.
    pub kept: Vec<Object>,
    /// What the interpreter does.
    pub steps: Vec<Box<Step>>,
    /// What the code asks about.
    pub assumptions: Vec<Box<Recorded>>,
}

impl<'a> Linker<'a> {
    /// A linker for the code of a unit.
    pub fn new(python: &'a Python, unit: &'a Unit, callees: &'a BTreeMap<Arc<str>, CalleeCode>) -> Self {
        Self {
            python,
            unit,
            callees,
            missing: None,
            kept: Vec::new(),
            steps: Vec::new(),
            assumptions: Vec::new(),
            tests: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    /// What was found, with the constants of exits; or what is missing.
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
                let steps = self.steps.into_iter().map(|(_, step)| step).collect();
                Ok(Linked { kept: self.kept, steps, assumptions: self.assumptions })
            }
        }
    }

    fn find(&mut self, reference: &Reference) -> Option<usize> {
        Some(match reference {
            Reference::Function(function) => table::address(*function).get(),
            Reference::Step(operation) => {
                if let Some((_, step)) = self.steps.iter().find(|(known, _)| known == operation) {
                    return Some(&raw const **step as usize);
                }
                let step = Box::new(Step::of(operation, &self.unit.prepared.code().names)?);
                let address = &raw const *step as usize;
                self.steps.push((operation.clone(), step));
                address
            }
            Reference::ModuleType => &raw const ffi::PyModule_Type as usize,
            Reference::Unit => std::ptr::from_ref(self.unit) as usize,
            Reference::AssumptionsHold => Arc::as_ptr(&self.unit.flag) as usize,
            Reference::DictVersion { assumption, dict, recorded } => {
                let of = self.assumptions.get(*assumption as usize)?;
                if *recorded {
                    of.versions.get(*dict as usize)?.as_ptr() as usize
                } else {
                    version_address(of.dicts.get(*dict as usize)?.0.as_ptr()) as usize
                }
            }
            Reference::Object(_, address) => {
                // SAFETY: whoever gave the object its address keeps it alive until the code is there.
                let object = NonNull::new(*address as *mut ffi::PyObject)?;
                self.kept.push(unsafe { Object::from_borrowed(self.python, object) });
                *address
            }
            Reference::Name(name) => self.name(name)?,
            Reference::Names(names) => {
                let names = names.iter().map(|name| intern(self.python, name)).collect::<Result<Vec<_>, _>>();
                let tuple = crate::bytecode::interpreter::tuple(self.python, names.ok()?).ok()?;
                self.keep(tuple)
            }
            Reference::Callee(name) => self.callees.get(name)?.address.get(),
            Reference::Receiver(name) => self.callees.get(name).map(|callee| callee.receiver)?,
        })
    }

    fn name(&mut self, name: &Arc<str>) -> Option<usize> {
        if let Some(address) = self.names.get(name) {
            return Some(*address);
        }
        let object = intern(self.python, name).ok()?;
        let address = self.keep(object);
        self.names.insert(name.clone(), address);
        Some(address)
    }

    fn keep(&mut self, object: Object) -> usize {
        let address = object.as_ptr() as usize;
        self.kept.push(object);
        address
    }

    /// An assumption as what stands in dicts; `None` where it can't be told so.
    fn recorded(&self, assumption: &Assumption) -> Result<Option<Recorded>, Exception> {
        let object = |object: &ConstObject| {
            let address = object.address.map_or(0, Into::into) as *mut ffi::PyObject;
            // SAFETY: whoever gave the object its address keeps it alive until the code is there.
            NonNull::new(address).map(|object| unsafe { Object::from_borrowed(self.python, object) })
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
        let dicts: Vec<_> = dicts
            .into_iter()
            .enumerate()
            .map(|(index, dict)| (dict, (index == last).then(|| value.clone_ref(self.python))))
            .collect();
        // It was true when the IR was made, and nothing since may have changed it; but compiling may log, and a logger may be
        // anything.
        let holds = dicts
            .iter()
            .all(|(dict, value)| look_up(dict, &name).map(NonNull::as_ptr) == value.as_ref().map(Object::as_ptr));
        Ok(holds.then_some(Recorded { name, dicts, versions: [AtomicU64::new(0), AtomicU64::new(0)] }))
    }
}

impl References for Linker<'_> {
    fn address(&mut self, builder: &mut FunctionBuilder<'_>, reference: Reference) -> Value {
        let address = self.find(&reference);
        if address.is_none() && self.missing.is_none() {
            self.missing = Some(format!("{reference:?}"));
        }
        builder.ins().iconst(types::I64, address.unwrap_or(0) as i64)
    }

    fn assumption(&mut self, assumption: &Assumption) -> AssumptionTest {
        if let Some((_, test)) = self.tests.iter().find(|(known, _)| known == assumption) {
            return *test;
        }
        let recorded = match self.recorded(assumption) {
            Ok(Some(recorded)) => recorded,
            Ok(None) | Err(_) => {
                self.missing.get_or_insert_with(|| assumption.to_string());
                return AssumptionTest::Never;
            }
        };
        recorded.remember();
        let test = if watch(self.python, &recorded, &self.unit.flag) {
            // Whoever watches keeps the names: a dict that dies tells, and an address is used again only then.
            self.assumptions.push(Box::new(recorded));
            AssumptionTest::Flag
        } else {
            let number = u32::try_from(self.assumptions.len()).unwrap_or(u32::MAX);
            let dicts = u32::try_from(recorded.dicts.len()).unwrap_or(0);
            self.assumptions.push(Box::new(recorded));
            if cfg!(Py_3_12) {
                AssumptionTest::Ask { assumption: number }
            } else {
                AssumptionTest::Versions { assumption: number, dicts }
            }
        };
        self.tests.push((assumption.clone(), test));
        test
    }

    fn method(&self, callee: &str) -> Option<MethodCall> {
        self.callees.get(callee)?.method
    }
}
