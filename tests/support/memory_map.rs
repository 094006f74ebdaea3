//! The process's own memory map.

/// A mapping, a line of `/proc/self/maps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
    /// `rwxp`.
    pub rights: String,
    /// The file, `[stack]` and the like; empty for anonymous memory.
    pub name: String,
}

impl Mapping {
    /// Whether it is writable and executable at once.
    pub fn writable_and_executable(&self) -> bool {
        self.rights.contains('w') && self.rights.contains('x')
    }

    /// Whether it is executable and not from a file.
    pub fn anonymous_code(&self) -> bool {
        self.rights.contains('x') && self.name.is_empty()
    }
}

/// All mappings.
pub fn memory_map() -> Vec<Mapping> {
    let text = std::fs::read_to_string("/proc/self/maps").expect("Linux has /proc");
    text.lines()
        .map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let range = fields.next().expect("a range");
            let (start, end) = range.split_once('-').expect("start and end");
            let number = |text| usize::from_str_radix(text, 16).expect("hexadecimal");
            let rights = fields.next().expect("rights").to_owned();
            Mapping { start: number(start), end: number(end), rights, name: fields.nth(3).unwrap_or("").to_owned() }
        })
        .collect()
}

/// Bytes of anonymous code.
pub fn anonymous_code_bytes() -> usize {
    memory_map().iter().filter(|mapping| mapping.anonymous_code()).map(|mapping| mapping.end - mapping.start).sum()
}

/// The size of a page of memory in bytes.
pub fn page_size() -> usize {
    // SAFETY: sysconf only reads a constant of the system.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).expect("the system has pages")
}
