//! Python's operations: functions from operands to a result.
//!
//! The interpreter of bytecode and compiled code call the same functions, so there is one place that knows how an
//! operation is done. Operands are borrowed: the caller gives them up, in CPython's order
//! ([`DeathOrder`](crate::cpython::DeathOrder)). Nothing here knows about a stack, about locals, or about the position
//! in the function.
//!
//! | file | content |
//! | --- | --- |
//! | `numbers` | operators, comparisons, truth |
//! | `items` | subscripts |
//! | `attributes` | attributes, methods, `super`, special methods |
//! | `names` | globals, builtins, cells, and the errors of unbound names |
//! | `build` | displays, and the operations that fill them |
//! | `format` | text and templates |
//! | `calls` | `f(*args, **kwargs)` |
//! | `functions` | making functions |
//! | `iteration` | iterators and unpacking |
//! | `raising` | `raise`, and the questions of handlers |
//! | `with` | `with` |
//! | `patterns` | `match` |
//! | `imports` | imports |
//! | `intrinsics` | type parameters and type aliases |
//! | `words` | the names that these operations look up |
//! | `spliced` | instructions that CPython itself executes |

pub mod attributes;
pub mod build;
pub mod calls;
pub mod format;
pub mod functions;
pub mod imports;
pub mod intrinsics;
pub mod items;
pub mod iteration;
pub mod names;
pub mod numbers;
pub mod patterns;
pub mod raising;
mod spliced;
pub mod with;
mod words;

use crate::embed::Object;

/// The places in which a function finds its names.
#[derive(Clone, Copy, Debug)]
pub struct Namespaces<'a> {
    /// Its globals, a dict.
    pub globals: &'a Object,
    /// Its builtins, a mapping.
    pub builtins: &'a Object,
}
