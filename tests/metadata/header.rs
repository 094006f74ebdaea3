//! The C header: without warnings in both languages, only static data, and equal to the Rust mirror.

use std::mem::offset_of;
use std::process::Command;

use crate::support::{STRICT, compile_object, run};
use typedcall::metadata::abi::{self, AbiContext, AbiSignature, AbiValue, Footer, Head, effect, flag, kind, raises};

const EVERY_MACRO: &str = include_str!("../c/every_macro.c");

fn strict<'a>(more: &[&'a str]) -> Vec<&'a str> {
    STRICT.iter().chain(more).copied().collect()
}

#[test]
fn every_macro_compiles_without_a_warning_in_c_and_in_cpp_flagged_and_not() {
    for language in ["-std=c99", "-std=c11", "-std=c++17", "-std=c++20"] {
        for level in ["-O0", "-O2"] {
            compile_object("every-macro", EVERY_MACRO, &strict(&[language, level]));
            compile_object("every-macro", EVERY_MACRO, &strict(&[language, level, "-DTYPEDCALL_SET_FLAG"]));
        }
    }
}

#[test]
fn the_header_needs_no_python() {
    for language in ["-std=c99", "-std=c++17"] {
        compile_object("alone", "#include \"typedcall.h\"\n#include \"typedcall.h\"\n", &strict(&[language]));
    }
}

#[test]
fn cpp_runs_no_code_at_load_time() {
    for level in ["-O0", "-O2"] {
        let object = compile_object("every-macro", EVERY_MACRO, &strict(&["-std=c++17", level]));
        let output = Command::new("nm").arg(&object).output().expect("nm comes with the C compiler");
        let symbols = String::from_utf8_lossy(&output.stdout);
        assert!(symbols.contains("typedcall_container_inc"), "{symbols}");
        assert!(!symbols.contains("_GLOBAL__") && !symbols.contains("static_initialization"), "{symbols}");
        let output = Command::new("readelf").args(["-SW"]).arg(&object).output().expect("readelf comes with nm");
        let sections = String::from_utf8_lossy(&output.stdout);
        assert!(!sections.contains(".init_array") && !sections.contains(".ctors"), "{sections}");
    }
}

#[test]
fn a_methods_name_may_be_a_macros_name() {
    let source = "#include \"typedcall.h\"\n#define x 7\n#define BOOL int\nstatic void f(void) {}\n\
                  TYPEDCALL_METHOD(m, f, TYPEDCALL_RESULT(VOID, NEVER, 0), TYPEDCALL_ARG(BOOL, x));\n\
                  const void *used = &typedcall_container_m;\n";
    compile_object("macro-name", source, &strict(&["-std=c99"]));
}

/// Prints each expression of C, and compares it with Rust's number.
fn compare(pairs: &[(&str, u64)]) {
    let lines: String =
        pairs.iter().map(|(text, _)| format!("    printf(\"%llu\\n\", (unsigned long long)({text}));\n")).collect();
    let source = format!(
        "#include <stdio.h>\n#include \"typedcall.h\"\n#define AT(type, field) offsetof(typedcall_##type, field)\n\
         int main(void) {{\n{lines}    return 0;\n}}\n"
    );
    let printed = run("numbers", &source, &strict(&["-std=c99"]));
    let numbers: Vec<u64> = printed.lines().map(|line| line.parse().expect("the program prints numbers")).collect();
    assert_eq!(numbers.len(), pairs.len());
    for ((text, rust), c) in pairs.iter().zip(numbers) {
        assert_eq!(c, *rust, "{text}");
    }
}

#[test]
fn sizes_and_offsets_are_those_of_the_mirror() {
    let footer = offset_of!(Head, footer);
    let at = |offset: usize| offset as u64;
    compare(&[
        ("sizeof(typedcall_value)", at(size_of::<AbiValue>())),
        ("AT(value, kind)", at(offset_of!(AbiValue, kind))),
        ("AT(value, flags)", at(offset_of!(AbiValue, flags))),
        ("AT(value, effects)", at(offset_of!(AbiValue, effects))),
        ("AT(value, name)", at(offset_of!(AbiValue, name))),
        ("AT(value, type)", at(offset_of!(AbiValue, class))),
        ("AT(value, default_int)", at(offset_of!(AbiValue, default_int))),
        ("AT(value, default_float)", at(offset_of!(AbiValue, default_float))),
        ("AT(value, default_address)", at(offset_of!(AbiValue, default_address))),
        ("sizeof(typedcall_signature)", at(size_of::<AbiSignature>())),
        ("AT(signature, function)", at(offset_of!(AbiSignature, function))),
        ("AT(signature, values)", at(offset_of!(AbiSignature, values))),
        ("AT(signature, value_count)", at(offset_of!(AbiSignature, value_count))),
        ("AT(signature, reserved)", at(offset_of!(AbiSignature, reserved))),
        ("sizeof(typedcall_head)", at(size_of::<Head>())),
        ("AT(head, signatures)", at(offset_of!(Head, signatures))),
        ("AT(head, signature_count)", at(offset_of!(Head, signature_count))),
        ("AT(head, reserved)", at(offset_of!(Head, reserved))),
        ("AT(head, magic)", at(footer + offset_of!(Footer, magic))),
        ("AT(head, version)", at(footer + offset_of!(Footer, version))),
        ("AT(head, size)", at(footer + offset_of!(Footer, size))),
        ("AT(head, self)", at(footer + offset_of!(Footer, container))),
        ("sizeof(typedcall_context)", at(size_of::<AbiContext>())),
        ("AT(context, version)", at(offset_of!(AbiContext, version))),
        ("AT(context, size)", at(offset_of!(AbiContext, size))),
        ("AT(context, thread_state)", at(offset_of!(AbiContext, thread_state))),
        ("AT(context, interpreter)", at(offset_of!(AbiContext, interpreter))),
    ]);
}

#[test]
fn constants_are_those_of_the_mirror() {
    macro_rules! same {
        ($($module:ident $prefix:literal: $($name:ident)*;)*) => {
            vec![$($((concat!("TYPEDCALL_", $prefix, stringify!($name)), u64::from($module::$name)),)*)*]
        };
    }
    let mut pairs = same! {
        kind "KIND_": INVALID VOID CONTEXT OBJECT USER CSTR BUFFER I8 I16 I32 I64 U8 U16 U32 U64 ISIZE USIZE F32 F64
            CBOOL INT FLOAT BOOL STR BYTES LIST TUPLE DICT NONE;
        flag "": OPTIONAL NULLABLE KEYWORD_ONLY RECEIVER DEFAULT_NONE SUBCLASSES;
        raises "RAISES_": NEVER NULL MINUS_ONE NONZERO CHECK;
        effect "": NO_PYTHON PURE NOGIL BORROWED_RESULT;
    };
    pairs.extend([
        ("TYPEDCALL_STEALS(0)", 1 << effect::STEALS_SHIFT),
        ("TYPEDCALL_STEALS(15)", 1 << 31),
        ("TYPEDCALL_MAGIC", abi::MAGIC),
        ("TYPEDCALL_VERSION", u64::from(abi::VERSION)),
        ("TYPEDCALL_METH_TYPED", abi::METH_TYPED as u64),
        ("TYPEDCALL_CONTEXT_VERSION", u64::from(abi::CONTEXT_VERSION)),
    ]);
    compare(&pairs);
}
