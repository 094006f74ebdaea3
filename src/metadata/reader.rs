//! Reads dialect version 1: from a `PyMethodDef` to a [`TypedMethod`]. It trusts nothing that it reads.
//!
//! Everything is read with [`memory`](super::memory) and checked, so any address may be given, with any bytes there.
//! `docs/abi.md` lists the checks in their order.

use std::ffi::{c_int, c_void};
use std::num::NonZeroUsize;

use super::abi::{self, AbiSignature, AbiValue, Footer, Head, METH_TYPED};
use super::check::Place;
use super::rule::Rule;
use super::signature::{MAX_OVERLOADS, MAX_PARAMETERS, Overload, Signature};
use super::values::{self, Flaw, aligned};
use crate::cpython::memory;
use crate::cpython::object::{METHOD_DEF_SIZE, ML_FLAGS, MethodDef};

/// The most methods of one table that are read, in case its end is missing.
const MAX_METHODS: usize = 10_000;

/// A method with valid metadata. It is a copy: nothing in it points at the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedMethod {
    /// The method's name.
    pub name: String,
    /// Its overloads.
    pub signature: Signature,
    /// For each overload, the address of the underlying function.
    pub functions: Vec<NonZeroUsize>,
    /// Whether `functions` are underlying functions. If not, each of them is `ml_meth` itself: dialect `issue546` only.
    pub underlying: bool,
    /// Address of the `PyMethodDef`.
    pub def: usize,
    /// Whether the flag is set.
    pub flagged: bool,
    /// `ml_flags`, without the flag.
    pub flags: c_int,
    /// `ml_meth`: the address of the wrapper. Dialect `cinder` has no wrapper; there it is the address of the typed
    /// definition.
    pub meth: usize,
}

/// Metadata that was found but is invalid. The callable works as an ordinary one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {field}: {reason}", name.as_deref().unwrap_or("<unreadable name>"))]
pub struct Rejected {
    /// The method's name, if it could be read.
    pub name: Option<String>,
    /// The invalid field, such as `signatures[0].values[2].kind`.
    pub field: String,
    /// The broken rule, for programs; the rules of dialects other than version 1 have no numbers.
    pub rule: Option<Rule>,
    /// The reason, for people.
    pub reason: String,
}

/// The reason why the flag of a `PyMethodDef` could not be cleared.
#[derive(Debug, thiserror::Error)]
#[error("the METH_TYPED flag of the PyMethodDef at {def:#x} can't be cleared: {source}")]
pub struct FlagError {
    /// Address of the `PyMethodDef`.
    pub def: usize,
    /// The fault of the memory.
    pub source: memory::Fault,
}

/// One line of a method table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodTableEntry {
    /// Address of the `PyMethodDef`.
    pub def: usize,
    /// The result of [`read_def`] for it.
    pub method: Result<Option<TypedMethod>, Rejected>,
}

/// The lines of a `PyMethodDef[]`, up to its end. See [`read_table`].
#[derive(Clone, Debug)]
pub struct MethodTable {
    lines: TableLines,
}

/// The position in an iteration over a `PyMethodDef[]`, in any dialect.
#[derive(Clone, Debug)]
pub(super) struct TableLines {
    next: usize,
    left: usize,
    ended: bool,
}

/// Reads the metadata of the `PyMethodDef` at `def`; `None` if it has none.
///
/// Any address is safe. The result shows the memory as it was during the read: keep the module alive.
///
/// # Errors
/// The first invalid field. A set flag without a version 1 container is one (`ml_flags`).
pub fn read_def(def: *const c_void) -> Result<Option<TypedMethod>, Rejected> {
    let def = def as usize;
    let found = method_def(def)?;
    let flagged = found.flags & METH_TYPED != 0;
    let name = read_name(&found, abi::MAX_NAME);
    let reject = |Flaw { rule, field, reason }| Rejected { name: name.as_ref().ok().cloned(), field, rule, reason };
    let Some(footer) = find_footer(found.name) else {
        if flagged {
            let reason = "the METH_TYPED flag is set, but no version 1 container stands before the name";
            return Err(reject(Flaw::new(Rule::NoContainer, "ml_flags", reason)));
        }
        return Ok(None);
    };
    let (signature, functions) = read_container(found.name, &footer).map_err(reject)?;
    if name.is_ok() && found.meth == 0 {
        return Err(reject(Flaw::new(Rule::Null, "ml_meth", "null")));
    }
    let name = name.map_err(|Flaw { rule, field, reason }| Rejected { name: None, field, rule, reason })?;
    let flags = found.flags & !METH_TYPED;
    Ok(Some(TypedMethod { name, signature, functions, underlying: true, def, flagged, flags, meth: found.meth }))
}

/// Reads a `PyMethodDef[]` up to the line whose `ml_name` is null; no interpreter is needed.
///
/// Any address is safe: a table that runs into unreadable memory, or has no end, ends with a rejected entry.
pub fn read_table(table: *const c_void) -> MethodTable {
    MethodTable { lines: TableLines::new(table as usize) }
}

impl Iterator for MethodTable {
    type Item = MethodTableEntry;

    fn next(&mut self) -> Option<MethodTableEntry> {
        self.lines.next_with(|def| read_def(def as *const c_void))
    }
}

impl TableLines {
    /// The first line of a table.
    pub fn new(table: usize) -> Self {
        Self { next: table, left: MAX_METHODS, ended: false }
    }

    /// The next line, read by this reader.
    pub fn next_with(
        &mut self,
        read: impl FnOnce(usize) -> Result<Option<TypedMethod>, Rejected>,
    ) -> Option<MethodTableEntry> {
        if self.ended {
            return None;
        }
        let def = self.next;
        let (rule, field, reason) = match memory::read::<usize>(def) {
            Ok(0) => {
                self.ended = true;
                return None;
            }
            Ok(_) if self.left > 0 => {
                self.left -= 1;
                self.next = def.wrapping_add(METHOD_DEF_SIZE);
                return Some(MethodTableEntry { def, method: read(def) });
            }
            Ok(_) => (Rule::EndlessTable, "ml_name", format!("the table does not end within {MAX_METHODS} methods")),
            Err(fault) => (Rule::from(&fault), "PyMethodDef", fault.to_string()),
        };
        self.ended = true;
        Some(MethodTableEntry {
            def,
            method: Err(Rejected { name: None, field: field.to_owned(), rule: Some(rule), reason }),
        })
    }
}

/// Clears the METH_TYPED bit of the `PyMethodDef` at `def`, if it is set; no other bit changes.
///
/// # Errors
/// The `PyMethodDef` can't be read, or is in a page that can't be written.
///
/// # Safety
/// If there is memory at `def`, it is a `PyMethodDef`, and no other thread changes its flags at the same time: hold the
/// GIL.
pub unsafe fn clear_flag(def: *const c_void) -> Result<(), FlagError> {
    let def = def as usize;
    let address = def.wrapping_add(ML_FLAGS);
    let clear = || {
        let flags: u32 = memory::read(address)?;
        let cleared = flags & !METH_TYPED.cast_unsigned();
        // SAFETY: the caller promises that these are the flags of a PyMethodDef.
        if cleared == flags { Ok(()) } else { unsafe { memory::write_u32(address, cleared) } }
    };
    clear().map_err(|source| FlagError { def, source })
}

/// Checks whether a definition can be changed, by writing the value that it has.
///
/// # Errors
/// If there is no memory, or it is read-only.
///
/// # Safety
/// If there is memory at `def`, it is a `PyMethodDef` that no other thread writes.
pub(crate) unsafe fn probe_writable(def: *const c_void) -> Result<(), memory::Fault> {
    let words = 0..METHOD_DEF_SIZE / size_of::<u32>();
    for address in words.map(|word| (def as usize).wrapping_add(word * size_of::<u32>())) {
        let held: u32 = memory::read(address)?;
        // SAFETY: as the caller promises.
        unsafe { memory::write_u32(address, held)? };
    }
    Ok(())
}

/// The `PyMethodDef` at an address.
pub(super) fn method_def(def: usize) -> Result<MethodDef, Rejected> {
    memory::read(def).map_err(|fault| Rejected {
        name: None,
        field: "PyMethodDef".to_owned(),
        rule: Some(Rule::from(&fault)),
        reason: fault.to_string(),
    })
}

/// The name that `ml_name` points at, at most `bound` bytes long.
pub(super) fn read_name(def: &MethodDef, bound: usize) -> Result<String, Flaw> {
    let bytes = memory::read_text(def.name, bound).map_err(Flaw::unreadable("ml_name"))?;
    values::identifier("ml_name", bytes)
}

/// The footer before a name, recognised by its magic number.
pub(super) fn find_footer(name: usize) -> Option<Footer> {
    let footer: Footer = memory::read(name.checked_sub(size_of::<Footer>())?).ok()?;
    (footer.magic == abi::MAGIC).then_some(footer)
}

fn read_container(name: usize, footer: &Footer) -> Result<(Signature, Vec<NonZeroUsize>), Flaw> {
    let least = size_of::<Head>() as u32;
    if footer.version != abi::VERSION {
        return Err(Flaw::new(
            Rule::UnknownVersion,
            "version",
            format!("found {}, supported is {}", footer.version, abi::VERSION),
        ));
    }
    if !(least..=abi::MAX_SIZE).contains(&footer.size) || !footer.size.is_multiple_of(8) {
        let reason = format!("{} is not a multiple of 8 from {least} to {}", footer.size, abi::MAX_SIZE);
        return Err(Flaw::new(Rule::WrongSize, "size", reason));
    }
    if name.checked_sub(footer.size as usize) != Some(footer.container) {
        let reason = format!("{:#x} is not {} bytes before the name at {name:#x}", footer.container, footer.size);
        return Err(Flaw::new(Rule::WrongSelf, "self", reason));
    }
    // The size was checked, so this does not wrap around. The whole container must be readable, not only its known
    // fields.
    let front = &mut [0; abi::MAX_SIZE as usize][..(footer.size - least) as usize];
    memory::read_bytes(footer.container, front).map_err(Flaw::unreadable("size"))?;
    let head: Head = memory::read(name - size_of::<Head>()).map_err(Flaw::unreadable("size"))?;
    if head.reserved != 0 {
        return Err(Flaw::new(Rule::NotZero, "reserved", format!("{} is not 0", head.reserved)));
    }
    if !(1..=MAX_OVERLOADS as u32).contains(&head.signature_count) {
        let reason = format!("{} is not from 1 to {MAX_OVERLOADS}", head.signature_count);
        return Err(Flaw::new(Rule::WrongCount, "signature_count", reason));
    }
    aligned("signatures", head.signatures)?;
    let (mut overloads, mut functions) = (Vec::new(), Vec::new());
    for index in 0..head.signature_count as usize {
        let (overload, function) =
            read_overload(head.signatures, index).map_err(|flaw| flaw.within(&format!("signatures[{index}]")))?;
        overloads.push(overload);
        functions.push(function);
    }
    Ok((Signature { overloads }, functions))
}

/// Reads the overload that the pointer at this position points at.
fn read_overload(signatures: usize, index: usize) -> Result<(Overload, NonZeroUsize), Flaw> {
    let pointer = element(signatures, index, size_of::<usize>());
    let address: usize = memory::read(pointer).map_err(Flaw::unreadable(""))?;
    aligned("", address)?;
    let found: AbiSignature = memory::read(address).map_err(Flaw::unreadable_by(Rule::SignatureUnreadable, ""))?;
    let function = NonZeroUsize::new(found.function).ok_or_else(|| Flaw::new(Rule::Null, "function", "null"))?;
    memory::read_bytes(found.function, &mut [0]).map_err(Flaw::unreadable("function"))?;
    if found.reserved != 0 {
        return Err(Flaw::new(Rule::NotZero, "reserved", format!("{} is not 0", found.reserved)));
    }
    if !(1..=MAX_PARAMETERS as u32 + 1).contains(&found.value_count) {
        let reason = format!("{} is not from 1 to {}", found.value_count, MAX_PARAMETERS + 1);
        return Err(Flaw::new(Rule::WrongCount, "value_count", reason));
    }
    aligned("values", found.values)?;
    let value = |position: usize| -> Result<AbiValue, Flaw> {
        memory::read(element(found.values, position, size_of::<AbiValue>())).map_err(Flaw::unreadable(""))
    };
    let at = |position: usize| move |flaw: Flaw| flaw.within(&format!("values[{position}]"));
    let (result, raises, effects) = value(0).and_then(|found| values::result(&found)).map_err(at(0))?;
    let parameters = (1..found.value_count as usize)
        .map(|position| value(position).and_then(|found| values::parameter(&found)).map_err(at(position)))
        .collect::<Result<Vec<_>, _>>()?;
    let overload = Overload { parameters, result, raises, effects };
    overload.check().map_err(|nonsense| {
        let field = match nonsense.place {
            Place::Parameter(position) => format!("values[{}]", position + 1),
            Place::Result => "values[0].kind".to_owned(),
            Place::Raises => "values[0].flags".to_owned(),
            Place::Effects => "values[0].effects".to_owned(),
        };
        Flaw::new(nonsense.rule, &field, nonsense.reason)
    })?;
    Ok((overload, function))
}

/// The address of an element of an array. Past the end of the address space it is the last address, which can't be
/// read.
fn element(array: usize, index: usize, size: usize) -> usize {
    array.saturating_add(index * size)
}
