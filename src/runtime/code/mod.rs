//! Executable memory: what lies in it, and how it gets there. Knows of plans and of IR what the code generator asks for, and
//! nothing of what runs.
//!
//! | file | what |
//! | --- | --- |
//! | `segment` | pages for code |
//! | `placed` | code where it lies |
//! | `thunk` | addresses for cells |
//! | `code_pointer` | code as function pointers |
//! | `compiler` | from a plan, or a function, to code |

pub(crate) mod code_pointer;
pub(crate) mod compiler;
pub(crate) mod placed;
pub(crate) mod segment;
pub(crate) mod thunk;
