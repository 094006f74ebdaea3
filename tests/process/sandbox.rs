//! If a sandbox refuses `process_vm_readv`, the reader uses another way to read memory.

use std::ffi::{CStr, c_char, c_int, c_void};

use crate::support::sample::{Sample, clear_flag};
use crate::support::{Library, compile};
use typedcall::metadata::{read_def, read_table};

/// Makes the kernel answer EPERM to `process_vm_readv` and `process_vm_writev` of this thread, for ever.
fn refuse() {
    let statement = |code: u32, value: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k: value };
    let equal = |number: libc::c_long, skip: u8| libc::sock_filter {
        code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
        jt: skip,
        jf: 0,
        k: number as u32,
    };
    let mut filter = [
        // The number of the system call is the first field that a filter sees.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        equal(libc::SYS_process_vm_readv, 2),
        equal(libc::SYS_process_vm_writev, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a well-formed program, which the kernel copies; it applies to this thread only.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
        // The filter works: without it this call, which reads nothing, would return 0.
        assert_eq!(libc::process_vm_readv(libc::getpid(), std::ptr::null(), 0, std::ptr::null(), 0, 0), -1);
    }
}

#[test]
fn a_sandbox_without_process_vm_readv_changes_nothing() {
    own_process!();
    refuse();
    let sample = Sample::new();
    assert!(read_def(sample.def()).expect("it is good").expect("it is there").flagged);
    clear_flag(sample.def()).expect("it is writable");
    assert!(!read_def(sample.def()).expect("it is good").expect("it is there").flagged);
    let nowhere = 64 as *const c_void;
    assert!(read_table(nowhere).all(|entry| entry.method.is_err()));
    assert!(clear_flag(nowhere).is_err());
    // Read-only memory stays unchanged.
    static FIXED: [u32; 8] = [u32::MAX; 8];
    let fixed = (&raw const FIXED).cast();
    assert!(clear_flag(fixed).expect_err("constants are read-only").to_string().contains("can't be written"));
}

#[test]
fn nor_does_it_change_anything_for_the_reader_in_c() {
    own_process!();
    let library = Library::load(&compile("read-header", include_str!("../c/read_header.c"), &["-std=c99"]));
    // SAFETY: the type of the function in the source.
    let look = unsafe {
        std::mem::transmute::<*mut c_void, extern "C" fn(*const c_void, usize, *mut c_char, usize) -> c_int>(
            library.symbol("look"),
        )
    };
    refuse();
    let (mut sample, mut out) = (Sample::new(), [0_u8; 1024]);
    let mut status = |sample: &Sample| look(sample.def(), 1024, out.as_mut_ptr().cast(), out.len());
    assert_eq!(status(&sample), 1, "it is good");
    sample.values[1].name = 64;
    assert_eq!(status(&sample), 2);
    let text = CStr::from_bytes_until_nul(&out).expect("snprintf ends it");
    assert_eq!(text, c"sample: signatures[0].values[1].name: it leads to memory that can't be read\n");
}
