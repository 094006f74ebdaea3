//! The process's stdout, which is for the tool and not for the modules that it imports.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use typedcall::embed::Python;

use crate::failure::CommandFailure;

/// Runs `import`; its output to file descriptor 1, from C or from Python, goes to stderr.
pub fn spared<T>(python: &Python, import: impl FnOnce() -> Result<T, CommandFailure>) -> Result<T, CommandFailure> {
    let redirected = Redirected::start().map_err(|error| {
        CommandFailure::other(format!("stdout cannot be kept apart from what a module prints: {error}"))
    })?;
    let outcome = import();
    // Python's own buffer for file descriptor 1; a module may have replaced it.
    let flush = "import sys\ntry: sys.__stdout__.flush()\nexcept Exception: pass";
    let flushed = python.namespace().and_then(|names| python.run(flush, &names));
    drop(redirected);
    let outcome = outcome?;
    flushed?;
    Ok(outcome)
}

/// File descriptor 1 is stderr until this is dropped.
struct Redirected {
    stdout: OwnedFd,
}

impl Redirected {
    fn start() -> io::Result<Self> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        replace_stdout(&io::stderr())?;
        Ok(Self { stdout })
    }
}

impl Drop for Redirected {
    fn drop(&mut self) {
        // SAFETY: null means all of C's streams. Their buffers were filled while this was stderr.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        // Both descriptors are open, so only a signal could stop this; the output is then on stderr.
        drop(replace_stdout(&self.stdout));
    }
}

/// Makes file descriptor 1 another name of `target`.
fn replace_stdout(target: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: both are open, and nobody owns file descriptor 1: standard streams have no owner that closes them.
    match unsafe { libc::dup2(target.as_raw_fd(), libc::STDOUT_FILENO) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
