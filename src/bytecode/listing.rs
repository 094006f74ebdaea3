//! Decodes recorded listings: the output of `dis` for the functions of a file on each version, with that version's
//! opcodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{CodeSource, Decoded, Extra, RawInstruction};
use super::exceptions::ExceptionEntry;
use super::opcodes::{Opcode, Opcodes};
use super::snippet::{SnippetCursor, literal};
use super::{Code, Constant, Literal, LocalKind, LocalVariable};

/// The versions that are recorded.
const VERSIONS: [u32; 5] = [11, 12, 13, 14, 15];

fn recorded(name: &str) -> String {
    let path = format!("{}/tests/golden/bytecode/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn opcodes(version: u32) -> Opcodes {
    recorded(&format!("opcodes-3.{version}.txt")).parse().unwrap()
}

/// All functions of a version's listing.
fn functions(version: u32) -> Vec<Code> {
    let opcodes = opcodes(version);
    let text = recorded(&format!("dis-3.{version}.txt"));
    text.split("\n== ").skip(1).map(|function| Listing::read(&opcodes, function).decode()).collect()
}

/// A function of a listing.
struct Listing<'a> {
    opcodes: &'a Opcodes,
    qualname: &'a str,
    flags: u32,
    instructions: Vec<RawInstruction>,
    exceptions: Vec<ExceptionEntry>,
    locals: BTreeMap<u32, LocalVariable>,
    consts: BTreeMap<u32, Literal>,
    names: BTreeMap<u32, Arc<str>>,
    /// From `L1` to its offset. If offsets are printed instead of labels, they map to themselves.
    labels: BTreeMap<&'a str, u32>,
    /// The targets that the listing prints for jumps.
    claims: Vec<(usize, &'a str)>,
}

impl<'a> Listing<'a> {
    fn read(opcodes: &'a Opcodes, text: &'a str) -> Self {
        let mut lines = text.lines();
        let (qualname, flags) = lines.next().unwrap().split_once(" flags=0x").unwrap();
        let mut listing = Self {
            opcodes,
            qualname,
            flags: u32::from_str_radix(flags, 16).unwrap(),
            instructions: Vec::new(),
            exceptions: Vec::new(),
            locals: BTreeMap::new(),
            consts: BTreeMap::new(),
            names: BTreeMap::new(),
            labels: BTreeMap::new(),
            claims: Vec::new(),
        };
        // 3.11 does not print the names of KW_NAMES.
        if opcodes.version == 11 && qualname == "keyword_call" {
            listing.consts.insert(2, constant("('key', 'other')"));
        }
        let mut lines = lines.filter(|line| !line.trim().is_empty());
        let mut number = None;
        for line in lines.by_ref().take_while(|line| *line != "ExceptionTable:") {
            listing.read_instruction(line, &mut number);
        }
        for line in lines {
            listing.read_exception(line);
        }
        for (index, claim) in &listing.claims {
            let raw = &listing.instructions[*index];
            let distance = raw.operand * 2;
            let target = if raw.opcode.name().contains("BACKWARD") { raw.end - distance } else { raw.end + distance };
            assert_eq!(target, listing.offset(claim), "{qualname}, {raw:?}");
        }
        listing
    }

    /// `line label: offset OPCODE operand (meaning)`. Line, label, offset and operand may be missing.
    fn read_instruction(&mut self, line: &'a str, number: &mut Option<u32>) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| Opcode::by_name(word).is_some()).unwrap_or_else(|| panic!("{line}"));
        let opcode = Opcode::by_name(words[at]).unwrap();
        let operand: u32 = words.get(at + 1).map_or(0, |word| word.parse().unwrap());
        let meaning = line.split_once('(').map(|(_, meaning)| meaning.strip_suffix(')').unwrap());

        let start = self.instructions.last().map_or(0, |last| last.end);
        let offset = start + if operand > 0xFF { 2 } else { 0 };
        let caches = self.opcodes.caches(self.opcodes.number(words[at]).unwrap());
        let mut numbers = words[..at].iter().filter_map(|word| word.parse::<u32>().ok());
        if self.opcodes.version <= 12 {
            assert_eq!(numbers.next_back(), Some(offset), "{line}");
        }
        if let Some(line) = numbers.next() {
            *number = Some(line);
        } else if words[0] == "--" {
            *number = None;
        }
        if let Some(label) = words[..at].iter().find_map(|word| word.strip_suffix(':')) {
            self.labels.insert(label, start);
        }
        if let Some(meaning) = meaning {
            self.read_meaning(opcode, operand, meaning);
        }
        let end = offset + 2 + caches * 2;
        self.instructions.push(RawInstruction { opcode, operand, start, offset, end, line: *number });
    }

    fn read_meaning(&mut self, opcode: Opcode, operand: u32, meaning: &'a str) {
        use Opcode as O;
        if let Some(target) = meaning.strip_prefix("to ") {
            self.claims.push((self.instructions.len(), target));
            return;
        }
        let name = opcode.name();
        let later = self.opcodes.version >= 12;
        let shift = match opcode {
            O::LOAD_GLOBAL => Some(1),
            O::LOAD_ATTR => Some(u32::from(later)),
            O::LOAD_SUPER_ATTR => Some(2),
            O::IMPORT_NAME => Some(if self.opcodes.version >= 15 { 2 } else { 0 }),
            O::LOAD_METHOD | O::STORE_ATTR | O::DELETE_ATTR | O::IMPORT_FROM => Some(0),
            _ if name.ends_with("_NAME") || name.ends_with("_GLOBAL") => Some(0),
            _ => None,
        };
        if let Some(shift) = shift {
            let is_name = |word: &&str| !matches!(*word, "NULL" | "NULL|self" | "eager" | "lazy" | "self");
            let word = meaning.split(" + ").find(is_name).unwrap();
            assert!(self.names.insert(operand >> shift, word.into()).is_none_or(|known| &*known == word));
        } else if matches!(opcode, O::LOAD_CONST | O::RETURN_CONST | O::KW_NAMES) {
            self.consts.insert(operand, constant(meaning));
        } else if name.contains("_FAST") || name.ends_with("DEREF") || matches!(opcode, O::MAKE_CELL | O::LOAD_CLOSURE)
        {
            let kind = if opcode == O::MAKE_CELL { LocalKind::Cell } else { LocalKind::Plain };
            let indices = if meaning.contains(", ") { vec![operand >> 4, operand & 15] } else { vec![operand] };
            for (index, name) in indices.into_iter().zip(meaning.split(", ")) {
                self.locals.entry(index).or_insert_with(|| LocalVariable { name: name.into(), kind });
            }
        }
    }

    /// `start to end -> target [depth] lasti`. The end is included up to 3.12.
    fn read_exception(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [start, "to", end, "->", target, depth, ref lasti @ ..] = words[..] else { panic!("{line}") };
        let end = self.offset(end);
        let after = self.instructions.iter().find(|raw| raw.offset == end).map_or(end, |raw| raw.end);
        self.exceptions.push(ExceptionEntry {
            start: self.offset(start),
            end: if self.opcodes.version <= 12 { after } else { end },
            target: self.offset(target),
            depth: depth.trim_matches(['[', ']']).parse().unwrap(),
            lasti: !lasti.is_empty(),
        });
    }

    fn offset(&self, label: &str) -> u32 {
        label.parse().ok().or_else(|| self.labels.get(label).copied()).unwrap_or_else(|| panic!("no label {label}"))
    }

    fn decode(self) -> Code {
        let free = self.instructions.iter().find(|raw| raw.opcode == Opcode::COPY_FREE_VARS);
        let count = |map: Option<&u32>| map.map_or(0, |last| *last as usize + 1);
        let plain = |_| LocalVariable { name: "?".into(), kind: LocalKind::Plain };
        let mut locals: Vec<_> = (0..count(self.locals.keys().next_back())).map(plain).collect();
        for (index, local) in self.locals {
            locals[index as usize] = local;
        }
        // A listing does not show locals that no instruction names.
        let free = free.map_or(0, |free| free.operand as usize);
        while locals.len() < free {
            locals.push(plain(0));
        }
        let first_free = locals.len() - free;
        locals[first_free..].iter_mut().for_each(|local| local.kind = LocalKind::Free);
        let strings = |index: u32| match self.consts.get(&index)? {
            Literal::Tuple(items) => items
                .iter()
                .map(|item| match item {
                    Literal::Str(text) => Some(Arc::from(&**text)),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        let source = CodeSource {
            opcodes: self.opcodes,
            instructions: self.instructions.clone(),
            exceptions: &self.exceptions,
            locals: &locals,
            consts: count(self.consts.keys().next_back()),
            names: count(self.names.keys().next_back()),
            strings: &strings,
        };
        let consts = source.consts;
        let Decoded { instructions, handlers, raw_stacks, extras } = source.decode().unwrap_or_else(|error| {
            panic!(
                "3.{}, {}, offset {}, {}: {}",
                self.opcodes.version, self.qualname, error.offset, error.opcode, error.problem
            )
        });
        let unknown = || Literal::Other("?".to_owned());
        let own = (0..consts).map(|index| self.consts.get(&(index as u32)).cloned().unwrap_or_else(unknown));
        let made_up = extras.iter().map(|extra| match *extra {
            Extra::Int(value) => Literal::Int(value.to_string()),
            Extra::AssertionError => constant("AssertionError"),
            Extra::Common(index) => constant(&self.opcodes.constants[index as usize]),
        });
        let names = 0..count(self.names.keys().next_back());
        let mut code = Code {
            name: self.qualname.into(),
            qualname: self.qualname.into(),
            flags: self.flags,
            consts: own.chain(made_up).map(Constant::Literal).collect(),
            names: names.map(|index| self.names.get(&(index as u32)).cloned().unwrap_or_else(|| "?".into())).collect(),
            locals,
            instructions,
            handlers,
            raw_stacks,
            ..Code::default()
        };
        let depths = code.depths().unwrap_or_else(|error| panic!("{}: {error}\n{code}", self.qualname));
        code.stack_size = code.highest(&depths);
        code
    }
}

/// The literal that a listing prints for a constant.
fn constant(text: &str) -> Literal {
    let mut cursor = SnippetCursor::new(text);
    match literal(&mut cursor) {
        Ok(literal) if cursor.rest().is_empty() => literal,
        _ => Literal::Other(text.to_owned()),
    }
}

#[test]
fn recorded_listings_of_every_version_decode() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/golden/bytecode");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for version in VERSIONS {
        let all: Vec<String> = functions(version).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(format!("decoded-3.{version}"), all.join("\n"));
    }
}

/// The meaning of a function: its instructions and handlers, without resumptions and lines.
fn meaning(code: &Code) -> String {
    let ops = code.instructions.iter().map(|instruction| code.shown(instruction).to_string());
    let ops: Vec<_> = ops.collect();
    format!("{ops:#?}{:#?}", code.handlers)
}

/// The versions differ in what they compile, not in what instructions mean. 3.11 tests loops at their end and has
/// comprehensions that are functions. 3.12 tests at the start and joins f-strings with an empty text. 3.13 makes a bool
/// before each jump. 3.14 keeps `self` next to a `with` statement's exit, and slices as constants. 3.15 takes the
/// iterator of a comprehension later, and drops jumps over nothing. Generators differ everywhere.
#[test]
fn versions_agree_on_what_most_functions_do() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/golden/bytecode");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    let mut by_name: BTreeMap<Arc<str>, Vec<(u32, String)>> = BTreeMap::new();
    for version in VERSIONS {
        for code in functions(version) {
            by_name.entry(code.qualname.clone()).or_default().push((version, meaning(&code)));
        }
    }
    let lines: Vec<String> = by_name
        .iter()
        .map(|(name, versions)| {
            let groups: Vec<String> = versions
                .chunk_by(|one, other| one.1 == other.1)
                .map(|group| {
                    let numbers: Vec<String> = group.iter().map(|(version, _)| format!("3.{version}")).collect();
                    numbers.join(" ")
                })
                .collect();
            format!("{name}: {}", groups.join(" | "))
        })
        .collect();
    insta::assert_snapshot!("agreement", lines.join("\n"));
    // A function that only some versions have, such as a comprehension, is not compared.
    let in_all: Vec<_> = by_name.values().filter(|versions| versions.len() == VERSIONS.len()).collect();
    let same = in_all.iter().filter(|versions| versions.iter().all(|(_, meaning)| *meaning == versions[0].1)).count();
    assert!(same * 2 > in_all.len(), "{same} of {}", in_all.len());
}
