//! The folder in which extensions are compiled.

use tempfile::TempDir;

use crate::failure::CommandFailure;

/// Makes a folder of the process's own; it is removed when the result is dropped.
pub fn folder() -> Result<TempDir, CommandFailure> {
    tempfile::Builder::new().prefix("typedcall-").tempdir().map_err(|error| {
        let parent = std::env::temp_dir();
        CommandFailure::other(format!(
            "no temporary folder can be made in {}: {error}; name a writable folder in the environment variable TMPDIR",
            parent.display()
        ))
    })
}

/// Removes it, and reports a failure.
pub fn remove(folder: TempDir) -> Result<(), CommandFailure> {
    let path = folder.path().to_owned();
    folder.close().map_err(|error| {
        CommandFailure::other(format!("the temporary folder {} cannot be removed: {error}; remove it", path.display()))
    })
}
