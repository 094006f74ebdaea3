//! Where a compiled function may be left, and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::bytecode::Code;
use crate::ir::ExitReason;
use crate::lower::body::ExitPoint;

/// A place at which a compiled function may be left before its end, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExitSite {
    /// Index of the instruction of the decoded bytecode that comes next, or that raised.
    pub place: u32,
    /// Its line; `None` where the bytecode has none.
    pub line: Option<u32>,
    /// What does not hold, or what happens.
    pub reason: ExitReason,
    /// How often that was so.
    pub taken: u64,
}

impl ExitSite {
    /// The sites of the exits of one version, with how often each was taken.
    pub(super) fn collect<'a>(code: &Code, exits: impl Iterator<Item = (&'a ExitPoint, u64)>) -> Vec<Self> {
        let mut sites: BTreeMap<(u32, ExitReason), u64> = BTreeMap::new();
        for (point, taken) in exits {
            *sites.entry((point.at, point.reason)).or_default() += taken;
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
