//! Bytecode as text.

use typedcall::bytecode::{Code, Constant, Handler, Literal, LocalKind};

/// The instructions as a listing shows them.
fn shown(text: &str) -> Vec<String> {
    let code: Code = text.parse().unwrap_or_else(|error| panic!("{error}"));
    code.instructions.iter().map(|instruction| code.shown(instruction).to_string()).collect()
}

fn error(text: &str) -> String {
    text.parse::<Code>().unwrap_err().to_string()
}

fn literal(text: &str) -> Literal {
    let code: Code = format!("LOAD_CONST {text}; RETURN_VALUE").parse().unwrap_or_else(|error| panic!("{error}"));
    match &code.consts[0] {
        Constant::Literal(literal) => literal.clone(),
        Constant::Live(_) => panic!("a snippet has no live constants"),
    }
}

#[test]
fn the_proposals_example_reads() {
    let text = "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE";
    let expected =
        ["LoadConst 'hello,world'", "StoreFast x", "LoadFast x", "LoadMethod upper", "CallMethod 0", "Return"];
    assert_eq!(shown(text), expected);
    let code: Code = text.parse().unwrap();
    assert_eq!((code.stack_size, code.is_function(), code.suspends()), (2, true, false));
    assert_eq!(code.instructions[2].offset, 40);
}

#[test]
fn loops_have_labels_comments_and_lines() {
    let text = "
        args n            # one argument
        LOAD_CONST 0
        STORE_FAST i
    again:
        LOAD_FAST i; LOAD_FAST n; COMPARE_OP <
        POP_JUMP_IF_FALSE done
        LOAD_FAST i; LOAD_CONST 1; BINARY_OP +=; STORE_FAST i
        JUMP again
    done: LOAD_FAST i; RETURN_VALUE";
    let expected = [
        "LoadConst 0",
        "StoreFast i",
        "LoadFast i",
        "LoadFast n",
        "Compare <",
        "JumpIf False to 11",
        "LoadFast i",
        "LoadConst 1",
        "Binary +=",
        "StoreFast i",
        "Jump to 2",
        "LoadFast i",
        "Return",
    ];
    assert_eq!(shown(text), expected);
    let code: Code = text.parse().unwrap();
    assert_eq!(code.instructions[2].line, Some(6));
    assert_eq!(code.arguments.positional, 1);
}

#[test]
fn arguments_of_every_kind_have_cpythons_order() {
    let code: Code = "args a / b *rest c **named\nLOAD_FAST c; RETURN_VALUE".parse().unwrap();
    let names: Vec<&str> = code.locals.iter().map(|local| &*local.name).collect();
    assert_eq!(names, ["a", "b", "c", "rest", "named"]);
    assert_eq!((code.arguments.positional, code.arguments.positional_only, code.arguments.keyword_only), (2, 1, 1));
    assert_eq!(code.arguments.total(), 5);
}

#[test]
fn free_variables_come_last_and_cells_where_they_are_named() {
    let code: Code =
        "free outer; COPY_FREE_VARS 1; MAKE_CELL own; LOAD_DEREF outer; STORE_DEREF own; LOAD_DEREF own; RETURN_VALUE"
            .parse()
            .unwrap();
    let locals: Vec<_> = code.locals.iter().map(|local| (&*local.name, local.kind)).collect();
    assert_eq!(locals, [("own", LocalKind::Cell), ("outer", LocalKind::Free)]);
    assert_eq!(code.shown(&code.instructions[2]).to_string(), "LoadDeref outer");
}

#[test]
fn handlers_and_keywords_read() {
    let text = "
        handler try..caught -> caught depth 0
        handler caught..end -> cleanup depth 1 offset
    try:
        LOAD_GLOBAL f; LOAD_CONST 1; LOAD_CONST 2; CALL 2 key
        RETURN_VALUE
    caught:
        PUSH_EXC_INFO; POP_TOP
    end:
        POP_EXCEPT; LOAD_CONST None; RETURN_VALUE
    cleanup:
        COPY 3; POP_EXCEPT; RERAISE 1";
    let code: Code = text.parse().unwrap();
    assert_eq!(code.handlers[0], Handler { start: 0, end: 5, target: 5, depth: 0, lasti: false });
    assert_eq!(code.handlers[1], Handler { start: 5, end: 7, target: 10, depth: 1, lasti: true });
    assert_eq!(code.shown(&code.instructions[3]).to_string(), "Call 2 key=");
}

#[test]
fn literals_are_pythons() {
    let int = |digits: &str| Literal::Int(digits.to_owned());
    let text = |text: &str| Literal::Str(text.to_owned());
    for (written, expected) in [
        ("None", Literal::None),
        ("True", Literal::Bool(true)),
        ("...", Literal::Ellipsis),
        ("0", int("0")),
        ("-7", int("-7")),
        ("1_000_000_000_000_000_000_000", int("1000000000000000000000")),
        ("0xFF", int("255")),
        ("1.5", Literal::Float(1.5)),
        ("-1e3", Literal::Float(-1000.0)),
        (".5", Literal::Float(0.5)),
        ("'a;b#c'", text("a;b#c")),
        (r#""it's""#, text("it's")),
        (r"'\n\x41\u00e9\\'", text("\nAé\\")),
        (r"r'\n'", text(r"\n")),
        (r"b'\xff\0'", Literal::Bytes(vec![255, 0])),
        ("()", Literal::Tuple(vec![])),
        ("(1)", int("1")),
        ("(1,)", Literal::Tuple(vec![int("1")])),
        ("('a', (2, None))", Literal::Tuple(vec![text("a"), Literal::Tuple(vec![int("2"), Literal::None])])),
    ] {
        assert_eq!(literal(written), expected, "{written}");
    }
}

#[test]
fn literals_print_as_they_read() {
    for written in ["None", "-12", "1.5", "'it\\'s \\n é'", "b'\\xff\\'a'", "(1, 'b', ())", "(True,)", "1e999"] {
        let read = literal(written);
        assert_eq!(literal(&read.to_string()), read, "{written}");
    }
}

#[test]
fn errors_say_where_and_what_to_do() {
    for (text, expected) in [
        ("LOAD_FOO x", "line 1, column 1: no instruction is called \"LOAD_FOO\": write the names of CPython's"),
        ("NOP\n  LOAD_FAST", "line 2, column 12: LOAD_FAST needs the name of a local here"),
        ("CALL x", "line 1, column 6: CALL needs a number here, from 0 to 65535"),
        ("COMPARE_OP <>", "line 1, column 12: COMPARE_OP needs one of these here: < <= == != > >="),
        ("NOP 1", "line 1, column 5: NOP takes no further operand"),
        ("LOAD_CONST foo", "line 1, column 12: a literal is needed here"),
        ("LOAD_CONST 'foo", "line 1, column 16: the string does not end"),
        ("LOAD_CONST 0b2", "line 1, column 12: not a number"),
        ("JUMP there", "line 1, column 6: no instruction is marked \"there\""),
        ("a: NOP; a: NOP", "line 1, column 9: \"a\" marks another instruction too"),
        ("PUSH_NULL", "line 1, column 1: PUSH_NULL has no place in a snippet"),
        ("YIELD_VALUE", "line 1, column 1: YIELD_VALUE belongs to generators"),
        ("LOAD_DEREF x", "line 1, column 12: \"x\" is not a cell"),
        ("CALL 0 key", "line 1, column 1: more names than arguments"),
        ("NOP; args a", "line 1, column 6: `args` comes before the first instruction"),
        ("args a a", "line 1, column 8: \"a\" is a local already"),
        ("# nothing", "line 1, column 10: there is no instruction"),
        ("RETURN_VALUE", "line 1, column 1: the stack holds 0 values where 1 are needed"),
        ("LOAD_CONST 1; POP_TOP", "line 1, column 15: the code runs off its end"),
        (
            "LOAD_CONST 1; POP_JUMP_IF_TRUE a; LOAD_CONST 2; a: LOAD_CONST 3; RETURN_VALUE",
            "line 1, column 52: the stack holds",
        ),
    ] {
        let error = error(text);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

#[test]
fn a_listing_names_what_operands_index() {
    let code: Code = "args x; LOAD_FAST x; LOAD_ATTR name; RETURN_VALUE".parse().unwrap();
    let expected = "<snippet>(x |) stack 1\n    1    0  LoadFast x\n         1  LoadAttr name\n         2  Return\n";
    assert_eq!(code.to_string(), expected);
}

#[test]
fn every_instruction_of_every_version_is_known() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/bytecode");
    for version in 11..=15 {
        let table = std::fs::read_to_string(format!("{folder}/opcodes-3.{version}.txt")).unwrap();
        for name in table.lines().filter_map(|line| line.strip_prefix("opcode ")?.split(' ').nth(1)) {
            let error = name.parse::<Code>().unwrap_err().to_string();
            assert!(!error.contains("no instruction is called"), "{error}");
        }
    }
}

#[test]
fn every_instruction_on_the_page_is_known() {
    let page = include_str!("../../docs/snippets.md");
    let words = page.split(|char: char| !char.is_ascii_uppercase() && !char.is_ascii_digit() && char != '_');
    for name in words.filter(|word| word.contains('_') && !word.starts_with('_') && !word.starts_with("INTRINSIC")) {
        let error = name.parse::<Code>().unwrap_err().to_string();
        assert!(!error.contains("no instruction is called"), "{error}");
    }
}

#[test]
fn words_after_an_instruction_say_how() {
    let text =
        "args a b; LOAD_FAST a; LOAD_FAST b; FORMAT_VALUE repr format; CALL_INTRINSIC_1 INTRINSIC_PRINT; RETURN_VALUE";
    let expected = [
        "LoadFast a",
        "LoadFast b",
        "Swap 2",
        "Convert Repr",
        "Swap 2",
        "FormatWithSpec",
        "Intrinsic1 Print",
        "Return",
    ];
    assert_eq!(shown(text), expected);
    assert!(error("LOAD_FAST_LOAD_FAST a b").ends_with("LOAD_FAST_LOAD_FAST is not in snippets: write two LOAD_FAST"));
    assert!(error("CALL_INTRINSIC_1 X").contains("CALL_INTRINSIC_1 needs one of these here"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_snippet_or_an_error(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "LOAD_CONST", "LOAD_FAST", "STORE_FAST", "CALL", "COPY", "SWAP", "JUMP", "FOR_ITER", "RETURN_VALUE", "handler",
            "args", "free", "MAKE_CELL", "BINARY_OP", "UNPACK_EX", "a", "a:", "b:", "..", "->", "depth", "offset", "1", "65535",
            "+", "'", "\"", "\\", "(", ")", ",", ";", "\n", "#", "*", "**", "/", "é", "0x", "b'", "-",
        ]), 0..30),
    ) {
        for separator in ["", " "] {
            if let Ok(code) = words.join(separator).parse::<Code>() {
                assert!(code.depths().is_ok());
            }
        }
    }

    #[test]
    fn any_literal_is_read_or_refused(text in ".{0,12}") {
        let _ = format!("LOAD_CONST {text}; RETURN_VALUE").parse::<Code>();
    }
}
