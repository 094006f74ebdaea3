//! Any bytes before a name, and at every pointer: the reader must neither fault nor panic.
//!
//! The bytes are combined with a valid method by exclusive or. No bytes give the method itself, and each set bit
//! changes one of container, name, pointers, signature and values. All data that they point at is in one block, whose
//! address is the same in every run as far as the allocator allows, so the fuzzer also finds other pointers into it.
//!
//! With cargo-fuzz and a nightly toolchain, in the folder above:
//!
//! ```sh
//! cargo fuzz run container -- -max_len=4096
//! ```
//!
//! A stable toolchain has everything except the address sanitizer, which finds nothing here that a fault would not
//! show:
//!
//! ```sh
//! cd fuzz
//! RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
//!     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
//!     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1" \
//!     cargo run --release --target x86_64-unknown-linux-gnu --bin container -- -max_len=4096 -max_total_time=60
//! ```
#![no_main]

use libfuzzer_sys::fuzz_target;
use typedcall::metadata::abi::{MAGIC, METH_TYPED, VERSION, flag, kind, raises};
use typedcall::metadata::{read_def, read_table};

/// The positions of the parts of the method, in words.
const HEAD: usize = 4;
const NAME: usize = HEAD + 5;
const POINTERS: usize = NAME + 2;
const SIGNATURES: usize = POINTERS + 2;
const VALUES: usize = SIGNATURES + 6;
const TYPE_VARIABLE: usize = VALUES + 4 * 6;
const TYPE: usize = TYPE_VARIABLE + 1;
const TEXTS: usize = TYPE + 24;
const DEFINITION: usize = TEXTS + 8;
const WORDS: usize = DEFINITION + 8;

/// `method: (self: type:module.Name, x: i64 = 1, y: object = <object>) -> f64 raises minus_one`, twice.
fn method(own: u64) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let at = |word: usize| own + 8 * word as u64;
    let text = |text: &[u8; 8]| u64::from_le_bytes(*text);
    let head = [at(POINTERS), 2, MAGIC, u64::from(VERSION) | 40 << 32, at(HEAD)];
    words[HEAD..NAME].copy_from_slice(&head);
    (words[NAME], words[POINTERS], words[POINTERS + 1]) = (text(b"method\0\0"), at(SIGNATURES), at(SIGNATURES + 3));
    for signature in [SIGNATURES, SIGNATURES + 3] {
        words[signature..signature + 3].copy_from_slice(&[own, at(VALUES), 4]);
    }
    let value = |kind: u16, flags: u16| u64::from(kind) | u64::from(flags) << 16;
    words[VALUES] = value(kind::F64, raises::MINUS_ONE);
    (words[VALUES + 6], words[VALUES + 8]) = (value(kind::USER, flag::RECEIVER), at(TYPE_VARIABLE));
    (words[VALUES + 12], words[VALUES + 13]) = (value(kind::I64, flag::OPTIONAL), at(TEXTS));
    words[VALUES + 15] = 1;
    (words[VALUES + 18], words[VALUES + 19]) = (value(kind::OBJECT, flag::OPTIONAL), at(TEXTS + 1));
    (words[VALUES + 23], words[TYPE_VARIABLE], words[TYPE + 3]) = (own, at(TYPE), at(TEXTS + 2));
    words[TEXTS..TEXTS + 4].copy_from_slice(&[
        text(b"x\0\0\0\0\0\0\0"),
        text(b"y\0\0\0\0\0\0\0"),
        text(b"module.N"),
        text(b"ame\0\0\0\0\0"),
    ]);
    words[DEFINITION..DEFINITION + 3].copy_from_slice(&[at(NAME), own, METH_TYPED as u64]);
    words
}

fuzz_target!(|bytes: &[u8]| {
    let mut words = Box::new([0_u64; WORDS]);
    *words = method(words.as_ptr() as u64);
    for (word, chunk) in words[HEAD..DEFINITION].iter_mut().zip(bytes.chunks(8)) {
        let mut padded = [0; 8];
        padded[..chunk.len()].copy_from_slice(chunk);
        *word ^= u64::from_le_bytes(padded);
    }
    let address = words[DEFINITION..].as_ptr().cast();
    let found = read_def(address);
    if bytes.is_empty() {
        assert!(matches!(found, Ok(Some(_))), "{found:?}");
    }
    if let Ok(Some(method)) = found {
        let text = method.signature.to_string();
        method.signature.check().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(method.functions.len(), method.signature.overloads.len());
    }
    assert_eq!(read_table(address).count(), 1);
});
