//! Reads `co_exceptiontable`; the format is in CPython's `Objects/exception_handling_notes.txt`.

/// An entry, in byte offsets into the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExceptionEntry {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) target: u32,
    pub(super) depth: u32,
    pub(super) lasti: bool,
}

/// All entries; `None` if the table ends inside one, or a number is too large.
pub(super) fn read(table: &[u8]) -> Option<Vec<ExceptionEntry>> {
    let mut bytes = table.iter();
    let mut entries = Vec::new();
    while !bytes.as_slice().is_empty() {
        let start = number(&mut bytes)?.checked_mul(2)?;
        let end = start.checked_add(number(&mut bytes)?.checked_mul(2)?)?;
        let target = number(&mut bytes)?.checked_mul(2)?;
        let last = number(&mut bytes)?;
        entries.push(ExceptionEntry { start, end, target, depth: last >> 1, lasti: last & 1 != 0 });
    }
    Some(entries)
}

/// Six bits per byte, the highest first. Bit 6 says that more bytes follow, bit 7 marks the start of an entry.
fn number(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u32> {
    let mut value = 0u32;
    loop {
        let byte = *bytes.next()?;
        value = value.checked_mul(64)? | u32::from(byte & 63);
        if byte & 64 == 0 {
            return Some(value);
        }
    }
}
