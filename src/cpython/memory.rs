//! Reads memory of this process that may be unmapped: a wrong address gives an error, never a fault.
//!
//! The kernel does the reading (`process_vm_readv` on this process), so the kernel finds that a page is missing. If a
//! sandbox refuses that call, a `write` of the bytes to a pipe shows the same (it fails with EFAULT). Writing works the
//! same way, respects the protection of pages, and never changes it.

use std::ffi::c_void;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Pages are at least this large, and their boundaries are multiples of it, so a block of this size never crosses a
/// boundary.
const BLOCK: usize = 4096;

/// Set once `process_vm_readv` or `process_vm_writev` was refused: a sandbox goes on refusing.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Memory that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Part of it is unmapped, or protected from reading.
    #[error("{length} bytes at {address:#x} can't be read")]
    Unreadable {
        /// The first byte that was to be read.
        address: usize,
        /// The number of bytes.
        length: usize,
    },
    /// Part of it is unmapped, or protected from writing.
    #[error("{length} bytes at {address:#x} can't be written")]
    Unwritable {
        /// The first byte that was to be written.
        address: usize,
        /// The number of bytes.
        length: usize,
    },
    /// There is no NUL within the bound.
    #[error("the text at {address:#x} does not end within {bound} bytes")]
    Unterminated {
        /// The first byte of the text.
        address: usize,
        /// The largest length that it may have, without the NUL.
        bound: usize,
    },
    /// The system offers no safe way at all (for example, no file descriptor is left for the pipe).
    #[error("memory at {address:#x} can't be read safely: {source}")]
    NoWay {
        /// The first byte that was to be read.
        address: usize,
        /// The system's error.
        source: io::Error,
    },
}

/// Types for which any bytes are a valid value.
///
/// # Safety
/// Every bit pattern is a valid value, and there is no padding.
pub unsafe trait Plain: Copy {}

// SAFETY: any byte is a `u8`.
unsafe impl Plain for u8 {}
// SAFETY: integers have neither invalid bit patterns nor padding.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: as above.
unsafe impl Plain for usize {}

/// The system call that reads.
#[derive(Clone, Copy, Debug, PartialEq)]
enum SystemCall {
    Kernel,
    Pipe,
}

/// Reads a value at any address, aligned or not.
///
/// # Errors
/// [`Fault::Unreadable`] if part of it can't be read.
pub fn read<T: Plain>(address: usize) -> Result<T, Fault> {
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the bytes of `value` are initialized (to 0), exclusively borrowed, and any bytes may be stored in them.
    let bytes = unsafe { std::slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size_of::<T>()) };
    read_bytes(address, bytes)?;
    // SAFETY: `T: Plain`, so any bytes are a value.
    Ok(unsafe { value.assume_init() })
}

/// Fills `buffer` with the bytes at `address`.
///
/// # Errors
/// [`Fault::Unreadable`] if part of them can't be read; the buffer's content is then unspecified.
pub fn read_bytes(address: usize, buffer: &mut [u8]) -> Result<(), Fault> {
    if !REFUSED.load(Ordering::Relaxed) {
        match read_by(SystemCall::Kernel, address, buffer) {
            Err(Fault::NoWay { .. }) => REFUSED.store(true, Ordering::Relaxed),
            result => return result,
        }
    }
    read_by(SystemCall::Pipe, address, buffer)
}

/// Reads the text at `address` up to its NUL, which is not part of the result.
///
/// # Errors
/// [`Fault::Unterminated`] if more than `bound` bytes come before the NUL; [`Fault::Unreadable`] if it reaches memory
/// that can't be read.
pub fn read_text(address: usize, bound: usize) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    while text.len() <= bound {
        let from = address.wrapping_add(text.len());
        // This never reads past the end of a page before the text itself goes there.
        let length = (BLOCK - from % BLOCK).min(bound + 1 - text.len());
        let mut block = [0; BLOCK];
        read_bytes(from, &mut block[..length])?;
        match block[..length].iter().position(|&byte| byte == 0) {
            Some(end) => {
                text.extend_from_slice(&block[..end]);
                return Ok(text);
            }
            None => text.extend_from_slice(&block[..length]),
        }
    }
    Err(Fault::Unterminated { address, bound })
}

/// Writes four bytes, if the page is writable.
///
/// # Errors
/// [`Fault::Unwritable`] if it is not; nothing is written then.
///
/// # Safety
/// If there is memory at `address`, the caller may write it: nothing relies on its content.
pub unsafe fn write_u32(address: usize, value: u32) -> Result<(), Fault> {
    if !REFUSED.load(Ordering::Relaxed) {
        match write_by_kernel(address, value) {
            Err(Fault::NoWay { .. }) => REFUSED.store(true, Ordering::Relaxed),
            result => return result,
        }
    }
    write_where_mapped(address, value)
}

fn read_by(way: SystemCall, address: usize, buffer: &mut [u8]) -> Result<(), Fault> {
    let unreadable = Fault::Unreadable { address, length: buffer.len() };
    if address.checked_add(buffer.len()).is_none() {
        return Err(unreadable);
    }
    if buffer.is_empty() {
        return Ok(());
    }
    let done = match way {
        SystemCall::Kernel => read_by_kernel(address, buffer),
        SystemCall::Pipe => read_by_pipe(address, buffer),
    };
    match done {
        Ok(true) => Ok(()),
        Ok(false) => Err(unreadable),
        Err(source) => Err(Fault::NoWay { address, source }),
    }
}

/// Whether all bytes could be read; an error means that this call is not available.
fn read_by_kernel(address: usize, buffer: &mut [u8]) -> io::Result<bool> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: buffer.len() };
    // SAFETY: the local range is the exclusively borrowed buffer; the kernel checks the remote one.
    let count = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    transferred(count, buffer.len())
}

/// The result of a transfer of `wanted` bytes: all of them, not all because of the memory (EFAULT), or refused.
fn transferred(count: isize, wanted: usize) -> io::Result<bool> {
    if count >= 0 {
        return Ok(count as usize == wanted);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::EFAULT) { Ok(false) } else { Err(error) }
}

fn read_by_pipe(address: usize, buffer: &mut [u8]) -> io::Result<bool> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `pipe2` gave two descriptors that nothing else owns.
    let (reader, writer) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    let mut from = address;
    // An empty pipe always has space for a block, so a write never blocks and is never cut short for lack of space.
    for block in buffer.chunks_mut(BLOCK) {
        // SAFETY: the kernel checks the range; it fails with EFAULT, or transfers less.
        let count = unsafe { libc::write(writer.as_raw_fd(), from as *const c_void, block.len()) };
        if !transferred(count, block.len())? {
            return Ok(false);
        }
        // SAFETY: the range is the exclusively borrowed block.
        let count = unsafe { libc::read(reader.as_raw_fd(), block.as_mut_ptr().cast(), block.len()) };
        if !transferred(count, block.len())? {
            return Ok(false);
        }
        from += block.len();
    }
    Ok(true)
}

fn write_by_kernel(address: usize, value: u32) -> Result<(), Fault> {
    let bytes = value.to_ne_bytes();
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
    // SAFETY: the local range is only read; the kernel checks the remote one, its protection included.
    let count = unsafe { libc::process_vm_writev(libc::getpid(), &local, 1, &remote, 1, 0) };
    match transferred(count, bytes.len()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::Unwritable { address, length: bytes.len() }),
        Err(source) => Err(Fault::NoWay { address, source }),
    }
}

/// Writes without the kernel's help: looks the page up in the process's map, and writes directly.
fn write_where_mapped(address: usize, value: u32) -> Result<(), Fault> {
    let unwritable = Fault::Unwritable { address, length: size_of::<u32>() };
    let maps = fs::read_to_string("/proc/self/maps").map_err(|source| Fault::NoWay { address, source })?;
    if !address.is_multiple_of(align_of::<u32>()) || !is_writable(&maps, address) {
        return Err(unwritable);
    }
    // SAFETY: aligned four bytes in a page that is mapped and writable. Like any store to data of a loaded module, it
    // relies on the module staying loaded.
    unsafe { (*(address as *const AtomicU32)).store(value, Ordering::Relaxed) };
    Ok(())
}

/// Whether the text of `/proc/self/maps` has a writable mapping at `address`.
fn is_writable(maps: &str, address: usize) -> bool {
    maps.lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        let (Some(range), Some(permissions)) = (words.next(), words.next()) else { return false };
        let Some((start, end)) = range.split_once('-') else { return false };
        let (Ok(start), Ok(end)) = (usize::from_str_radix(start, 16), usize::from_str_radix(end, 16)) else {
            return false;
        };
        (start..end).contains(&address) && permissions.as_bytes().get(1) == Some(&b'w')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pages of the letter a; the second has the given protection.
    fn two_pages(second: i32) -> usize {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping; nothing uses its second page yet when it is protected.
        unsafe {
            let start = libc::mmap(std::ptr::null_mut(), 2 * BLOCK, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            std::ptr::write_bytes(start.cast::<u8>(), b'a', 2 * BLOCK);
            assert_eq!(libc::mprotect(start.add(BLOCK), BLOCK, second), 0);
            start as usize
        }
    }

    #[test]
    fn both_ways_read_what_is_there() {
        let data: Vec<u8> = (0..3 * BLOCK).map(|index| index as u8).collect();
        for way in [SystemCall::Kernel, SystemCall::Pipe] {
            let mut copy = vec![0; data.len()];
            read_by(way, data.as_ptr() as usize, &mut copy).expect("own memory is readable");
            assert_eq!(copy, data, "{way:?}");
        }
    }

    #[test]
    fn both_ways_refuse_what_is_not_there() {
        for way in [SystemCall::Kernel, SystemCall::Pipe] {
            let start = two_pages(libc::PROT_NONE);
            // The first page of the address space is unmapped, and the second of our two pages is inaccessible.
            for address in [0, 8, 1 << 63, usize::MAX - 3, start + BLOCK - 4, start + BLOCK] {
                let found = read_by(way, address, &mut [0; 8]);
                assert!(matches!(found, Err(Fault::Unreadable { .. })), "{way:?} {address:#x}: {found:?}");
            }
            read_by(way, start + BLOCK - 8, &mut [0; 8]).expect("the last bytes before the boundary");
        }
    }

    #[test]
    fn text_ends_at_its_nul_and_never_reads_beyond() {
        let start = two_pages(libc::PROT_NONE);
        // SAFETY: the last byte of the first page, which is readable and writable.
        unsafe { *((start + BLOCK - 1) as *mut u8) = 0 };
        assert_eq!(read_text(start + BLOCK - 4, 255).expect("it ends before the boundary"), b"aaa");
        assert_eq!(read_text(start + BLOCK - 4, 3).expect("just within the bound"), b"aaa");
        assert!(matches!(read_text(start + BLOCK - 4, 2), Err(Fault::Unterminated { .. })));
        assert!(matches!(read_text(start + BLOCK, 255), Err(Fault::Unreadable { .. })));
    }

    #[test]
    fn text_may_cross_a_page_boundary() {
        let start = two_pages(libc::PROT_READ);
        assert!(matches!(read_text(start + BLOCK - 4, 8), Err(Fault::Unterminated { .. })));
        let start = two_pages(libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: a byte of the second page, which is readable and writable.
        unsafe { *((start + BLOCK + 2) as *mut u8) = 0 };
        assert_eq!(read_text(start + BLOCK - 2, 8).expect("it ends in the second page"), b"aaaa");
    }

    #[test]
    fn writing_honours_the_protection_of_pages_both_ways() {
        let start = two_pages(libc::PROT_READ);
        for write in [write_by_kernel, write_where_mapped] {
            let value = Box::new(AtomicU32::new(7));
            write(value.as_ptr() as usize, 8).expect("own heap is writable");
            assert_eq!(value.load(Ordering::Relaxed), 8);
            for address in [0, start + BLOCK] {
                assert!(matches!(write(address, 1), Err(Fault::Unwritable { .. })), "{address:#x}");
            }
        }
        assert_eq!(read::<u32>(start + BLOCK).expect("still readable"), u32::from_ne_bytes(*b"aaaa"));
    }
}
