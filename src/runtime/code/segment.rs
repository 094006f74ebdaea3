//! Executable memory: private anonymous pages, written before they can run, and never writable again after that.
//!
//! With two mappings of one page, or a page that is writable and executable in turn, a parent process could rewrite the
//! code of a forked child, and a thread could run code that another is writing. So a [`Segment`] is filled while it is
//! writable, becomes executable once, and is unmapped whole.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider};
use cranelift_module::{ModuleError, ModuleResult};

/// The size of a line of the instruction cache, at which code starts.
const CODE_ALIGNMENT: usize = 64;

/// Pages of one unit of code; unmapped when dropped.
#[derive(Debug)]
pub struct Segment {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a segment is plain memory that it owns alone; nothing in it is tied to a thread.
unsafe impl Send for Segment {}
// SAFETY: as above; shared access only reads or executes it.
unsafe impl Sync for Segment {}

impl Segment {
    /// Maps fresh, zeroed, writable pages for at least `bytes` bytes.
    ///
    /// # Errors
    /// If the system gives no memory.
    pub fn writable(bytes: usize) -> io::Result<Self> {
        let length = bytes.max(1).next_multiple_of(page_size());
        // SAFETY: a fresh private anonymous mapping touches no existing memory.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("the system mapped the null page"))?;
        Ok(Self { start, length })
    }

    /// A writable segment for `bytes` bytes of code, and the place of the code in it. The place varies, since code at
    /// equal offsets of many pages would share few sets of the instruction cache.
    ///
    /// # Errors
    /// The errors of [`Segment::writable`].
    pub fn for_code(bytes: usize) -> io::Result<(Self, *mut u8)> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let spare = bytes.next_multiple_of(page_size()) - bytes;
        let lines = spare / CODE_ALIGNMENT + 1;
        let offset = NEXT.fetch_add(1, Ordering::Relaxed) % lines * CODE_ALIGNMENT;
        let segment = Self::writable(offset + bytes)?;
        // SAFETY: the segment is at least `offset` bytes long.
        let start = unsafe { segment.start().add(offset) };
        Ok((segment, start))
    }

    /// The start of the segment.
    pub fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Its length in bytes, whole pages.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Makes the first `bytes` (whole pages) executable and takes away the right to write them, for good.
    ///
    /// # Errors
    /// If the system refuses executable memory.
    pub fn make_executable(&self, bytes: usize) -> io::Result<()> {
        // x86-64 keeps instruction caches coherent by itself; other hosts need a flush here before they may run code.
        // SAFETY: the range is within the mapping that this segment owns.
        let status = unsafe { libc::mprotect(self.start.as_ptr().cast(), bytes, libc::PROT_READ | libc::PROT_EXEC) };
        if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: the segment owns exactly this mapping. Its owner keeps it while its code can run.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// The size of a page of memory in bytes.
pub fn page_size() -> usize {
    // SAFETY: sysconf only reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

/// Gives a `JITModule` one segment for each function, and keeps the segments for the caller of the compiler.
#[derive(Clone, Default)]
pub struct SegmentProvider {
    segments: Arc<Mutex<Vec<Segment>>>,
}

impl SegmentProvider {
    /// The segments allocated so far; the caller owns them from now on.
    pub fn take(&self) -> Vec<Segment> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Segment>> {
        // A panic while the list was locked leaves it valid, since pushing is all that happens under the lock.
        self.segments.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl JITMemoryProvider for SegmentProvider {
    fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> io::Result<*mut u8> {
        if !matches!(kind, JITMemoryKind::Executable) {
            return Err(io::Error::other("a unit of code holds code only, its data lives in cells"));
        }
        let (segment, start) = Segment::for_code(size)?;
        if align > CODE_ALIGNMENT as u64 {
            return Err(io::Error::other(format!("code asks for an alignment of {align} bytes")));
        }
        self.lock().push(segment);
        Ok(start)
    }

    unsafe fn free_memory(&mut self) {
        self.take();
    }

    fn finalize(&mut self, _: BranchProtection) -> ModuleResult<()> {
        for segment in self.lock().iter() {
            segment.make_executable(segment.length()).map_err(|err| ModuleError::Allocation { err })?;
        }
        Ok(())
    }
}
