//! `inspect`: lists a module's typed methods. It only reads: no flag is cleared.

use std::ffi::c_int;
use std::io::Write;

use pyo3_ffi as ffi;
use serde_json::json;
use typedcall::cinder;
use typedcall::embed::Python;
use typedcall::metadata::{Rejected, TypedMethod};

use crate::cli::{DialectName, Inspect};
use crate::failure::CommandFailure;
use crate::{modules, style};

/// Runs the command.
pub fn run(arguments: &Inspect, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    modules::prepare(&python, &arguments.path)?;
    if arguments.dialect == DialectName::Cinder {
        // Without this, such an extension can't be imported.
        cinder::provide(&python)?;
    }
    let module = modules::module(&python, &arguments.module)?;
    let (mut methods, mut rejected) = (Vec::new(), Vec::new());
    for found in typedcall::inspect_as(&python, &module, &arguments.dialect.into())? {
        match found.method {
            Ok(method) => methods.push((found.name, method)),
            Err(reason) => rejected.push((found.name, reason)),
        }
    }
    if arguments.json {
        json(out, &arguments.module, &methods, &rejected)?;
    } else {
        text(out, &arguments.module, &methods, &rejected)?;
    }
    match rejected.len() {
        0 => Ok(()),
        rejected => Err(CommandFailure::SomeRejected { rejected, all: rejected + methods.len() }),
    }
}

fn text(
    out: &mut dyn Write,
    module: &str,
    methods: &[(String, TypedMethod)],
    rejected: &[(String, Rejected)],
) -> Result<(), CommandFailure> {
    let count = match methods.len() {
        0 => "no typed methods".to_owned(),
        1 => "1 typed method".to_owned(),
        more => format!("{more} typed methods"),
    };
    writeln!(out, "{}", style::title(format_args!("{module}: {count}")))?;
    let conventions: Vec<_> = methods.iter().map(|(_, method)| convention(method.flags)).collect();
    let flags = methods.iter().map(|(_, method)| if method.flagged { "flag set" } else { "flag unset" });
    let width = widest(methods.iter().map(|(name, _)| name.as_str()));
    let convention_width = widest(conventions.iter().map(String::as_str));
    let flag_width = widest(flags.clone());
    for (((name, method), convention), flag) in methods.iter().zip(&conventions).zip(flags) {
        // Padded before it is styled, since colours have no width.
        let details = style::dim(format_args!("{convention:<convention_width$}  {flag:<flag_width$}"));
        writeln!(out, "  {name:<width$}  {details}  {}", method.signature)?;
    }
    if !rejected.is_empty() {
        writeln!(out, "\n{}", style::title(format_args!("rejected: {}", rejected.len())))?;
    }
    let width = widest(rejected.iter().map(|(name, _)| name.as_str()));
    for (name, reason) in rejected {
        writeln!(out, "  {name:<width$}  {}: {}", style::error(&reason.field), reason.reason)?;
    }
    Ok(())
}

/// The width of a column with these texts.
fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

fn json(
    out: &mut dyn Write,
    module: &str,
    methods: &[(String, TypedMethod)],
    rejected: &[(String, Rejected)],
) -> Result<(), CommandFailure> {
    let method = |(name, method): &(String, TypedMethod)| {
        json!({
            "name": name,
            "signature": method.signature.to_string(),
            "convention": convention(method.flags),
            "flag": if method.flagged { "set" } else { "unset" },
        })
    };
    let reason =
        |(name, reason): &(String, Rejected)| json!({"name": name, "field": reason.field, "reason": reason.reason});
    let all = json!({
        "module": module,
        "methods": methods.iter().map(method).collect::<Vec<_>>(),
        "rejected": rejected.iter().map(reason).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &all)?;
    Ok(writeln!(out)?)
}

/// The METH_ flags, by their names.
fn convention(flags: c_int) -> String {
    const NAMES: [(c_int, &str); 9] = [
        (ffi::METH_VARARGS, "METH_VARARGS"),
        (ffi::METH_FASTCALL, "METH_FASTCALL"),
        (ffi::METH_NOARGS, "METH_NOARGS"),
        (ffi::METH_O, "METH_O"),
        (ffi::METH_KEYWORDS, "METH_KEYWORDS"),
        (ffi::METH_METHOD, "METH_METHOD"),
        (ffi::METH_CLASS, "METH_CLASS"),
        (ffi::METH_STATIC, "METH_STATIC"),
        (ffi::METH_COEXIST, "METH_COEXIST"),
    ];
    let named = NAMES.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name);
    named.collect::<Vec<_>>().join(" | ")
}
