//! The places where a compiled function may be left, and the reasons.

use std::collections::BTreeMap;
use std::fmt;

use crate::bytecode::Code;
use crate::ir::ExitReason;
use crate::lower::body::ExitPoint;

/// A place at which a compiled function may be left before its end, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExitSite {
    /// Index of the decoded bytecode instruction that comes next, or that raised.
    pub place: u32,
    /// Its line; `None` if the bytecode has none.
    pub line: Option<u32>,
    /// The check that fails, or the event.
    pub reason: ExitReason,
    /// How often that happened.
    pub taken: u64,
}

impl ExitSite {
    /// The sites of the exits of one version, with the number of times that each was taken.
    pub(super) fn collect<'a>(code: &Code, exits: impl Iterator<Item = (&'a ExitPoint, u64)>) -> Vec<Self> {
        let mut sites: BTreeMap<(u32, ExitReason), u64> = BTreeMap::new();
        for (point, taken) in exits {
            if let Some(at) = point.at {
                *sites.entry((at, point.reason)).or_default() += taken;
            }
        }
        let line = |place: u32| code.instructions.get(place as usize).and_then(|instruction| instruction.line);
        let site = |((place, reason), taken)| Self { place, line: line(place), reason, taken };
        sites.into_iter().map(site).collect()
    }
}

impl fmt::Display for ExitSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}, ")?,
            None => f.write_str("without a line, ")?,
        }
        write!(f, "instruction {}: {}", self.place, self.reason)?;
        match self.taken {
            0 => Ok(()),
            1 => f.write_str(", taken once"),
            taken => write!(f, ", taken {taken} times"),
        }
    }
}
