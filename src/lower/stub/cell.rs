//! A stub's cell as compiled code sees it. Machine code is shared by all stubs of a shape; everything that differs
//! between them is read from the cell.

use cranelift_codegen::ir::{Value, types};

use crate::cpython::Layout;
use crate::lower::emit::emitter::Emitter;

/// A field of a cell. `runtime::stub::cell` writes them, compiled code reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellField {
    /// The underlying C function of the only arm; or the original's `ml_meth`, if that is the target.
    Target,
    /// The original's `ml_meth`.
    Method,
    /// The original's `m_self`: the first argument of its `ml_meth`.
    Receiver,
    /// The original callable itself.
    Callable,
    /// The type whose instances a method descriptor accepts; the defining class of a METH_METHOD function.
    Class,
    /// An array with the underlying function of each overload.
    Targets,
    /// An array with the names and defaults of each overload's arguments, for `runtime::stub::matching`.
    Parameters,
    /// A tuple of the names of the last C arguments.
    Keywords,
    /// The reader of the arguments of a function that has no wrapper.
    Reader,
    /// The data for the conversions of a foreign function's provider (`runtime::stub::foreign`).
    Foreign,
    /// An array of the words that a foreign function's stub watches.
    Watched,
}

impl CellField {
    /// The distance between fields, in bytes.
    pub const SIZE: i32 = 8;
    /// Number of fields.
    pub const COUNT: i32 = 11;

    /// The offset of the field from the start of the cell.
    pub const fn offset(self, layout: &Layout) -> i32 {
        layout.module_size + Self::SIZE * self as i32
    }
}

impl Emitter<'_, '_> {
    /// The content of a field of the cell.
    pub(super) fn load_field(&mut self, cell: Value, field: CellField) -> Value {
        self.load(types::I64, cell, field.offset(self.layout))
    }
}

/// How a shape's code finds its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellSource {
    /// The first argument is the cell: `m_self` of a stub that Python holds as a function.
    Receiver,
    /// A thunk loads it into one additional argument register.
    Thunk(CellRegister),
}

/// The register that carries the cell from a thunk to the shape's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellRegister {
    /// The integer argument register of this number.
    Integer(u8),
    /// The first float argument register, for the case that the arguments, all pointers, fill the integer ones.
    Float,
}

impl CellRegister {
    /// The first free register after `pointers` pointer arguments.
    ///
    /// x86-64 passes six integers in registers, aarch64 eight: the smaller number serves both.
    pub const fn after(pointers: usize) -> Self {
        if pointers < 6 { Self::Integer(pointers as u8) } else { Self::Float }
    }
}
