//! Whatever bytes stand before a name, and behind every pointer: the reader must not fault, nor panic.
//!
//! The bytes are the container of a flagged method, its name, and what its pointers lead to. A word whose upper half is
//! `0x7fff` is taken as an offset into the bytes, any other as it stands: so the fuzzer can make valid structs, and any
//! other address as well.
//!
//! With cargo-fuzz and a nightly toolchain, in the folder above:
//!
//! ```sh
//! cargo fuzz run container -- -max_len=4096
//! ```
//!
//! A stable toolchain has all of it but the address sanitizer, which finds nothing here that a fault would not:
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
use typedcall::metadata::abi::{MAGIC, METH_TYPED, VERSION};
use typedcall::metadata::{read_def, read_table};

/// Words before the name: signatures, count and reserved, magic, version and size, self.
const HEAD: usize = 5;
/// Where the name is, in words, behind room for the container to grow.
const NAME: usize = 16;
/// The words of the definition that follow the bytes.
const DEFINITION: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut words = vec![0_u64; NAME.max(bytes.len() / 8 + 1) + NAME + DEFINITION];
    let own = words.as_ptr() as u64;
    for (word, chunk) in words[NAME - HEAD..].iter_mut().zip(bytes.chunks(8)) {
        let mut padded = [0; 8];
        padded[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_le_bytes(padded);
        if *word >> 32 == 0x7fff {
            *word = own + (*word & 0xffff_ffff);
        }
    }
    // Most inputs would otherwise be no container at all.
    if bytes.first().is_none_or(|first| first & 1 == 0) {
        words[NAME - 3] = MAGIC;
        words[NAME - 2] = u64::from(VERSION) | 40 << 32;
        words[NAME - 1] = own + 8 * (NAME - HEAD) as u64;
    }
    let def = words.len() - DEFINITION;
    words[def] = own + 8 * NAME as u64;
    words[def + 1] = own;
    words[def + 2] = METH_TYPED as u64;
    let address = words[def..].as_ptr().cast();
    if let Ok(Some(method)) = read_def(address) {
        let text = method.signature.to_string();
        method.signature.check().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(method.functions.len(), method.signature.overloads.len());
    }
    assert!(read_table(address).count() <= 2);
});
