//! What each operation of Python's does: functions from operands to a result.
//!
//! The interpreter of bytecode and compiled code call the same functions, so that one place knows how an operation is done.
//! Operands are borrowed: whoever calls gives them up, in CPython's order ([`DeathOrder`](crate::cpython::DeathOrder)). Nothing here
//! knows of a stack, of locals or of where the function is.
//!
//! | file | what |
//! | --- | --- |
//! | `numbers` | operators, comparisons, truth |
//! | `items` | subscripts |
//! | `attributes` | attributes, methods, `super`, special methods |
//! | `names` | globals, builtins, cells, and the errors of unbound names |
//! | `build` | displays and what fills them |
//! | `format` | text and templates |
//! | `calls` | `f(*args, **kwargs)` |
//! | `functions` | making functions |
//! | `iteration` | iterators and unpacking |
//! | `raising` | `raise`, and what handlers ask |
//! | `with` | `with` |
//! | `patterns` | `match` |
//! | `imports` | imports |
//! | `intrinsics` | type parameters and type aliases |
//! | `words` | the names that all of these ask for |
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

/// Where a function finds its names.
#[derive(Clone, Copy, Debug)]
pub struct Namespaces<'a> {
    /// Its globals, a dict.
    pub globals: &'a Object,
    /// Its builtins, a mapping.
    pub builtins: &'a Object,
}
