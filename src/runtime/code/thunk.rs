//! Thunks: 16 bytes of code that give a cell an address of its own.
//!
//! A thunk loads its cell into one more argument register and jumps to the shape's code. The code of a page of thunks
//! is written once. The values that each thunk loads are in a slot on the page after it, as plain data that is reused.

use std::io;
use std::num::NonZeroUsize;
use std::ptr::{NonNull, without_provenance, without_provenance_mut};
use std::sync::{Arc, Mutex, Weak};

use super::segment::{Segment, page_size};
use crate::lower::CellRegister;

/// Bytes of code of one thunk, and bytes of one slot.
const THUNK_BYTES: usize = 16;

/// The register that a thunk loads before it jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ThunkRegister {
    /// A shape's cell.
    Cell(CellRegister),
    /// `al`, for C functions that may be variadic.
    VectorCount,
}

/// The values that a thunk loads. The code below knows the layout.
#[repr(C)]
struct ThunkSlot {
    cell: *mut u8,
    code: *const u8,
}

/// An address that can be called, bound to one cell.
#[derive(Debug)]
pub struct Thunk {
    page: Arc<Page>,
    index: usize,
}

#[derive(Debug)]
struct Page {
    segment: Segment,
    free: Mutex<Vec<usize>>,
}

/// All pages of thunks of a process. A page is owned by its thunks, and unmapped with the last of them.
#[derive(Debug, Default)]
pub struct Thunks {
    pages: Mutex<Vec<(ThunkRegister, Weak<Page>)>>,
}

/// Thunks belong to the process: a cell may outlive the specializer that made it.
pub(crate) static THUNKS: Thunks = Thunks::new();

impl Thunks {
    /// No pages yet.
    pub const fn new() -> Self {
        Self { pages: Mutex::new(Vec::new()) }
    }

    /// A thunk that jumps to a shape's `code` with `cell` in `register`.
    ///
    /// # Errors
    /// If the system refuses executable memory, or the platform's thunks are not written yet.
    pub fn bind(&self, register: CellRegister, cell: NonNull<u8>, code: NonNull<u8>) -> io::Result<Thunk> {
        self.make(ThunkRegister::Cell(register), ThunkSlot { cell: cell.as_ptr(), code: code.as_ptr() })
    }

    /// A thunk that jumps to a C function, which may be variadic: such functions look in `al` for the number of float
    /// registers in use, at most (System V ABI for x86-64, section 3.5.7).
    ///
    /// # Errors
    /// The errors of [`Thunks::bind`].
    pub fn bind_variadic(&self, function: NonZeroUsize) -> io::Result<Thunk> {
        const FLOAT_REGISTERS: usize = 8;
        let slot =
            ThunkSlot { cell: without_provenance_mut(FLOAT_REGISTERS), code: without_provenance(function.get()) };
        self.make(ThunkRegister::VectorCount, slot)
    }

    fn make(&self, register: ThunkRegister, contents: ThunkSlot) -> io::Result<Thunk> {
        let mut pages = self.pages.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The newest page is the likeliest to have a free slot.
        let mut of_register = pages.iter().rev().filter(|(of, _)| *of == register);
        let found = of_register.find_map(|(_, page)| Thunk::take(&page.upgrade()?));
        let thunk = match found {
            Some(thunk) => thunk,
            None => {
                let page = Arc::new(Page::new(register)?);
                let thunk = Thunk::take(&page).ok_or_else(|| io::Error::other("a fresh page of thunks is full"))?;
                pages.retain(|(_, page)| page.strong_count() > 0);
                pages.push((register, Arc::downgrade(&page)));
                thunk
            }
        };
        let slot = thunk.slot();
        // SAFETY: the slot is in the writable half of the page, and belongs to this thunk alone; nothing calls the
        // thunk before its address is known.
        unsafe { slot.write(contents) };
        Ok(thunk)
    }
}

impl Thunk {
    fn take(page: &Arc<Page>) -> Option<Self> {
        let index = page.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop()?;
        Some(Self { page: page.clone(), index })
    }

    /// The address to call.
    pub fn address(&self) -> NonNull<u8> {
        // SAFETY: the index is below the number of thunks on the page.
        unsafe { NonNull::new_unchecked(self.page.segment.start().add(self.index * THUNK_BYTES)) }
    }

    fn slot(&self) -> *mut ThunkSlot {
        self.page.segment.start().wrapping_add(page_size() + self.index * THUNK_BYTES).cast()
    }
}

impl Drop for Thunk {
    fn drop(&mut self) {
        self.page.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(self.index);
    }
}

impl Page {
    fn new(register: ThunkRegister) -> io::Result<Self> {
        let code_bytes = page_size();
        let count = code_bytes / THUNK_BYTES;
        let segment = Segment::writable(2 * code_bytes)?;
        for index in 0..count {
            let code = encode(register, code_bytes)?;
            // SAFETY: `index` is below the number of thunks on the page, which is writable still.
            unsafe {
                segment.start().add(index * THUNK_BYTES).copy_from_nonoverlapping(code.as_ptr(), THUNK_BYTES);
            }
        }
        segment.make_executable(code_bytes)?;
        Ok(Self { segment, free: Mutex::new((0..count).rev().collect()) })
    }
}

/// The code of a thunk whose slot is `distance` bytes after its first byte: a load of `ThunkSlot::cell` into the
/// register, then a jump through `ThunkSlot::code`. Both addresses are relative to rip.
#[cfg(target_arch = "x86_64")]
fn encode(register: ThunkRegister, distance: usize) -> io::Result<[u8; THUNK_BYTES]> {
    // `mov r64, [rip+disp32]` for the third to sixth integer argument, `movsd xmm0, [rip+disp32]` for the float one.
    let load: &[u8] = match register {
        ThunkRegister::Cell(CellRegister::Integer(0)) => &[0x48, 0x8b, 0x3d],
        ThunkRegister::Cell(CellRegister::Integer(1)) => &[0x48, 0x8b, 0x35],
        ThunkRegister::Cell(CellRegister::Integer(2)) => &[0x48, 0x8b, 0x15],
        ThunkRegister::Cell(CellRegister::Integer(3)) => &[0x48, 0x8b, 0x0d],
        ThunkRegister::Cell(CellRegister::Integer(4)) => &[0x4c, 0x8b, 0x05],
        ThunkRegister::Cell(CellRegister::Integer(5)) => &[0x4c, 0x8b, 0x0d],
        ThunkRegister::Cell(CellRegister::Float) => &[0xf2, 0x0f, 0x10, 0x05],
        // `mov rax, [rip+disp32]`.
        ThunkRegister::VectorCount => &[0x48, 0x8b, 0x05],
        ThunkRegister::Cell(CellRegister::Integer(other)) => {
            return Err(io::Error::other(format!("x86-64 has no integer argument register {other}")));
        }
    };
    const JUMP: [u8; 2] = [0xff, 0x25];
    const DISPLACEMENT: usize = 4;
    let mut code = [0xcc; THUNK_BYTES];
    let after_load = load.len() + DISPLACEMENT;
    let after_jump = after_load + JUMP.len() + DISPLACEMENT;
    let displacement = |target: usize, next: usize| {
        i32::try_from(target - next).map(i32::to_le_bytes).map_err(|_| io::Error::other("a page is out of reach"))
    };
    code[..load.len()].copy_from_slice(load);
    code[load.len()..after_load].copy_from_slice(&displacement(distance, after_load)?);
    code[after_load..after_load + JUMP.len()].copy_from_slice(&JUMP);
    let pointer = distance + std::mem::offset_of!(ThunkSlot, code);
    code[after_load + JUMP.len()..after_jump].copy_from_slice(&displacement(pointer, after_jump)?);
    Ok(code)
}

#[cfg(not(target_arch = "x86_64"))]
fn encode(_: ThunkRegister, _: usize) -> io::Result<[u8; THUNK_BYTES]> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "thunks are written for x86-64 only"))
}
