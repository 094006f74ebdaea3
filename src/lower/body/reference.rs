//! The addresses that a function's code uses, apart from CPython's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ir::{Assumption, Called, ConstObject};
use crate::lower::MethodConvention;
use crate::lower::symbol::Symbol;
use crate::lower::symbol::annotate_constants;

/// Something whose address a function's code uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A function of the runtime, or of CPython's.
    Function(Symbol),
    /// The data of this function: the first argument of the runtime's functions that need it.
    Unit,
    /// The data of this version of the function: the first argument of functions that need to know which version runs.
    Version,
    /// The word that is not zero as long as all assumptions hold.
    AssumptionsHold,
    /// The version of a dict that an assumption depends on.
    DictVersion {
        /// The number of the dict.
        dict: u32,
        /// The version that was recorded when all was as assumed, not the dict's current one.
        recorded: bool,
    },
    /// An object: its label, and its address if that is known.
    Object(Arc<str>, usize),
    /// A name, an interned `str`.
    Name(Arc<str>),
    /// A tuple of names.
    Names(Vec<Arc<str>>),
    /// The C function of a callee.
    Callee(Called),
    /// The object that the built-in function of a callee is bound to.
    Receiver(Called),
}

/// How code tests an assumption.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AssumptionTest {
    /// By [`Reference::AssumptionsHold`].
    Flag,
    /// By the versions of the dicts of these numbers. If a version is not the recorded one, the code asks the runtime
    /// for all assumptions about that dict.
    Versions(Vec<u32>),
    /// By asking the runtime for the assumption of this number.
    Ask {
        /// Its number.
        assumption: u32,
    },
    /// It is not tested, because it can't be broken.
    Never,
}

/// How the `ml_meth` of a callee is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MethodCall {
    /// Its METH_ convention.
    pub convention: MethodConvention,
    /// Whether the receiver is the object that a built-in function is bound to, and not the first argument.
    pub is_bound: bool,
}

impl MethodCall {
    /// Whether compiled code makes such calls.
    pub fn is_possible(self) -> bool {
        !matches!(self.convention, MethodConvention::Method | MethodConvention::Other)
    }
}

/// Gives a function's code the addresses that it uses.
pub trait References {
    /// The address.
    fn address(&mut self, reference: Reference) -> i64;

    /// How an assumption is tested.
    fn assumption(&mut self, assumption: &Assumption) -> AssumptionTest;

    /// How the `ml_meth` of a callee is called.
    fn method(&self, callee: &Called) -> Option<MethodCall>;
}

impl Reference {
    /// The reference to a constant.
    pub fn object(object: &ConstObject) -> Self {
        Self::Object(object.label.clone(), object.address.map_or(0, Into::into))
    }
}

/// Made-up addresses that are the same on every machine and can be annotated: for golden tests, and to find out whether
/// a function can be compiled.
#[derive(Debug, Default)]
pub struct SymbolicReferences {
    known: Vec<Reference>,
    /// How `ml_meth`s are called, by the text of the callee; without an entry, as a method with `METH_FASTCALL`.
    pub methods: BTreeMap<Arc<str>, MethodCall>,
    /// How assumptions are tested; by the flag, if this is `None`.
    pub test: Option<AssumptionTest>,
}

/// The first address, far from those of `AddressTable::symbolic`.
const FIRST: i64 = 0x7000_0000;
/// The distance between two addresses.
const APART: i64 = 0x1000;

impl SymbolicReferences {
    /// The addresses for a function whose callees' `ml_meth`s are called like this.
    pub fn of(methods: BTreeMap<Arc<str>, MethodCall>) -> Self {
        Self { methods, ..Self::default() }
    }

    /// Adds a comment to each line of CLIF that has one of the addresses: its meaning.
    pub fn annotate(&self, clif: &str) -> String {
        let meanings = self.known.iter().zip(0..);
        annotate_constants(clif, meanings.map(|(reference, number)| (FIRST + APART * number, describe(reference))))
    }
}

fn describe(reference: &Reference) -> String {
    match reference {
        Reference::Function(function) => function.name().to_owned(),
        Reference::Unit => "unit".to_owned(),
        Reference::Version => "version".to_owned(),
        Reference::AssumptionsHold => "assumptions hold".to_owned(),
        Reference::DictVersion { dict, recorded } => {
            format!("{} of dict {dict}", if *recorded { "recorded version" } else { "version" })
        }
        Reference::Object(label, _) => format!("object {label:?}"),
        Reference::Name(name) => format!("name {name}"),
        Reference::Names(names) => format!("names {}", names.join(", ")),
        Reference::Callee(name) => format!("callee {name}"),
        Reference::Receiver(name) => format!("receiver of {name}"),
    }
}

impl References for SymbolicReferences {
    fn address(&mut self, reference: Reference) -> i64 {
        let number = self.known.iter().position(|known| *known == reference).unwrap_or_else(|| {
            self.known.push(reference);
            self.known.len() - 1
        });
        let number = i64::try_from(number).expect("a function has fewer references");
        FIRST + APART * number
    }

    fn assumption(&mut self, _: &Assumption) -> AssumptionTest {
        self.test.clone().unwrap_or(AssumptionTest::Flag)
    }

    fn method(&self, callee: &Called) -> Option<MethodCall> {
        let default = MethodCall { convention: MethodConvention::FastCall, is_bound: false };
        Some(self.methods.get(&callee.text).copied().unwrap_or(default))
    }
}
