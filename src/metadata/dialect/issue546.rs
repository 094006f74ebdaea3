//! The `issue546` dialect: only a number before the name, and the embedder knows its meaning.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use super::{Metadata, check_function, check_pointer, check_wrapper, container};
use crate::cpython::memory;
use crate::cpython::object::MethodDef;
use crate::metadata::signature::Signature;
use crate::metadata::values::Flaw;

/// The meanings of the numbers of the `issue546` dialect. The metadata has only the number, so the signature and the
/// underlying functions, if there are any, come from here.
///
/// ```
/// use typedcall::metadata::{Dialect, TypeTable};
///
/// let mut types = TypeTable::new();
/// // Every method of type 7 takes a string and returns one; its `ml_meth` itself is called.
/// types.insert(7, "(str) -> str raises null".parse()?)?;
/// let dialect = Dialect::Issue546(types);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeTable {
    types: HashMap<i32, NumberedType>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NumberedType {
    signature: Signature,
    /// One for each overload; empty if the signature is that of `ml_meth` itself.
    functions: Vec<NonZeroUsize>,
}

/// The reason why a type can't be in a [`TypeTable`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("type {number}: {reason}")]
pub struct TypeError {
    /// The number.
    pub number: i32,
    /// The reason.
    pub reason: String,
}

impl TypeTable {
    /// An empty table: every method is rejected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the meaning of a number, and replaces an earlier one. Many methods may have the number: stubs call the
    /// `ml_meth` of each, as for [`Specializer::declare`](crate::Specializer::declare), so the signature takes and
    /// returns objects only.
    ///
    /// # Errors
    /// If the signature makes no sense, or has other kinds than objects.
    pub fn insert(&mut self, number: i32, signature: Signature) -> Result<(), TypeError> {
        let objects = signature.overloads.iter().all(|overload| {
            overload.result.is_object() && overload.parameters.iter().all(|parameter| parameter.kind.is_object())
        });
        if !objects {
            let reason = format!("{signature}: ml_meth takes and returns objects only");
            return Err(TypeError { number, reason });
        }
        self.add(number, NumberedType { signature, functions: Vec::new() })
    }

    /// Sets the meaning of a number, with the underlying function of each overload. Give each such method a number of
    /// its own.
    ///
    /// # Errors
    /// If the signature makes no sense, or the numbers of functions and overloads differ.
    ///
    /// # Safety
    /// The functions have these signatures, do the same as the wrapper of every method with this number that is read
    /// with this table, and live as long as any stub that is made of them.
    pub unsafe fn insert_underlying(
        &mut self,
        number: i32,
        signature: Signature,
        functions: Vec<NonZeroUsize>,
    ) -> Result<(), TypeError> {
        let (overloads, count) = (signature.overloads.len(), functions.len());
        if overloads != count {
            return Err(TypeError { number, reason: format!("{overloads} overloads, but {count} functions") });
        }
        self.add(number, NumberedType { signature, functions })
    }

    fn add(&mut self, number: i32, class: NumberedType) -> Result<(), TypeError> {
        class.signature.check().map_err(|(index, nonsense)| {
            let reason = format!("overload {index} makes no sense: {nonsense}");
            TypeError { number, reason }
        })?;
        self.types.insert(number, class);
        Ok(())
    }
}

pub(super) fn read(found: &MethodDef, types: &TypeTable) -> Result<Metadata, Flaw> {
    let (name, address) = container(found, size_of::<u32>())?;
    check_pointer("ml_name", address, align_of::<u32>())?;
    let number = memory::read::<u32>(address).map_err(|fault| Flaw::unnumbered("type", fault))?.cast_signed();
    let unknown = || Flaw::unnumbered("type", format!("{number} is not in the table of types"));
    let NumberedType { signature, functions } = types.types.get(&number).ok_or_else(unknown)?;
    for overload in &signature.overloads {
        check_wrapper(found, overload)?;
    }
    let underlying = !functions.is_empty();
    let functions = match underlying {
        true => functions.clone(),
        false => vec![check_function("ml_meth", found.meth)?; signature.overloads.len()],
    };
    Ok(Metadata { name, signature: signature.clone(), functions, underlying })
}
