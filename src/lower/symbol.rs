//! The few addresses outside of a stub that compiled code needs, by name.

use std::num::NonZeroUsize;

use cranelift_codegen::ir::{self, InstBuilder, types};
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{DataId, Linkage, Module, ModuleError};

/// A function or variable of CPython or of this crate's runtime whose address compiled code uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the C name that `Symbol::name` gives")]
#[repr(u8)]
pub enum Symbol {
    LongType,
    FloatType,
    BoolType,
    UnicodeType,
    BytesType,
    ListType,
    TupleType,
    DictType,
    NoneObject,
    TrueObject,
    FalseObject,
    /// The first element of the interpreter's array of small ints.
    SmallInts,
    LongFromLong,
    LongFromUnsignedLongLong,
    FloatFromDouble,
    ObjectMalloc,
    ErrOccurred,
    Vectorcall,
    EnterRecursiveCall,
    LeaveRecursiveCall,
    /// The text that `Py_EnterRecursiveCall` appends to its message. It is the same as in CPython's own vectorcalls.
    RecursionPlace,
    Dealloc,
    /// `runtime::context::current`.
    Context,
    UnicodeFromString,
    BytesFromStringAndSize,
    TypeIsSubtype,
    SaveThread,
    RestoreThread,
    StrLen,
    /// `runtime::utf8::utf8`.
    Utf8,
    /// The functions of `runtime::audit`.
    AuditBegin,
    AuditEnd,
    AuditReturned,
    AuditRaised,
    /// `runtime::matching::match_arguments`.
    MatchArguments,
    /// `runtime::matching::call_with_tuple`.
    CallWithTuple,
    /// `runtime::parser::parse`.
    ParseArguments,
    /// `runtime::parser::release`.
    ReleaseBuffers,
    /// `runtime::foreign::to_foreign`.
    ToForeign,
    /// `runtime::foreign::from_foreign`.
    FromForeign,
    /// The counter of the calls that passed all guards and reached the underlying function, for the whole process.
    Hits,
    /// `runtime::counters::count_fallback`.
    CountFallback,
}

impl Symbol {
    /// Every symbol, in the order of its number.
    pub const ALL: [Self; 42] = [
        Self::LongType,
        Self::FloatType,
        Self::BoolType,
        Self::UnicodeType,
        Self::BytesType,
        Self::ListType,
        Self::TupleType,
        Self::DictType,
        Self::NoneObject,
        Self::TrueObject,
        Self::FalseObject,
        Self::SmallInts,
        Self::LongFromLong,
        Self::LongFromUnsignedLongLong,
        Self::FloatFromDouble,
        Self::ObjectMalloc,
        Self::ErrOccurred,
        Self::Vectorcall,
        Self::EnterRecursiveCall,
        Self::LeaveRecursiveCall,
        Self::RecursionPlace,
        Self::Dealloc,
        Self::Context,
        Self::UnicodeFromString,
        Self::BytesFromStringAndSize,
        Self::TypeIsSubtype,
        Self::SaveThread,
        Self::RestoreThread,
        Self::StrLen,
        Self::Utf8,
        Self::AuditBegin,
        Self::AuditEnd,
        Self::AuditReturned,
        Self::AuditRaised,
        Self::MatchArguments,
        Self::CallWithTuple,
        Self::ParseArguments,
        Self::ReleaseBuffers,
        Self::ToForeign,
        Self::FromForeign,
        Self::Hits,
        Self::CountFallback,
    ];

    /// Its name for a linker; the names of our own symbols begin with `typedcall_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LongType => "PyLong_Type",
            Self::FloatType => "PyFloat_Type",
            Self::BoolType => "PyBool_Type",
            Self::UnicodeType => "PyUnicode_Type",
            Self::BytesType => "PyBytes_Type",
            Self::ListType => "PyList_Type",
            Self::TupleType => "PyTuple_Type",
            Self::DictType => "PyDict_Type",
            Self::NoneObject => "_Py_NoneStruct",
            Self::TrueObject => "_Py_TrueStruct",
            Self::FalseObject => "_Py_FalseStruct",
            Self::SmallInts => "typedcall_small_ints",
            Self::LongFromLong => "PyLong_FromLong",
            Self::LongFromUnsignedLongLong => "PyLong_FromUnsignedLongLong",
            Self::FloatFromDouble => "PyFloat_FromDouble",
            Self::ObjectMalloc => "PyObject_Malloc",
            Self::ErrOccurred => "PyErr_Occurred",
            Self::Vectorcall => "PyObject_Vectorcall",
            Self::EnterRecursiveCall => "Py_EnterRecursiveCall",
            Self::LeaveRecursiveCall => "Py_LeaveRecursiveCall",
            Self::RecursionPlace => "typedcall_recursion_place",
            Self::Dealloc => "_Py_Dealloc",
            Self::Context => "typedcall_context_current",
            Self::UnicodeFromString => "PyUnicode_FromString",
            Self::BytesFromStringAndSize => "PyBytes_FromStringAndSize",
            Self::TypeIsSubtype => "PyType_IsSubtype",
            Self::SaveThread => "PyEval_SaveThread",
            Self::RestoreThread => "PyEval_RestoreThread",
            Self::StrLen => "strlen",
            Self::Utf8 => "typedcall_utf8",
            Self::AuditBegin => "typedcall_audit_begin",
            Self::AuditEnd => "typedcall_audit_end",
            Self::AuditReturned => "typedcall_audit_returned",
            Self::AuditRaised => "typedcall_audit_raised",
            Self::MatchArguments => "typedcall_match_arguments",
            Self::CallWithTuple => "typedcall_call_with_tuple",
            Self::ParseArguments => "typedcall_parse_arguments",
            Self::ReleaseBuffers => "typedcall_release_buffers",
            Self::ToForeign => "typedcall_to_foreign",
            Self::FromForeign => "typedcall_from_foreign",
            Self::Hits => "typedcall_hits",
            Self::CountFallback => "typedcall_count_fallback",
        }
    }
}

/// Gives compiled code the address of a [`Symbol`].
pub trait Symbols {
    /// Emits the address of `symbol`.
    fn address(&mut self, builder: &mut FunctionBuilder<'_>, symbol: Symbol) -> ir::Value;
}

/// Absolute addresses, for code that runs in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressTable([NonZeroUsize; Symbol::ALL.len()]);

impl AddressTable {
    /// The table with an address for each symbol.
    pub fn new(address: impl Fn(Symbol) -> NonZeroUsize) -> Self {
        Self(Symbol::ALL.map(address))
    }

    /// The address of a symbol.
    pub fn get(&self, symbol: Symbol) -> NonZeroUsize {
        self.0[symbol as usize]
    }

    /// Made-up addresses that are the same on every machine, for golden tests.
    pub fn symbolic() -> Self {
        const FIRST: usize = 0x5000_0000;
        const APART: usize = 0x1000;
        Self::new(|symbol| NonZeroUsize::MIN.saturating_add(FIRST + APART * symbol as usize - 1))
    }

    /// Adds a comment with the symbol's name to each line of CLIF that has an address of the table.
    pub fn annotate(&self, clif: &str) -> String {
        annotate_constants(
            clif,
            Symbol::ALL.iter().map(|symbol| (self.get(*symbol).get() as i64, symbol.name().to_owned())),
        )
    }
}

/// Adds a comment to each line of CLIF that has one of these constants: the meaning of the constant.
pub(super) fn annotate_constants(clif: &str, meanings: impl Iterator<Item = (i64, String)>) -> String {
    let meanings: Vec<_> = meanings
        .map(|(constant, meaning)| (format!("iconst.i64 {}", ir::immediates::Imm64::new(constant)), meaning))
        .collect();
    let annotated = clif.lines().map(|line| {
        let code = line.split("  ;").next().unwrap_or(line).trim_end();
        match meanings.iter().find(|(constant, _)| code.ends_with(constant.as_str())) {
            Some((_, meaning)) => format!("{code}  ; {meaning}\n"),
            None => format!("{line}\n"),
        }
    });
    annotated.collect()
}

impl Symbols for &AddressTable {
    fn address(&mut self, builder: &mut FunctionBuilder<'_>, symbol: Symbol) -> ir::Value {
        builder.ins().iconst(types::I64, self.get(symbol).get() as i64)
    }
}

/// Imports of a [`Module`], for code that a linker or another JIT puts in place. The module must be able to find our
/// own symbols and `typedcall_small_ints`: define them for it.
pub struct ModuleSymbols<'m> {
    module: &'m dyn Module,
    imports: [DataId; Symbol::ALL.len()],
}

impl<'m> ModuleSymbols<'m> {
    /// Declares the symbols as imports of `module`.
    ///
    /// # Errors
    /// If the module declares one of the names as something else.
    pub fn declare(module: &'m mut dyn Module) -> Result<Self, Box<ModuleError>> {
        let mut imports = [DataId::from_u32(0); Symbol::ALL.len()];
        for (symbol, import) in Symbol::ALL.iter().zip(&mut imports) {
            // Functions too are imported as data, because only their address is needed.
            *import = module.declare_data(symbol.name(), Linkage::Import, false, false)?;
        }
        Ok(Self { module, imports })
    }
}

impl Symbols for ModuleSymbols<'_> {
    fn address(&mut self, builder: &mut FunctionBuilder<'_>, symbol: Symbol) -> ir::Value {
        let value = self.module.declare_data_in_func(self.imports[symbol as usize], builder.func);
        builder.ins().symbol_value(types::I64, value)
    }
}
