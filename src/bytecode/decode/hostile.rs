//! Code objects that no compiler made. They must give an error, or decode to something consistent.

use proptest::prelude::*;
use std::sync::Arc;

use super::{CodeSource, Decoded, raw};
use crate::bytecode::opcodes::Opcodes;
use crate::bytecode::{Code, LocalKind, LocalVariable, exceptions, lines};

const TABLES: [&str; 5] = [
    include_str!("../../../tests/golden/bytecode/opcodes-3.11.txt"),
    include_str!("../../../tests/golden/bytecode/opcodes-3.12.txt"),
    include_str!("../../../tests/golden/bytecode/opcodes-3.13.txt"),
    include_str!("../../../tests/golden/bytecode/opcodes-3.14.txt"),
    include_str!("../../../tests/golden/bytecode/opcodes-3.15.txt"),
];

/// Decodes, and checks the result.
fn decode(opcodes: &Opcodes, code: &[u8], table: &[u8], line_table: &[u8]) -> Option<Code> {
    let lines = lines::read(line_table, 1, code.len() / 2);
    let instructions = raw::read(opcodes, code, &lines).ok()?;
    let exceptions = exceptions::read(table)?;
    let local = |kind| LocalVariable { name: "local".into(), kind };
    let locals = vec![local(LocalKind::Plain), local(LocalKind::Plain), local(LocalKind::Cell), local(LocalKind::Free)];
    let strings = |index| (index < 2).then(|| vec![Arc::from("keyword"); index as usize]);
    let source = CodeSource {
        opcodes,
        instructions,
        exceptions: &exceptions,
        locals: &locals,
        consts: 4,
        names: 4,
        strings: &strings,
    };
    let Decoded { instructions, handlers, .. } = source.decode().ok()?;
    let code = Code { instructions, handlers, ..Code::default() };
    let depths = code.depths().unwrap_or_else(|error| panic!("{error}: {code}"));
    code.highest(&depths);
    assert!(!code.to_string().is_empty());
    Some(code)
}

/// Code units with opcodes that the version has, and their caches.
fn code(opcodes: &Opcodes, units: &[(u8, u8)]) -> Vec<u8> {
    let known: Vec<u8> = (0..=u8::MAX).filter(|&number| opcodes.opcode(number).is_ok()).collect();
    let mut code = Vec::new();
    for &(number, operand) in units {
        let number = known[usize::from(number) % known.len()];
        code.extend([number, operand]);
        code.resize(code.len() + 2 * opcodes.caches(number) as usize, 0);
    }
    code
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_do_not_panic(
        version in 0..5usize,
        code in prop::collection::vec(any::<u8>(), 0..40),
        table in prop::collection::vec(any::<u8>(), 0..12),
        line_table in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let opcodes = TABLES[version].parse().unwrap();
        decode(&opcodes, &code, &table, &line_table);
    }

    #[test]
    fn what_decodes_has_a_consistent_stack(
        version in 0..5usize,
        units in prop::collection::vec((any::<u8>(), 0..4u8), 1..24),
        table in prop::collection::vec(0..20u8, 0..12),
    ) {
        let opcodes: Opcodes = TABLES[version].parse().unwrap();
        // Some values to work with, and an end.
        let number = |name| opcodes.number(name).unwrap();
        let push = [number("LOAD_CONST"), 0].repeat(4);
        let end = [number("LOAD_CONST"), 0, number("RETURN_VALUE"), 0];
        decode(&opcodes, &[push, code(&opcodes, &units), end.to_vec()].concat(), &table, &[]);
    }
}

#[test]
fn damaged_code_is_refused_with_the_offset() {
    let opcodes: Opcodes = TABLES[2].parse().unwrap();
    let number = |name| opcodes.number(name).unwrap();
    let problem = |code: &[u8]| {
        let lines = [];
        let locals = [];
        let instructions = match raw::read(&opcodes, code, &lines) {
            Ok(instructions) => instructions,
            Err(error) => return format!("{} {}: {}", error.offset, error.opcode, error.problem),
        };
        let strings = |_| None;
        let source = CodeSource {
            opcodes: &opcodes,
            instructions,
            exceptions: &[],
            locals: &locals,
            consts: 1,
            names: 0,
            strings: &strings,
        };
        source
            .decode()
            .map(|_| String::new())
            .unwrap_or_else(|error| format!("{} {}: {}", error.offset, error.opcode, error.problem))
    };
    let (load, swap) = (number("LOAD_CONST"), number("SWAP"));
    let (jump, done) = (number("JUMP_FORWARD"), number("RETURN_VALUE"));
    assert!(problem(&[]).contains("an empty code object"));
    assert!(problem(&[load, 0]).starts_with("0 LOAD_CONST: the code ends after it"));
    assert!(problem(&[load, 7, done, 0]).starts_with("0 LOAD_CONST: operand 7 names nothing"));
    assert!(problem(&[done, 0]).starts_with("0 RETURN_VALUE: the stack holds less"));
    assert!(problem(&[load, 0, swap, 2, done, 0]).starts_with("2 SWAP: the stack holds less"));
    assert!(
        problem(&[jump, 9, load, 0, done, 0])
            .starts_with("0 JUMP_FORWARD: no instruction starts at its target, offset 20")
    );
    assert!(problem(&[255, 0]).starts_with("0 "));
    assert!(problem(&[number("PUSH_NULL"), 0, done, 0]).starts_with("2 RETURN_VALUE: a null"));
    assert!(problem(&[number("BINARY_OP"), 0]).contains("the code ends"));
}
