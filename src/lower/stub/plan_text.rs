//! Plans as text: what `typedcall explain` shows and golden tests compare.

use std::fmt;

use super::frame::{Binding, Convention};
use super::plan::{Given, Plan};
use crate::ir::Instruction;

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = &self.frame;
        let entry = match frame.convention {
            Convention::Objects { .. } => "objects",
            Convention::Method(method) => method.name(),
            Convention::Vectorcall => "vectorcall",
        };
        let arities: Vec<_> = self.arms.iter().map(|arm| frame.entry_arity(arm.arity).to_string()).collect();
        writeln!(formatter, "{entry}/{} of {frame}", arities.join("|"))?;
        for (position, arm) in self.arms.iter().enumerate() {
            if self.arms.len() > 1 {
                writeln!(formatter, "  arm {position}, overload {}:", arm.overload)?;
            }
            match arm.given {
                Given::ByPosition => {}
                Given::Matched => writeln!(formatter, "  other arguments: by names and defaults")?,
                Given::AlwaysMatched => writeln!(formatter, "  arguments: by names and defaults")?,
            }
            if arm.held > 0 {
                writeln!(formatter, "  default objects held during the call: {}", arm.held)?;
            }
            if arm.checks_receiver {
                writeln!(formatter, "  self: of the descriptor's type or fallback")?;
            }
            if arm.audit.is_some() {
                writeln!(formatter, "  audited:")?;
            }
            if arm.counted {
                writeln!(formatter, "  counted, where no guard keeps the call from the C function")?;
            }
            if arm.runs_python() {
                writeln!(formatter, "  may run Python code")?;
            }
            for instruction in arm.instructions() {
                if let Instruction::CallCFunction { callee, .. } = instruction
                    && let Some((_, overload)) = arm.callees.overload(callee)
                {
                    writeln!(formatter, "  {callee}: {overload}")?;
                }
            }
            for line in arm.function.to_string().lines() {
                writeln!(formatter, "  {line}")?;
            }
        }
        match (self.frame.convention, self.frame.binding) {
            (_, Binding::Bare) => writeln!(formatter, "  fallback: CPython's parser, then the call"),
            (Convention::Objects { .. }, _) if self.arms[0].keywords > 0 => {
                writeln!(
                    formatter,
                    "  fallback: PyObject_Vectorcall of the original, {} by name",
                    self.arms[0].keywords
                )
            }
            (Convention::Objects { .. } | Convention::Vectorcall, _) => {
                writeln!(formatter, "  fallback: PyObject_Vectorcall of the original")
            }
            (Convention::Method(_), Binding::Function | Binding::Foreign { .. })
                if self.frame.original.takes_tuple() =>
            {
                writeln!(formatter, "  fallback: PyObject_Vectorcall of the original")
            }
            (Convention::Method(_), Binding::Method) if self.frame.original.takes_tuple() => {
                writeln!(formatter, "  fallback: ml_meth of the original, with a tuple")
            }
            (Convention::Method(_), _) => writeln!(formatter, "  fallback: ml_meth of the original"),
        }
    }
}
