//! Dialects of METH_TYPED, by the names that Python uses.

use std::num::NonZeroUsize;

use super::arguments::FastcallArguments;
use super::method_error::MethodError;
use crate::callable::Error;
use crate::embed::Python;
use crate::metadata::{Dialect, Kind, Overload, Signature, TypeTable};

/// The dialect with this name. That of issue 546 needs a table: each of its `types` is a tuple of a number, a
/// signature, and the addresses of the underlying functions, one for each overload or none.
///
/// # Errors
/// For other names, for types that are not such tuples, and for types that can't be in a [`TypeTable`].
///
/// # Safety
/// The addresses are those of functions that fulfil [`TypeTable::insert_underlying`].
pub unsafe fn dialect(python: &Python, name: &str, types: &FastcallArguments<'_>) -> Result<Dialect, MethodError> {
    match name {
        "version1" => return Ok(Dialect::Version1),
        "pypy" => return Ok(Dialect::PyPy),
        "cinder" => return Ok(Dialect::Cinder),
        "issue546" => {}
        other => return Err(MethodError::Type(format!("dialect={other:?}: say pypy, issue546 or cinder"))),
    }
    let mut table = TypeTable::new();
    for index in 0..types.len() {
        let class = types.tuple(python, index)?;
        if class.len() < 2 {
            let text = "types= expects a signature for each number, or a tuple of a signature and addresses";
            return Err(MethodError::Type(text.to_owned()));
        }
        let number = class.int(0)?;
        let number = i32::try_from(number).map_err(|_| MethodError::Type(format!("types: {number} is not a C int")))?;
        let wrong = |reason: String| Error::Mismatch { name: format!("types[{number}]"), reason };
        let text = class.text(python, 1)?;
        let signature: Signature = text.parse().map_err(|error| wrong(format!("{error}")))?;
        // Nothing would keep the type alive, or notice when it is gone.
        if let Some(kind) = signature.overloads.iter().flat_map(kinds).find(|kind| matches!(kind, Kind::User { .. })) {
            return Err(wrong(format!("{kind}: a table has no types of extensions: say object")).into());
        }
        let functions = (2..class.len()).map(|index| Ok(class.address(python, index)?.addr()));
        let functions: Vec<NonZeroUsize> = functions.collect::<Result<_, MethodError>>()?;
        let inserted = if functions.is_empty() {
            table.insert(number, signature)
        } else {
            // SAFETY: as the caller promises.
            unsafe { table.insert_underlying(number, signature, functions) }
        };
        inserted.map_err(|error| wrong(error.reason))?;
    }
    Ok(Dialect::Issue546(table))
}

/// The kinds in an overload.
fn kinds(overload: &Overload) -> impl Iterator<Item = &Kind> {
    overload.parameters.iter().map(|parameter| &parameter.kind).chain([&overload.result])
}
