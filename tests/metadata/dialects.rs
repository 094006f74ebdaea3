//! The readers of the other dialects, without an interpreter: on the tables of compiled C, with each field broken, and
//! on mutated memory.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::num::NonZeroUsize;

use crate::support::sample::Sample;
use crate::support::{Library, compile};
use typedcall::metadata::abi::METH_TYPED;
use typedcall::metadata::dialect::cinder::{CinderType, Element, TypedDef, read_typed_def};
use typedcall::metadata::{
    DefaultValue, Dialect, Kind, PythonType, Raises, Rejected, Scalar, Signature, TypeTable, read_def, read_def_as,
    read_table, read_table_as,
};

const PYPY: &str = include_str!("../c/pypy_methods.c");
const ISSUE546: &str = include_str!("../c/issue546_methods.c");
const CINDER: &str = include_str!("../c/cinder_table.c");

const PYPY_HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/typedcall_pypy.h");

fn call(library: &Library, name: &str) -> *const c_void {
    let function = library.symbol(name);
    // SAFETY: every library of this file exports such functions, which return the address of data or of a function.
    unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *const c_void>(function)() }
}

/// The libraries in PyPy's style and with numbers refer to CPython's exceptions, so libpython is linked, but not
/// started.
fn no_interpreter() {
    // SAFETY: may be called at any time.
    assert_eq!(unsafe { pyo3_ffi::Py_IsInitialized() }, 0);
}

fn pypy() -> Library {
    no_interpreter();
    let flags = ["-std=gnu11", "-Wall", "-Wextra", "-include", PYPY_HEADER, "-DMODULE=pypy_table", "-DBROKEN"];
    Library::load(&compile("pypy-table", PYPY, &flags))
}

fn issue546() -> Library {
    no_interpreter();
    Library::load(&compile("issue546-table", ISSUE546, &["-std=gnu11", "-Wall", "-Wextra", "-DMODULE=issue546_table"]))
}

fn cinder() -> Library {
    Library::load(&compile("cinder-table", CINDER, &["-std=gnu11", "-Wall", "-Wextra"]))
}

fn parse(text: &str) -> Signature {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A table whose type 1 has an underlying function.
fn types(underlying: usize) -> TypeTable {
    let mut types = TypeTable::new();
    let function = NonZeroUsize::new(underlying).expect("a function has an address");
    // SAFETY: the function of the library has this signature; nothing here calls it.
    unsafe { types.insert_underlying(1, parse("(x: i64) -> i64"), vec![function]) }.expect("it makes sense");
    types.insert(2, parse("(str) -> str raises null")).expect("it makes sense");
    types.insert(3, parse("(object) -> object")).expect("it makes sense");
    types.insert(4, parse("(object, object) -> tuple raises null")).expect("it makes sense");
    types
}

/// A line for each method that is read or rejected.
fn lines(table: *const c_void, dialect: &Dialect) -> Vec<String> {
    read_table_as(table, dialect)
        .filter_map(|entry| match entry.method {
            Ok(method) => method.map(|method| format!("{}: {}", method.name, method.signature)),
            // An address differs between runs.
            Err(rejected) => Some(rejected.to_string().split(" 0x").next().unwrap_or_default().to_owned()),
        })
        .collect()
}

#[test]
fn a_table_of_pypys_is_read_and_what_is_broken_names_its_field() {
    let found = lines(call(&pypy(), "table"), &Dialect::PyPy);
    let long_name = "a234567890".repeat(10);
    let expected = [
        "inc: (i64) -> i64",
        "pick: (i64) -> i64 raises minus_one",
        "add: (f64, f64) -> f64",
        "half: (f64) -> f64 raises check",
        "takes_object: (object, i64) -> i64",
        "same: (object) -> object",
        "sized: (object) -> object raises null",
        "seven: () -> i64",
        "unknown: arg_types[1]: unknown code 999",
        "endless: arg_types: it does not end with -1 after 16 parameters",
        "no_types: arg_types: null",
        "odd_types: arg_types:",
        "early: arg_types:",
        "no_result: ret_type: unknown code 0",
        "far_result: ret_type: unknown code 999",
        "least_result: ret_type: unknown code -2147483648",
        "no_function: underlying_func: null",
        "far_function: underlying_func: 1 bytes at",
        "no_arguments: ml_flags: METH_NOARGS, but the signature (i64) -> i64 has 1",
        "many_arguments: ml_flags: METH_O, but the signature (f64, f64) -> i64 has 2",
        &format!("{long_name}: ml_name: the text at"),
    ];
    assert_eq!(found, expected, "and nothing of the method without the flag");
}

#[test]
fn a_table_of_numbers_is_read_with_the_embedders_types() {
    let library = issue546();
    let underlying = call(&library, "underlying") as usize;
    let dialect = Dialect::Issue546(types(underlying));
    let expected = [
        "inc: (x: i64) -> i64",
        "upper: (str) -> str raises null",
        "same: (object) -> object",
        "pair: (object, object) -> tuple raises null",
        "upper_pair: type: 5 is not in the table of types",
    ];
    assert_eq!(lines(call(&library, "table"), &dialect), expected);
    let methods: Vec<_> =
        read_table_as(call(&library, "table"), &dialect).filter_map(|entry| entry.method.ok().flatten()).collect();
    assert!(methods[0].underlying && methods[0].functions[0].get() == underlying);
    assert!(!methods[1].underlying && methods[1].functions[0].get() == methods[1].meth);
    assert!(
        lines(call(&library, "table"), &Dialect::Issue546(TypeTable::new()))
            .iter()
            .all(|line| { line.ends_with("is not in the table of types") })
    );
}

#[test]
fn a_type_has_to_make_sense() {
    let mut types = TypeTable::new();
    let error = types.insert(7, parse("(i64) -> i64")).expect_err("ml_meth takes objects");
    assert_eq!(error.to_string(), "type 7: (i64) -> i64: ml_meth takes and returns objects only");
    let error = types.insert(8, Signature { overloads: Vec::new() }).expect_err("no overloads");
    assert!(error.to_string().contains("no overloads"), "{error}");
    // SAFETY: there is no function.
    let error = unsafe { types.insert_underlying(9, parse("() -> i64 | (i64) -> i64"), Vec::new()) };
    assert_eq!(error.expect_err("no functions").to_string(), "type 9: 2 overloads, but 0 functions");
    assert_eq!(types, TypeTable::new());
}

#[test]
fn a_number_has_to_fit_the_convention() {
    let library = issue546();
    let mut types = TypeTable::new();
    types.insert(3, parse("(object, object) -> object")).expect("it makes sense");
    let found = lines(call(&library, "table"), &Dialect::Issue546(types));
    assert_eq!(found[2], "same: ml_flags: METH_O, but the signature (object, object) -> object has 2");
}

#[test]
fn a_table_of_cinders_is_read_as_far_as_a_signature_can_say_it() {
    let expected = [
        "none: (self) -> void",
        "raising: (self, object, object) -> void raises nonzero",
        "ints: (self, u8, i8, u16, i16, u32, i32, u64, number: i64) -> i64",
        "text: (self, text: str+) -> str+ raises null",
        "some_text: (self) -> object raises null",
        "defaults: (self, object, other: object = <object>) -> object raises null",
        "wide_result: (self) -> object raises null",
        "left_out: sig[0].argtype: it may be left out without a default, which no signature can say",
        "maybe_text: sig[0].argtype: an optional str gets None itself, which no signature can say",
        "generic: sig[0].argtype: only a generic type of Cinder's knows the type of a type parameter",
        "bad_code: sig[1].argtype: unknown code 9",
        "bad_result: ret: unknown code 16",
        "void_parameter: sig[0].argtype: void and error are for results only",
        "optional_int: sig[0].argtype: an optional integer: None would be passed as its address",
        "many_parameters: sig[0].argtype: type parameter 99 is none from 0 to 15",
        "bad_default: sig[0].default_value: 16 bytes at",
        "bad_name: sig[0].name: \"no name\" is not an identifier",
        "bad_element: sig[0]: 24 bytes at",
        "endless: sig: it does not end with NULL after 15 elements",
        "twice: sig[1]: a second parameter named number",
        "no_sig: sig: null",
        "no_function: meth: null",
        "no_definition: ml_meth: null",
        "wrapped: ml_flags:",
    ];
    assert_eq!(lines(call(&cinder(), "table"), &Dialect::Cinder), expected);
}

#[test]
fn a_typed_definition_of_cinders_comes_out_as_written() {
    let library = cinder();
    let defs: Vec<TypedDef> = read_table_as(call(&library, "table"), &Dialect::Cinder)
        .filter_map(|entry| read_typed_def(entry.def as *const c_void).ok().flatten())
        .collect();
    let named = |name: &str| defs.iter().find(|def| def.name == name).unwrap_or_else(|| panic!("no {name}"));
    let element = |class, optional| Element { class, optional, default: None, name: None };
    let generic = named("generic");
    assert_eq!(generic.function.get(), call(&library, "underlying") as usize);
    assert_eq!((generic.result, generic.optional_result), (CinderType::Parameter(0), true));
    assert_eq!(generic.elements[0], element(CinderType::Parameter(0), false));
    assert!(generic.elements[1].optional && generic.elements[1].default.is_some());
    assert_eq!(generic.elements[1].class, CinderType::Parameter(1));
    assert_eq!(generic.overload().expect_err("a type parameter").field, "sig[0].argtype");
    assert_eq!(named("left_out").elements, [element(CinderType::Object, true)]);
    assert_eq!((named("raising").result, named("raising").flags), (CinderType::Error, pyo3_ffi::METH_STATIC));
    let maybe = &named("maybe_text").elements[0];
    assert!(maybe.class == CinderType::Str && maybe.optional && maybe.default.is_some());
    assert_eq!(named("ints").elements[7].name.as_deref(), Some("number"));

    let overload = named("defaults").overload().expect("a signature can say it");
    let Some(DefaultValue::Object { address: Some(variable) }) = &overload.parameters[2].default else {
        panic!("{overload}");
    };
    // SAFETY: the field of a constant of the loaded library.
    let object = unsafe { *(variable.get() as *const usize) };
    assert!(object != 0 && object.is_multiple_of(8), "the address is that of the variable, not of the object");
    assert_eq!(overload.parameters[0].kind, Kind::Object);
    let text = named("text").overload().expect("a signature can say it");
    assert_eq!(text.result, Kind::Python { class: PythonType::Str, subclasses: true });
    assert_eq!((overload.raises, named("ints").overload().map(|ints| ints.raises)), (Raises::Null, Ok(Raises::Never)));
    assert_eq!(named("ints").elements[6].class, CinderType::Int(Scalar::U64));
}

#[test]
fn no_dialect_reads_anothers_table() {
    let (pypy, issue546, cinder) = (pypy(), issue546(), cinder());
    let tables = [call(&pypy, "table"), call(&issue546, "table"), call(&cinder, "table")];
    let types = types(call(&issue546, "underlying") as usize);
    let dialects = [Dialect::PyPy, Dialect::Issue546(types), Dialect::Cinder];
    for (at, table) in tables.into_iter().enumerate() {
        for dialect in dialects.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, dialect)| dialect) {
            for entry in read_table_as(table, dialect) {
                assert!(!matches!(entry.method, Ok(Some(_))), "{dialect:?} read {:?}", entry.method);
            }
        }
        for entry in read_table(table) {
            assert!(!matches!(entry.method, Ok(Some(_))), "version 1 read {:?}", entry.method);
        }
    }
}

#[test]
fn version_1_is_read_as_itself_only() {
    let sample = Sample::new();
    assert_eq!(read_def_as(sample.def(), &Dialect::Version1), read_def(sample.def()));
    assert!(read_def(sample.def()).is_ok_and(|method| method.is_some()));
    let mut types = TypeTable::new();
    for number in -1..0x8000 {
        // One of them is the upper half of an address, which is before the name of a version 1 container.
        types.insert(number, parse("(object) -> object")).expect("it makes sense");
    }
    for (dialect, field) in
        [(Dialect::PyPy, "ml_name"), (Dialect::Issue546(types), "ml_name"), (Dialect::Cinder, "ml_flags")]
    {
        let rejected = read_def_as(sample.def(), &dialect).expect_err("it is of version 1");
        assert_eq!((rejected.name.as_deref(), rejected.field.as_str()), (Some("sample"), field));
    }
}

#[test]
fn without_the_flag_nothing_is_read_but_version_1() {
    for mut block in [Block::pypy(), Block::issue546(), Block::cinder()] {
        block.words[2] &= !(METH_TYPED as u64);
        assert_eq!(read_def_as(block.def(), &block.dialect), Ok(None));
    }
}

#[test]
fn addresses_without_a_table_are_no_crash() {
    for dialect in [Dialect::PyPy, Dialect::Issue546(TypeTable::new()), Dialect::Cinder, Dialect::Version1] {
        for address in [0, 8, 4096, 1 << 47, 1 << 63, usize::MAX - 31, usize::MAX] {
            let address = address as *const c_void;
            assert_eq!(read_def_as(address, &dialect).expect_err("nothing is there").field, "PyMethodDef");
            assert_eq!(read_table_as(address, &dialect).count(), 1);
        }
        let ones = vec![1_u64; 10_100 * 4];
        let last = read_table_as(ones.as_ptr().cast(), &dialect).last().expect("there are entries");
        assert!(last.method.is_err_and(|rejected| rejected.reason.contains("does not end")));
    }
}

/// A flagged method with valid metadata of a dialect, in writable memory, for tests to break; the definition comes
/// first.
struct Block {
    words: Box<[u64; 40]>,
    dialect: Dialect,
}

impl Block {
    fn new(dialect: Dialect, name: usize, flags: i32) -> Self {
        let mut block = Self { words: Box::new([0; 40]), dialect };
        block.words[0] = block.at(name);
        block.words[1] = some_function();
        block.words[2] = (flags | METH_TYPED) as u64;
        block.words[name] = u64::from_le_bytes(*b"sample\0\0");
        block
    }

    fn at(&self, word: usize) -> u64 {
        &raw const self.words[word] as u64
    }

    fn def(&self) -> *const c_void {
        self.words.as_ptr().cast()
    }

    fn pypy() -> Self {
        let mut block = Self::new(Dialect::PyPy, 11, pyo3_ffi::METH_FASTCALL);
        (block.words[8], block.words[9], block.words[10]) = (block.at(30), -1_i32 as u32 as u64, some_function());
        (block.words[30], block.words[31]) = (2 << 32 | 1, 0xffff_ffff << 32 | 3);
        block
    }

    fn issue546() -> Self {
        let mut types = TypeTable::new();
        types.insert(7, parse("(object) -> object raises null")).expect("it makes sense");
        let mut block = Self::new(Dialect::Issue546(types), 9, pyo3_ffi::METH_O);
        block.words[8] = 7 << 32;
        block
    }

    fn cinder() -> Self {
        let mut block = Self::new(Dialect::Cinder, 8, 0);
        block.words[1] = block.at(12);
        (block.words[12], block.words[13], block.words[14]) = (some_function(), block.at(16), 15 << 2);
        (block.words[16], block.words[17]) = (block.at(20), block.at(24));
        (block.words[20], block.words[22]) = (7 << 2, block.at(28));
        (block.words[24], block.words[25]) = (8 << 2 | 1, block.at(30));
        block.words[28] = u64::from_le_bytes(*b"number\0\0");
        block
    }
}

fn some_function() -> u64 {
    some_function as fn() -> u64 as usize as u64
}

/// What distinguishes rejections: the field without the numbers of elements, and the reason up to its quotation,
/// without numbers.
fn way(rejected: &Rejected) -> String {
    let reason =
        rejected.reason.split(['"', '(']).next().and_then(|reason| reason.split(" named").next()).unwrap_or_default();
    let words = reason.split(' ').map(|word| {
        if word.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit()) { "#" } else { word }
    });
    let field = rejected.field.replace(|letter: char| letter.is_ascii_digit(), "");
    format!("{field}: {}", words.collect::<Vec<_>>().join(" "))
}

/// Breaks one rule, which random changes would hardly reach.
type Aimed = fn(&mut Block);

/// Breaks a block again and again, by chance and in each of the aimed ways, and counts the kinds of rejection.
fn mutate(mut block: Block, used: &[usize], aimed: &[Aimed]) -> BTreeMap<String, u32> {
    // A fixed seed: a failure must repeat.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    let good = block.words.clone();
    assert!(matches!(read_def_as(block.def(), &block.dialect), Ok(Some(_))), "it is good until it is broken");
    let mut counts = BTreeMap::new();
    for turn in 0..100_000 + 1_100 * aimed.len() {
        *block.words = *good;
        // Words that no reader reads are changed too after an aimed change, so that no two blocks are the same.
        if let Some(aim) = turn.checked_sub(100_000) {
            block.words[39] = random(usize::MAX) as u64;
            aimed[aim / 1_100](&mut block);
        }
        for _ in 0..if turn < 100_000 { 1 + random(3) } else { 0 } {
            let word = used[random(used.len())];
            let (own, byte) = (block.at(random(40)), random(8) * 8);
            let words = [0, 1, 64, u64::MAX, u64::MAX - 7, 1 << 63, own, own + 4, own + 1, u64::from(u32::MAX)];
            block.words[word] = match random(4) {
                // Any convention, with the flag: random bits would hardly give one.
                0 | 3 if word == 2 => (METH_TYPED | 1 << random(8)) as u64,
                0 | 3 if word == 1 && random(2) == 0 => 0,
                0 => words[random(words.len())],
                1 => block.words[word] ^ 1 << random(64),
                2 => block.words[word] & !(0xff << byte) | (random(256) as u64) << byte,
                _ => block.words[word] & !0xffff_ffff | words[random(words.len())] & 0xffff_ffff,
            };
        }
        let field = match read_def_as(block.def(), &block.dialect) {
            Ok(Some(method)) => {
                assert_eq!(method.signature.check(), Ok(()));
                assert_eq!(method.functions.len(), method.signature.overloads.len());
                "good".to_owned()
            }
            Ok(None) => "not flagged".to_owned(),
            Err(rejected) => way(&rejected),
        };
        *counts.entry(field).or_insert(0) += 1;
    }
    println!("{:?}: {counts:#?}", std::mem::discriminant(&block.dialect));
    counts
}

/// Checks that this many results were reached often. The memory after the block may add some that were not.
fn all_counted(counts: &BTreeMap<String, u32>, ways: usize) {
    let often = counts.iter().filter(|(way, count)| **count >= 1_000 && *way != "not flagged").count();
    assert_eq!(often, ways, "{counts:#?}");
}

#[test]
fn no_bytes_at_all_make_pypys_reader_fault() {
    let aimed: [Aimed; 7] = [
        |block| block.words[8] = 0,
        |block| block.words[10] = 0,
        |block| block.words[0] += 1,
        |block| block.words[11..25].fill(LETTERS),
        |block| block.words[30..40].fill(1 << 32 | 1),
        |block| block.words[2] = (METH_TYPED | pyo3_ffi::METH_O) as u64,
        |block| block.words[2] = (METH_TYPED | pyo3_ffi::METH_NOARGS) as u64,
    ];
    let counts = mutate(Block::pypy(), &[0, 1, 1, 2, 2, 8, 9, 10, 11, 30, 31], &aimed);
    all_counted(&counts, 18);
}

#[test]
fn no_bytes_at_all_make_the_reader_of_numbers_fault() {
    let aimed: [Aimed; 2] = [|block| block.words[0] += 1, |block| block.words[9..23].fill(LETTERS)];
    let counts = mutate(Block::issue546(), &[0, 1, 2, 8, 9], &aimed);
    all_counted(&counts, 11);
}

#[test]
fn no_bytes_at_all_make_cinders_reader_fault() {
    let aimed: [Aimed; 14] = [
        |block| block.words[12] = 0,
        |block| block.words[13] = 0,
        |block| block.words[14] = 99 << 2 | 2,
        |block| block.words[21] = block.at(32),
        |block| block.words[20] = 7 << 2 | 1,
        |block| block.words[20] = 14 << 2 | 1,
        |block| block.words[25] = 0,
        |block| block.words[20] = 2,
        |block| block.words[20] = 13 << 2,
        |block| (block.words[20], block.words[21], block.words[24], block.words[25]) = (32, block.at(32), 32, 0),
        |block| block.words[26] = block.at(28),
        |block| block.words[8..40].fill(LETTERS),
        |block| {
            block.words[32] = 8 << 2;
            let element = block.at(32);
            block.words[16..32].fill(element);
        },
        |block| block.words[22] = block.at(38) + 1,
    ];
    let counts = mutate(Block::cinder(), &[0, 1, 2, 8, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25, 26, 28], &aimed);
    all_counted(&counts, 33);
}

/// Text without an end.
const LETTERS: u64 = u64::from_le_bytes(*b"abcdefgh");
