//! Finds the files of a survey.

use std::path::{Path, PathBuf};

use typedcall::embed::Python;

use crate::failure::CommandFailure;

/// Folders that are skipped: test suites, installed packages, caches.
const PASSED_BY: [&str; 6] = ["test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"];

/// The Python files at these paths, sorted, and a name for all of them.
pub fn find(python: &Python, paths: &[PathBuf]) -> Result<(String, Vec<PathBuf>), CommandFailure> {
    let mut files = Vec::new();
    if paths.is_empty() {
        let names = python.namespace()?;
        python.run("import sysconfig", &names)?;
        let folder = PathBuf::from(python.eval("sysconfig.get_path('stdlib')", &names)?.text(python)?);
        search(&folder, &mut files)?;
        return Ok((format!("the standard library, {}", folder.display()), files));
    }
    for path in paths {
        let (wrong, found) =
            (|reason: String| CommandFailure::other(format!("{}: {reason}", path.display())), files.len());
        let about =
            std::fs::metadata(path).map_err(|error| wrong(format!("{error}; name Python files and folders")))?;
        if about.is_dir() {
            search(path, &mut files)?
        } else if about.is_file() {
            files.push(path.clone())
        } else {
            // Reading a pipe may wait for ever.
            return Err(wrong("neither a file nor a folder; name Python files and folders".to_owned()));
        }
        if files.len() == found {
            return Err(wrong("no *.py in this folder, but for test suites and site-packages".to_owned()));
        }
    }
    let named: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    Ok((named.join(", "), files))
}

fn search(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CommandFailure> {
    let wrong = |error: std::io::Error| CommandFailure::other(format!("{}: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(wrong)?.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !PASSED_BY.contains(&&*name) {
            search(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "py") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
