//! The functions and data that compiled code uses by their addresses, and the source of these addresses.

use std::num::NonZeroUsize;

use cranelift_codegen::ir::{self, InstBuilder, types};
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{DataId, Linkage, Module, ModuleError};

use super::symbol_table::symbols;
use crate::cpython::CSignature;
use crate::cpython::c_function::CValue;
use crate::cpython::functions::table;

/// The name of a row of the table.
macro_rules! name_of {
    (data($name:literal)) => {
        $name
    };
    (cpython($function:ident)) => {
        table::$function.name
    };
    (runtime($name:literal, $($rest:tt)*)) => {
        $name
    };
}

/// The signature of a row of the table; `None` for data.
macro_rules! signature_of {
    (data($name:literal)) => {
        None
    };
    (cpython($function:ident)) => {
        Some(table::$function.signature)
    };
    (runtime($name:literal, $abi:literal fn $($part:ident)::+($($parameter:ty),*) $(-> $result:ty)?)) => {{
        #[allow(unused_imports, reason = "some have numbers only")]
        use signature_types::*;
        const SIGNATURE: CSignature = CSignature {
            parameters: &[$(<$parameter as CValue>::ABI),*],
            result: result_of!($($result)?),
            may_unwind: is_unwinding($abi),
        };
        Some(SIGNATURE)
    }};
}

macro_rules! result_of {
    () => {
        None
    };
    ($result:ty) => {
        Some(<$result as CValue>::ABI)
    };
}

/// The table's types as this room sees them: it only calls.
mod signature_types {
    pub use std::ffi::{c_char, c_int, c_void};

    pub type Object = *mut c_void;
    pub type Promises = u64;
    pub type ArgumentReader = c_void;
    pub type Context = c_void;
    pub type Foreign = c_void;
    pub type Parameters = c_void;
    pub type Record = c_void;
    pub type Unit = c_void;
    pub type Version = c_void;
}

const fn is_unwinding(abi: &str) -> bool {
    abi.len() > "C".len()
}

macro_rules! define_symbols {
    (
        stubs { $($of_stubs:ident: $stub_kind:ident $stub_row:tt,)* }
        bodies { $($of_bodies:ident: $body_kind:ident $body_row:tt,)* }
    ) => {
        /// A function or variable of CPython or of this crate's runtime whose address compiled code uses.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each is the C name that `Symbol::name` gives")]
        #[repr(u8)]
        pub enum Symbol {
            $($of_stubs,)*
            $($of_bodies,)*
        }

        impl Symbol {
            /// Every symbol, in the order of its number.
            pub const ALL: [Self; [$(Self::$of_stubs,)* $(Self::$of_bodies,)*].len()] =
                [$(Self::$of_stubs,)* $(Self::$of_bodies,)*];

            /// The symbols that stubs use: the first ones.
            pub const OF_STUBS: [Self; [$(Self::$of_stubs,)*].len()] = [$(Self::$of_stubs,)*];

            /// Its name for a linker; the names of our own symbols begin with `typedcall_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$of_stubs => name_of!($stub_kind $stub_row),)*
                    $(Self::$of_bodies => name_of!($body_kind $body_row),)*
                }
            }

            /// Its signature; `None` if it is not a function.
            pub const fn signature(self) -> Option<CSignature> {
                match self {
                    $(Self::$of_stubs => signature_of!($stub_kind $stub_row),)*
                    $(Self::$of_bodies => signature_of!($body_kind $body_row),)*
                }
            }
        }
    };
}

symbols!(define_symbols);

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

    /// Made-up addresses that are the same on every machine: for listings, and for golden tests.
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
    imports: [DataId; Symbol::OF_STUBS.len()],
}

impl<'m> ModuleSymbols<'m> {
    /// Declares the symbols as imports of `module`.
    ///
    /// # Errors
    /// If the module declares one of the names as something else.
    pub fn declare(module: &'m mut dyn Module) -> Result<Self, Box<ModuleError>> {
        let mut imports = [DataId::from_u32(0); Symbol::OF_STUBS.len()];
        for (symbol, import) in Symbol::OF_STUBS.iter().zip(&mut imports) {
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
