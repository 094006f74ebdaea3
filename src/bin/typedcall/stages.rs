//! The stages of one stub, as text.

use std::io::{self, Write};

use typedcall::metadata::Signature;
use typedcall::{Entry, Stub};

use crate::failure::CommandFailure;
use crate::style;

/// Prints the stages of a call: signature, IR before and after specialization, plan, CLIF and machine code.
pub fn print(out: &mut dyn Write, signature: &Signature, stub: &Stub) -> Result<(), CommandFailure> {
    part(out, "signature", &signature.to_string())?;
    if stub.entry() == Entry::Native && signature.overloads.len() > 1 {
        part(out, "the overload that the stub calls", &stub.overload().to_string())?;
    }
    let left: Vec<_> = stub.not_dispatched().iter().map(|(overload, reason)| format!("{overload}: {reason}")).collect();
    if !left.is_empty() {
        part(out, "overloads that the stub leaves to the original", &left.join("\n"))?;
    }
    part(out, "IR of the call", &stub.generic_ir())?;
    part(out, "IR, specialized", &stub.ir())?;
    if stub.entry() == Entry::Native {
        let address = stub.address();
        let text = format!("the underlying function itself, at {address:?}: nothing is compiled");
        return Ok(part(out, "native stub", &text)?);
    }
    part(out, "plan", &stub.plan()?.to_string())?;
    part(out, "CLIF", &stub.clif()?.unwrap_or_default())?;
    part(out, "machine code", &without_unwinding(&stub.machine_code()?.unwrap_or_default()))?;
    Ok(())
}

/// A heading, and text below it.
pub fn part(out: &mut dyn Write, heading: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}", style::heading(format_args!("-- {heading}")))?;
    writeln!(out, "{}\n", text.trim_end())
}

/// Removes the unwind notes from Cranelift's listing, which are not instructions.
pub fn without_unwinding(listing: &str) -> String {
    listing.lines().filter(|line| !line.trim_start().starts_with("unwind ")).map(|line| format!("{line}\n")).collect()
}
