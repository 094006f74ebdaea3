//! Whether a function can be compiled.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cranelift_codegen::Context;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_frontend::FunctionBuilderContext;

use super::build_body;
use super::reference::{MethodCall, SymbolicReferences};
use crate::cpython::Layout;
use crate::ir::{Callees, Function};
use crate::lower::body_isa;
use crate::lower::symbol::AddressTable;
use crate::lower::unsupported::Unsupported;

/// Compiles a function for one fixed target and throws the code away, to find out whether it can be lowered. `methods`
/// has the calling conventions of the callees' `ml_meth`s.
///
/// # Errors
/// The first instruction that has no code, with the reason; or the error of the code generator.
pub fn check(
    function: &Function,
    callees: &Callees,
    methods: &BTreeMap<Arc<str>, MethodCall>,
) -> Result<(), Unsupported> {
    static ISA: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let isa = ISA.get_or_init(|| {
        let triple = "x86_64-unknown-linux-gnu".parse().map_err(|error| format!("{error}"))?;
        body_isa(Some(triple), true).map_err(|error| error.to_string())
    });
    let isa = isa.as_ref().map_err(|error| Unsupported::new("the target", error.as_str()))?;
    let mut context = Context::new();
    let mut references = SymbolicReferences::default();
    references.methods.clone_from(methods);
    let addresses = AddressTable::symbolic();
    build_body(
        &mut context,
        &mut FunctionBuilderContext::new(),
        &**isa,
        &Layout::CURRENT,
        &mut &addresses,
        &mut references,
        function,
        callees,
    )?;
    let compiled = context.compile(&**isa, &mut Default::default());
    compiled.map(drop).map_err(|error| Unsupported::new("the code", error.inner.to_string()))
}
