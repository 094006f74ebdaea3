//! Reads the line numbers in `co_linetable`; the format is in CPython's `Objects/locations.md`.

/// The line of each code unit, `None` for those without one. Stops at an invalid entry: lines are only for people.
pub(super) fn read(table: &[u8], first_line: u32, units: usize) -> Vec<Option<u32>> {
    let mut lines = Vec::with_capacity(units);
    let mut line = i64::from(first_line);
    let mut bytes = table.iter();
    while lines.len() < units
        && let Some((count, here)) = entry(&mut bytes, &mut line)
    {
        lines.extend(std::iter::repeat_n(here, count.min(units - lines.len())));
    }
    lines.resize(units, None);
    lines
}

/// The number of code units that the next entry covers, and their line.
fn entry(bytes: &mut std::slice::Iter<'_, u8>, line: &mut i64) -> Option<(usize, Option<u32>)> {
    /// The kinds of an entry, in bits 3 to 6 of its first byte. The kinds below `ONE_LINE` do not change the line.
    const ONE_LINE: u8 = 10;
    const NO_COLUMNS: u8 = 13;
    const LONG: u8 = 14;
    const NONE: u8 = 15;
    let first = *bytes.next()?;
    let kind = (first >> 3) & 15;
    let columns = match kind {
        NONE => return Some((usize::from(first & 7) + 1, None)),
        LONG | NO_COLUMNS => {
            *line = line.checked_add(signed(bytes)?)?;
            // The long form continues with the last line and both columns, as numbers.
            for _ in 0..if kind == LONG { 3 } else { 0 } {
                unsigned(bytes)?;
            }
            0
        }
        ONE_LINE..NO_COLUMNS => {
            *line += i64::from(kind - ONE_LINE);
            2
        }
        _ => 1,
    };
    for _ in 0..columns {
        bytes.next()?;
    }
    Some((usize::from(first & 7) + 1, u32::try_from(*line).ok()))
}

/// Six bits per byte, the lowest first. Bit 6 says that more bytes follow.
fn unsigned(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0u32);
    loop {
        let byte = *bytes.next()?;
        value |= u64::from(byte & 63).checked_shl(shift)?;
        if byte & 64 == 0 {
            return Some(value);
        }
        shift += 6;
    }
}

/// The lowest bit is the sign.
fn signed(bytes: &mut std::slice::Iter<'_, u8>) -> Option<i64> {
    let value = unsigned(bytes)?;
    let magnitude = i64::try_from(value >> 1).ok()?;
    Some(if value & 1 == 0 { magnitude } else { -magnitude })
}
