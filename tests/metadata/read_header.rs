//! `include/typedcall_read.h` finds the same as the crate's own reader, for all containers that the tests have.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt::Write;
use std::path::Path;

use crate::support::mutation::{RECIPES, each_byte, each_field};
use crate::support::sample::Sample;
use crate::support::victim::{Random, Victim};
use crate::support::{Library, STRICT, compile, compile_object};
use typedcall::cpython::memory;
use typedcall::metadata::abi::{effect, flag, kind, raises};
use typedcall::metadata::{
    DefaultValue, Kind, Overload, Parameter, Raises, Rejected, Rule, TypePlace, TypedMethod, read_def, read_table,
};

const SOURCE: &str = include_str!("../c/read_header.c");
const PLAIN: c_int = 0;
const TYPED: c_int = 1;
const REJECTED: c_int = 2;
const NO_ROOM: c_int = 3;

/// The functions of `read_header.c`.
#[derive(Clone, Copy)]
struct Header {
    look: extern "C" fn(*const c_void, usize, *mut c_char, usize) -> c_int,
    rule_text: extern "C" fn(c_int) -> *const c_char,
    letter: extern "C" fn(u32) -> c_int,
}

impl Header {
    fn new(language: &str) -> Self {
        let flags: Vec<&str> = STRICT.iter().chain(&[language, "-O2"]).copied().collect();
        let library = Library::load(&compile("read-header", SOURCE, &flags));
        // SAFETY: the types of the functions in the source.
        unsafe {
            Self {
                look: std::mem::transmute::<
                    *mut c_void,
                    extern "C" fn(*const c_void, usize, *mut c_char, usize) -> c_int,
                >(library.symbol("look")),
                rule_text: std::mem::transmute::<*mut c_void, extern "C" fn(c_int) -> *const c_char>(
                    library.symbol("rule_text"),
                ),
                letter: std::mem::transmute::<*mut c_void, extern "C" fn(u32) -> c_int>(library.symbol("letter")),
            }
        }
    }

    /// The header's answer, in words.
    fn look(&self, def: *const c_void, room: usize) -> (c_int, String) {
        let mut out = vec![0_u8; 1 << 16];
        let status = (self.look)(def, room, out.as_mut_ptr().cast(), out.len());
        let text = CStr::from_bytes_until_nul(&out).expect("snprintf ends it").to_str().expect("it was checked");
        (status, text.to_owned())
    }

    /// Checks that both readers give the same answer; returns whether the metadata was accepted.
    fn agrees(&self, def: *const c_void) -> bool {
        self.agrees_unless(def, || false)
    }

    /// The same; if the answers differ, there must be an excuse.
    fn agrees_unless(&self, def: *const c_void, excuse: impl FnOnce() -> bool) -> bool {
        let rust = read_def(def);
        let expected = match &rust {
            Ok(None) => (PLAIN, String::new()),
            Ok(Some(method)) => (TYPED, describe(method)),
            Err(Rejected { name, field, rule, .. }) => {
                let rule = rule.expect("the rules of version 1 have numbers");
                (REJECTED, format!("{}: {field}: {rule}\n", name.as_deref().unwrap_or("-")))
            }
        };
        let found = self.look(def, usize::MAX);
        if found != expected && !excuse() {
            panic!("Rust: {rust:?}\n{expected:?}\nC:\n{found:?}");
        }
        rust.is_ok()
    }
}

/// The text that `read_header.c` writes.
fn describe(method: &TypedMethod) -> String {
    let mut text = format!("{} {} {} {:x}\n", method.name, method.flags, i32::from(method.flagged), method.meth);
    for (overload, function) in method.signature.overloads.iter().zip(&method.functions) {
        let _ = writeln!(text, "{function:x}");
        let (flags, effects) = result_bits(overload);
        let (number, subclasses, name, class) = kind_bits(&overload.result);
        let _ = writeln!(text, "{number} {} {effects} - {name} {class:x} 0 0 0 ", flags | subclasses);
        overload.parameters.iter().for_each(|parameter| text.push_str(&describe_parameter(parameter)));
    }
    text
}

fn describe_parameter(parameter: &Parameter) -> String {
    let (number, mut flags, class_name, class) = kind_bits(&parameter.kind);
    let (mut int, mut float, mut object, mut text) = (0, 0, 0, "");
    match &parameter.default {
        None => {}
        Some(DefaultValue::Int(number)) => int = *number as i64,
        Some(DefaultValue::Bool(value)) => int = i64::from(*value),
        Some(DefaultValue::Float(bits)) => float = *bits,
        Some(DefaultValue::Str(value)) => text = value,
        Some(DefaultValue::None) => flags |= flag::DEFAULT_NONE,
        Some(DefaultValue::Object { address }) => object = address.map_or(0, usize::from),
    }
    for (set, bit) in [
        (parameter.default.is_some(), flag::OPTIONAL),
        (parameter.nullable, flag::NULLABLE),
        (parameter.keyword_only, flag::KEYWORD_ONLY),
        (parameter.receiver, flag::RECEIVER),
    ] {
        flags |= if set { bit } else { 0 };
    }
    let name = parameter.name.as_deref().unwrap_or("-");
    format!("{number} {flags} 0 {name} {class_name} {class:x} {int} {float:x} {object:x} {text}\n")
}

/// The number of a kind, its flag, and its type's name and address.
fn kind_bits(kind: &Kind) -> (u16, u16, &str, usize) {
    let plus = |subclasses: bool| if subclasses { flag::SUBCLASSES } else { 0 };
    match kind {
        Kind::Void => (kind::VOID, 0, "-", 0),
        Kind::Context => (kind::CONTEXT, 0, "-", 0),
        Kind::Object => (kind::OBJECT, 0, "-", 0),
        Kind::Foreign(_) => unreachable!("methods of extensions have no such kinds"),
        Kind::Cstr => (kind::CSTR, 0, "-", 0),
        Kind::Buffer => (kind::BUFFER, 0, "-", 0),
        // Both are in the order of their numbers.
        Kind::Scalar(scalar) => (kind::I8 + *scalar as u16, 0, "-", 0),
        Kind::Python { class, subclasses } => (kind::INT + *class as u16, plus(*subclasses), "-", 0),
        Kind::User { class, subclasses } => {
            let held = match class.place {
                // SAFETY: the reader has just read the extension's variable.
                Some(TypePlace::Variable(variable)) => unsafe { *(variable.get() as *const usize) },
                other => panic!("{other:?}: a type is in a variable"),
            };
            (kind::USER, plus(*subclasses), &class.name, held)
        }
    }
}

/// The error convention and the effects.
fn result_bits(overload: &Overload) -> (u16, u32) {
    let raises = match overload.raises {
        Raises::Never => raises::NEVER,
        Raises::Null => raises::NULL,
        Raises::MinusOne => raises::MINUS_ONE,
        Raises::Nonzero => raises::NONZERO,
        Raises::Check => raises::CHECK,
    };
    let effects = &overload.effects;
    let bits = [
        (effects.no_python, effect::NO_PYTHON),
        (effects.pure, effect::PURE),
        (effects.nogil, effect::NOGIL),
        (effects.borrowed_result, effect::BORROWED_RESULT),
    ];
    let bits = bits.iter().filter(|(set, _)| *set).map(|(_, bit)| bit).sum::<u32>();
    (raises, bits | u32::from(effects.steals) << effect::STEALS_SHIFT)
}

/// The definitions of a library's table.
fn table(library: &Library) -> Vec<*const c_void> {
    let table = library.symbol("table");
    // SAFETY: every library of these tests exports such a function.
    let table = unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *const c_void>(table)() };
    read_table(table).map(|entry| entry.def as *const c_void).collect()
}

#[test]
fn the_header_is_clean_in_both_languages_with_and_without_optimization() {
    for language in ["-std=c99", "-std=c11", "-std=c++17", "-std=c++20"] {
        for level in ["-O0", "-O2"] {
            let flags: Vec<&str> =
                STRICT.iter().chain(&[language, level, "-Wshadow", "-Wconversion"]).copied().collect();
            let source = "#include \"typedcall_read.h\"\n#include \"typedcall_read.h\"\n";
            compile_object("read-alone", source, &flags);
        }
    }
}

#[test]
fn rules_have_the_same_numbers_and_texts() {
    let header = Header::new("-std=c99");
    let text = |number: u32| {
        // SAFETY: it returns a constant text for any number.
        unsafe { CStr::from_ptr((header.rule_text)(number as c_int)) }.to_str().expect("ASCII")
    };
    for rule in Rule::ALL {
        assert_eq!(text(rule.number()), rule.text());
    }
    assert_eq!((text(0), text(Rule::ALL.len() as u32 + 1)), ("", ""));
}

#[test]
fn every_macro_and_every_broken_method_reads_the_same() {
    let every =
        Library::load(&compile("every-macro", include_str!("../c/every_macro.c"), &["-std=c99", "-DFOR_HEADER"]));
    let broken = Library::load(&compile("broken", include_str!("../c/broken.c"), &["-std=c99"]));
    for language in ["-std=c99", "-std=c++17"] {
        let header = Header::new(language);
        let accepted = |library| table(library).into_iter().filter(|&def| header.agrees(def)).count();
        // Two have a type that nobody has made yet.
        assert_eq!(accepted(&every), 14);
        assert_eq!(accepted(&broken), 1);
    }
    let mut point = [0_usize; 64];
    point[3] = c"geometry.Point".as_ptr() as usize;
    let make_types = every.symbol("make_types");
    // SAFETY: the library exports this function, which only stores the pointer; the type outlives its readers.
    unsafe { std::mem::transmute::<*mut c_void, extern "C" fn(*const usize)>(make_types)(point.as_ptr()) };
    let header = Header::new("-std=c99");
    assert!(table(&every).into_iter().all(|def| header.agrees(def)));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn the_frozen_binary_reads_the_same() {
    let header = Header::new("-std=c99");
    let library = Library::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen/version1-x86_64.so"));
    let first = library.symbol("table") as usize;
    assert!((0..3).all(|index| header.agrees((first + 32 * index) as *const c_void)));
}

/// Whether a changed word points at memory outside of the victim: the readers themselves change that memory, so the
/// second one may find something else than the first.
fn leads_elsewhere(victim: &mut Victim, before: &[u8]) -> bool {
    let own = victim.front()..victim.end();
    let word = |bytes: &[u8]| usize::from_le_bytes(bytes.try_into().expect("a chunk has eight bytes"));
    victim.bytes().chunks_exact(8).zip(before.chunks_exact(8)).filter(|(now, then)| now != then).any(|(now, _)| {
        let address = word(now);
        !own.contains(&address) && memory::read::<u32>(address).is_ok()
    })
}

#[test]
fn mutated_containers_read_the_same() {
    let header = Header::new("-std=c99");
    let (mut random, mut victim) = (Random::new(99), Victim::new());
    let (mut accepted, mut all) = (0, 0);
    let mut check = |victim: &mut Victim, before: &[u8]| {
        let def = victim.def();
        accepted += usize::from(header.agrees_unless(def, || leads_elsewhere(victim, before)));
        all += 1;
    };
    for recipe in RECIPES {
        for _ in 0..100 {
            victim.fill(&mut random);
            (recipe.apply)(&mut victim, &mut random);
            let as_it_is = victim.bytes().to_vec();
            check(&mut victim, &as_it_is);
        }
    }
    for _ in 0..12 {
        victim.fill(&mut random);
        let before = victim.bytes().to_vec();
        each_field(&mut victim, &mut random, |victim| check(victim, &before));
        each_byte(&mut victim, &mut random, 6, |victim| check(victim, &before));
    }
    println!("{all} mutated containers, {accepted} accepted");
    assert!(all > 20_000 && accepted > 5_000, "{all} containers, {accepted} accepted");
}

#[test]
fn addresses_without_a_method_are_the_same_rejection() {
    let header = Header::new("-std=c99");
    for address in [0, 8, 4096, 1 << 47, 1 << 63, usize::MAX - 31, usize::MAX] {
        assert!(!header.agrees(address as *const c_void));
    }
}

#[test]
fn too_little_room_for_the_texts_is_said_so() {
    let header = Header::new("-std=c99");
    let sample = Sample::new();
    // "sample" and "x" with their NULs.
    for room in 0..9 {
        assert_eq!(header.look(sample.def(), room).0, NO_ROOM, "{room}");
    }
    assert_eq!(header.look(sample.def(), 9).0, TYPED);
}

/// The ranges of characters for which this holds, without ASCII, as C.
fn ranges(holds: impl Fn(char) -> bool) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for character in ('\u{80}'..=char::MAX).filter(|&character| holds(character)).map(u32::from) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == character => *last = character,
            _ => ranges.push((character, character)),
        }
    }
    let lines = ranges.chunks(5).map(|chunk| {
        let pairs: Vec<String> = chunk.iter().map(|(first, last)| format!("{{0x{first:X}, 0x{last:X}}},")).collect();
        format!("    {}\n", pairs.join(" "))
    });
    lines.collect()
}

/// This test writes the header if `TYPEDCALL_WRITE_LETTERS` is set.
#[test]
fn letters_are_those_of_rust() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/typedcall_letters.h");
    let (major, minor, patch) = char::UNICODE_VERSION;
    let version = format!("Unicode {major}.{minor}.{patch}");
    if std::env::var_os("TYPEDCALL_WRITE_LETTERS").is_some() {
        let text = include_str!("letters.h.in")
            .replace("@VERSION@", &version)
            .replace("@LETTERS@\n", &ranges(char::is_alphabetic))
            .replace("@NUMBERS@\n", &ranges(|character| character.is_alphanumeric() && !character.is_alphabetic()));
        std::fs::write(&path, text).expect("the tree is writable");
    }
    let text = std::fs::read_to_string(&path).expect("it is there");
    if !text.contains(&version) {
        println!("typedcall_letters.h is of another version than this compiler's {version}: not compared");
        return;
    }
    let header = Header::new("-std=c99");
    for character in '\0'..=char::MAX {
        let expected = if character.is_alphabetic() { 2 } else { c_int::from(character.is_alphanumeric()) };
        assert_eq!((header.letter)(character.into()), expected, "{character:?}");
    }
}
