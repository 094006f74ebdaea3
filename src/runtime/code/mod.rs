//! Executable memory: its content, and how code gets there. This folder knows about plans and IR only what the code
//! generator asks for, and nothing about running code.
//!
//! | file | content |
//! | --- | --- |
//! | `segment` | pages for code |
//! | `placed` | code in its final place |
//! | `thunk` | addresses for cells |
//! | `code_pointer` | code as function pointers |
//! | `compiler` | from a plan, or a function, to code |

pub(crate) mod code_pointer;
pub(crate) mod compiler;
pub(crate) mod placed;
pub(crate) mod segment;
pub(crate) mod thunk;
