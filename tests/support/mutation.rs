//! Every way in which a reader of version 1 rejects a container, with a mutation that leads there; also random
//! mutations.

use std::mem::offset_of;
use std::ops::Range;

use typedcall::metadata::abi::{AbiSignature, AbiValue, effect, flag, kind, raises};
use typedcall::metadata::{Rejected, Rule};

use super::victim::{Block, Random, SCALARS, Victim, context, of_kind};

/// A field, without its position, and the rule that it breaks.
pub type Branch = (String, Rule);

/// The branch that a rejection took: `signatures[1].values[2].kind` is a `parameter.kind`.
pub fn branch(rejected: &Rejected) -> Branch {
    let field = rejected.field.as_str();
    let rule = rejected.rule.expect("the rules of version 1 have numbers");
    let Some((_, inner)) = field.split_once("].") else {
        return (if field.starts_with("signatures[") { "signature" } else { field }.to_owned(), rule);
    };
    let inner = match inner.strip_prefix("values[") {
        None => inner.to_owned(),
        Some(value) => {
            let (index, part) = value.split_once(']').expect("a bracket is closed");
            format!("{}{part}", if index == "0" { "result" } else { "parameter" })
        }
    };
    (inner.replace("reserved", "signature.reserved"), rule)
}

/// A mutation that makes a valid victim break one rule.
pub struct Recipe {
    pub field: &'static str,
    pub rule: Rule,
    pub apply: fn(&mut Victim, &mut Random),
}

macro_rules! recipes {
    ($($field:literal $rule:ident: |$victim:pat_param, $random:pat_param| $body:expr;)*) => {
        &[$(Recipe { field: $field, rule: Rule::$rule, apply: |$victim, $random| { $body; } }),*]
    };
}

/// One for each branch of the reader except two: `Rule::EndlessTable` is about tables, and `Rule::NoWay` is not about
/// the memory that is read.
pub const RECIPES: &[Recipe] = recipes! {
    "ml_flags" NoContainer: |v, r| { v.block().head.footer.magic ^= 1 << r.below(64); flagged(v) };
    "version" UnknownVersion: |v, r| v.block().head.footer.version = r.one(&[0, 2, 3, 256, u32::MAX]);
    "size" WrongSize: |v, r| v.block().head.footer.size = r.one(&[0, 8, 32, 41, 44, 4097, 4104, u32::MAX, 1 << 31]);
    "size" Unreadable: |v, r| { let before = 24 + 8 * r.below(20); let name = v.front() + before;
        v.put(name, b"name\0"); v.move_name(name, 40.max(before as u32 + 8)) };
    "self" WrongSelf: |v, r| v.block().head.footer.container ^= 1 << r.below(64);
    "reserved" NotZero: |v, r| v.block().head.reserved = 1 << r.below(32);
    "signature_count" WrongCount: |v, r| v.block().head.signature_count = r.one(&[0, 17, 1000, 1 << 31, u32::MAX]);
    "signatures" Null: |v, _| v.block().head.signatures = 0;
    "signatures" Misaligned: |v, r| v.block().head.signatures += 1 + r.below(7);
    "signature" Unreadable: |v, r| if r.below(2) == 0 { v.block().head.signatures = nowhere(v, r) } else {
        let pointer = v.block().pointers[0].to_ne_bytes(); let last = v.end() - 8; v.put(last, &pointer);
        (v.block().head.signatures, v.block().head.signature_count) = (last, 2 + r.below(15) as u32) };
    "signature" Null: |v, r| { let o = overload(v, r); v.block().pointers[o] = 0 };
    "signature" Misaligned: |v, r| { let o = overload(v, r); v.block().pointers[o] += 1 + r.below(7) };
    "signature" SignatureUnreadable: |v, r| { let o = overload(v, r);
        v.block().pointers[o] = if r.below(2) == 0 { nowhere(v, r) } else { v.end() - 16 } };
    "function" Null: |v, r| { let o = overload(v, r); v.block().functions[o].function = 0 };
    "function" Unreadable: |v, r| { let o = overload(v, r); v.block().functions[o].function = nowhere(v, r) };
    "signature.reserved" NotZero: |v, r| { let o = overload(v, r); v.block().functions[o].reserved = 1 << r.below(32) };
    "value_count" WrongCount: |v, r| { let o = overload(v, r);
        v.block().functions[o].value_count = r.one(&[0, 18, 1000, 1 << 31, u32::MAX]) };
    "values" Null: |v, r| { let o = overload(v, r); v.block().functions[o].values = 0 };
    "values" Misaligned: |v, r| { let o = overload(v, r); v.block().functions[o].values += 1 + r.below(7) };
    "result" Unreadable: |v, r| { let o = overload(v, r);
        v.block().functions[o].values = if r.below(2) == 0 { nowhere(v, r) } else { v.end() - 40 } };
    "parameter" Unreadable: |v, r| { let o = overload(v, r); let last = v.end() - 48;
        v.put(last, &[1, 0]); v.put(last + 2, &[0; 46]);
        (v.block().functions[o].values, v.block().functions[o].value_count) = (last, 2 + r.below(15) as u32) };

    "result.kind" NoKind: |v, r| result(v, r).kind = kind::INVALID;
    "result.kind" UnknownKind: |v, r| result(v, r).kind = r.one(&UNKNOWN_KINDS);
    "result.kind" ContextResult: |v, r| result(v, r).kind = kind::CONTEXT;
    "result.flags" NoSubclasses: |v, r| *result(v, r) = { let mut value = of_kind(r.one(&NO_CLASS));
        value.flags = flag::SUBCLASSES; value };
    "result.flags" UnknownConvention: |v, r| result(v, r).flags = 5 + r.below(250) as u16;
    "result.flags" WrongConvention: |v, r| { let (kind, raises) = r.one(&WRONG_CONVENTIONS);
        *result(v, r) = of_kind(kind); last_result(v).flags = raises };
    "result.name" NotZero: |v, r| { let name = v.text(0); result(v, r).name = name };
    "result.type" NotZero: |v, r| { *result(v, r) = of_kind(kind::I64); last_result(v).class = 1 << r.below(64) };
    "result.type" Null: |v, r| *result(v, r) = of_kind(kind::USER);
    "result.type" Misaligned: |v, r| class(v, r, false, |_, class, r| *class += 1 + r.below(7));
    "result.type" Unreadable: |v, r| class(v, r, false, |bad, class, _| *class = bad);
    "result.type" NotMade: |v, r| { class(v, r, false, |_, _, _| ()); v.block().class = 0 };
    "result.type" TypeUnreadable: |v, r| { class(v, r, false, |_, _, _| ()); unreadable_type(v, r) };
    "result.type" TypeNameUnreadable: |v, r| { class(v, r, false, |_, _, _| ()); let bad = unreadable_text(v, r);
        v.block().type_object[3] = bad as u64 };
    "result.type" Unterminated: |v, r| { class(v, r, false, |_, _, _| ()); let long = endless(v, r);
        v.block().type_object[3] = long as u64 };
    "result.type" NotUtf8: |v, r| { class(v, r, false, |_, _, _| ()); v.block().type_name[r.below(5)] = 0xff };
    "result.type" NoTypeName: |v, r| { class(v, r, false, |_, _, _| ());
        v.block().type_name[r.below(5)] = r.one(b" -+/\x01") };
    "result.default_int" NotZero: |v, r| result(v, r).default_int = 1 << r.below(64);
    "result.default_float" NotZero: |v, r| result(v, r).default_float = 1 << r.below(64);
    "result.default_address" NotZero: |v, r| result(v, r).default_address = 1 << r.below(64);
    "result.effects" UnknownBits: |v, r| result(v, r).effects |= 1 << (4 + r.below(12));
    "result.effects" NotBorrowed: |v, r| { *result(v, r) = of_kind(r.one(&NO_CLASS[1..]));
        last_result(v).effects = effect::BORROWED_RESULT };
    "result.effects" NotStealable: |v, r| { let count = 1 + r.below(4);
        let o = shape(v, r, &vec![of_kind(kind::I64); count]);
        v.block().values[o][0].effects |= 1 << (16 + r.below(count)) };
    "result.effects" NothingToSteal: |v, r| { let count = r.below(4);
        let o = shape(v, r, &vec![of_kind(kind::I64); count]);
        v.block().values[o][0].effects |= 1 << (16 + count + r.below(16 - count)) };

    "parameter.kind" NoKind: |v, r| parameter(v, r).kind = kind::INVALID;
    "parameter.kind" UnknownKind: |v, r| parameter(v, r).kind = r.one(&UNKNOWN_KINDS);
    "parameter.kind" VoidParameter: |v, r| parameter(v, r).kind = kind::VOID;
    "parameter.flags" NoSubclasses: |v, r| parameter(v, r).flags |= flag::SUBCLASSES;
    "parameter.flags" UnknownBits: |v, r| parameter(v, r).flags |= r.one(&[0x20, 0x40, 0x80, 0x200, 0x8000]);
    "parameter.flags" NotOptional: |v, r| parameter(v, r).flags = flag::DEFAULT_NONE;
    "parameter.flags" NoDefault: |v, r| { *parameter(v, r) = of_kind(r.one(&[kind::BUFFER, kind::CONTEXT]));
        last_parameter(v).flags = flag::OPTIONAL };
    "parameter.effects" NotZero: |v, r| parameter(v, r).effects = 1 << r.below(32);
    "parameter.type" NotZero: |v, r| parameter(v, r).class = 1 << r.below(64);
    "parameter.type" Null: |v, r| parameter(v, r).kind = kind::USER;
    "parameter.type" Misaligned: |v, r| class(v, r, true, |_, class, r| *class += 1 + r.below(7));
    "parameter.type" Unreadable: |v, r| class(v, r, true, |bad, class, _| *class = bad);
    "parameter.type" NotMade: |v, r| { class(v, r, true, |_, _, _| ()); v.block().class = 0 };
    "parameter.type" TypeUnreadable: |v, r| { class(v, r, true, |_, _, _| ()); unreadable_type(v, r) };
    "parameter.type" TypeNameUnreadable: |v, r| { class(v, r, true, |_, _, _| ()); let bad = unreadable_text(v, r);
        v.block().type_object[3] = bad as u64 };
    "parameter.type" Unterminated: |v, r| { class(v, r, true, |_, _, _| ()); let long = endless(v, r);
        v.block().type_object[3] = long as u64 };
    "parameter.type" NotUtf8: |v, r| { class(v, r, true, |_, _, _| ()); v.block().type_name[r.below(5)] = 0x80 };
    "parameter.type" NoTypeName: |v, r| { class(v, r, true, |_, _, _| ());
        v.block().type_name[r.below(5)] = r.one(b" -+/\x01") };
    "parameter.name" Unreadable: |v, r| { let bad = unreadable_text(v, r); parameter(v, r).name = bad };
    "parameter.name" Unterminated: |v, r| { let long = endless(v, r); parameter(v, r).name = long };
    "parameter.name" NotUtf8: |v, r| { let text = r.one(&NOT_UTF8); parameter(v, r).name = text.as_ptr() as usize };
    "parameter.name" NoIdentifier: |v, r| { let text = r.one(&NO_IDENTIFIER);
        parameter(v, r).name = text.as_ptr() as usize };
    "parameter.name" ReceiverNamed: |v, r| { let name = v.text(3); *parameter(v, r) = of_kind(kind::OBJECT);
        (last_parameter(v).flags, last_parameter(v).name) = (flag::RECEIVER, name) };
    "parameter.name" ContextNamed: |v, r| { let name = v.text(3); *parameter(v, r) = context();
        last_parameter(v).name = name };
    "parameter.default_int" NotZero: |v, r| parameter(v, r).default_int = 1 << r.below(64);
    "parameter.default_float" NotZero: |v, r| parameter(v, r).default_float = 1 << r.below(64);
    "parameter.default_address" NotZero: |v, r| parameter(v, r).default_address = 1 << r.below(64);
    "parameter.default_int" NoTruthValue: |v, r| { optional(v, r, kind::CBOOL);
        last_parameter(v).default_int = r.one(&[2, -1, i64::MIN, i64::MAX]) };
    "parameter.default_int" OutOfRange: |v, r| { let (kind, number) = r.one(&OUT_OF_RANGE); optional(v, r, kind);
        last_parameter(v).default_int = number };
    "parameter.default_address" Null: |v, r| optional(v, r, kind::OBJECT);
    "parameter.default_address" Misaligned: |v, r| { let object = &raw const v.block().object as usize;
        optional(v, r, kind::LIST); last_parameter(v).default_address = object + 1 + r.below(7) };
    "parameter.default_address" Unreadable: |v, r| { let kind = r.one(&[kind::OBJECT, kind::STR, kind::CSTR]);
        let bad = if kind == kind::CSTR { unreadable_text(v, r) } else { nowhere(v, r) };
        optional(v, r, kind); last_parameter(v).default_address = bad };
    "parameter.default_address" Unterminated: |v, r| { optional(v, r, kind::CSTR);
        last_parameter(v).default_address = LONG.as_ptr() as usize + r.below(8) };
    "parameter.default_address" NotUtf8: |v, r| { optional(v, r, kind::CSTR);
        last_parameter(v).default_address = r.one(&NOT_UTF8).as_ptr() as usize };

    "parameter" ContextReceiver: |v, r| { *parameter(v, r) = context(); last_parameter(v).flags = flag::RECEIVER };
    "parameter" SpecialNullable: |v, r| special(v, r).flags |= flag::NULLABLE;
    "parameter" SpecialKeyword: |v, r| special(v, r).flags |= flag::KEYWORD_ONLY;
    "parameter" SpecialDefault: |v, r| special(v, r).flags |= flag::OPTIONAL | flag::DEFAULT_NONE;
    "parameter" SelfNotReceiver: |v, r| parameter(v, r).name = c"self".as_ptr() as usize;
    "parameter" Nameless: |v, r| { parameter(v, r).flags = flag::KEYWORD_ONLY; last_parameter(v).name = 0 };
    "parameter" NotNullable: |v, r| { parameter(v, r).flags = flag::NULLABLE;
        last_parameter(v).kind = r.one(&SCALARS) };
    "parameter" NoneNotNullable: |v, r| { let kind = r.one(&[kind::OBJECT, kind::DICT, kind::CSTR]);
        optional(v, r, kind); last_parameter(v).flags |= flag::DEFAULT_NONE };
    "parameter" OutOfRange: |v, r| { optional(v, r, kind::F32);
        last_parameter(v).default_float = r.one(&NO_F32).to_bits() };
    "parameter" SecondReceiver: |v, r| { let (a, b) = (v.receiver(r), v.receiver(r)); shape(v, r, &[a, b]) };
    "parameter" SecondContext: |v, r| shape(v, r, &[context(), context()]);
    "parameter" SecondName: |v, r| { let at = r.below(4); let names = [at, 5, at].map(|index| v.text(index));
        shape(v, r, &names.map(|name| { let mut value = of_kind(kind::I64); value.name = name; value })) };
    "parameter" PositionalAfterKeyword: |v, r| { let name = v.text(0); let mut first = of_kind(kind::I64);
        (first.name, first.flags) = (name, flag::KEYWORD_ONLY); let second = v.parameter(r);
        shape(v, r, &[first, second]) };
    "parameter" RequiredAfterDefault: |v, r| { let (first, second) = (v.optional(r), v.parameter(r));
        shape(v, r, &[first, second]) };

    "ml_name" Unreadable: |v, r| { let at = v.end() - r.below(20); let name = vec![b'n'; v.end() - at];
        if !name.is_empty() { v.put(at, &name) }; v.move_name(at, 40) };
    "ml_name" Unterminated: |v, r| { let at = v.tail() + 48 + r.below(64); v.put(at, &[b'n'; 300]);
        v.move_name(at, 40) };
    "ml_name" NotUtf8: |v, r| v.block().name[r.below(7)] = r.one(&[0x80, 0xc0, 0xff, 0xf8]);
    "ml_name" NoIdentifier: |v, r| if r.below(2) == 0 { v.block().name[r.below(7)] = r.one(b" -./!") }
        else { v.block().name[0] = r.one(b"0\x00 ") };
    "ml_meth" Null: |v, _| v.block().meth = 0;
};

const UNKNOWN_KINDS: [u16; 8] = [0x07, 0x0f, 0x1d, 0x1f, 0x29, 0xff, 0x110, 0xffff];
/// Kinds without subclasses; all but the first are not objects either.
const NO_CLASS: [u16; 5] = [kind::OBJECT, kind::I8, kind::F64, kind::VOID, kind::CBOOL];
const WRONG_CONVENTIONS: [(u16, u16); 6] = [
    (kind::I64, raises::NULL),
    (kind::VOID, raises::NULL),
    (kind::OBJECT, raises::MINUS_ONE),
    (kind::CBOOL, raises::MINUS_ONE),
    (kind::I32, raises::NONZERO),
    (kind::OBJECT, raises::NONZERO),
];
const OUT_OF_RANGE: [(u16, i64); 8] = [
    (kind::I8, 128),
    (kind::I8, -129),
    (kind::U8, 256),
    (kind::U16, -1),
    (kind::I16, i64::MAX),
    (kind::I32, 1 << 31),
    (kind::U32, 1 << 32),
    (kind::U32, i64::MIN),
];
/// A stray byte, an overlong form, a surrogate, a number beyond Unicode's last, and a character cut off.
const NOT_UTF8: [&std::ffi::CStr; 5] = [c"a\xff", c"\xc0\x80", c"\xed\xa0\x80", c"\xf4\x90\x80\x80", c"a\xe2\x82"];
const NO_IDENTIFIER: [&std::ffi::CStr; 6] = [c"", c"1a", c"a b", c"a.b", c"\xc3\x97", c"\xe2\x82\xac"];
/// Finite, but infinite as an `f32`; the last number is the least.
const NO_F32: [f64; 5] = [1e300, -1e300, f64::MAX, 3.5e38, 3.402_823_567_797_336_6e38];
/// Longer than any text may be.
static LONG: [u8; 8192] = [b'a'; 8192];

fn flagged(v: &mut Victim) {
    v.block().flags |= typedcall::metadata::abi::METH_TYPED;
}

fn overload(v: &mut Victim, r: &mut Random) -> usize {
    let count = v.block().head.signature_count as usize;
    r.below(count)
}

/// An aligned address that can't be read.
fn nowhere(v: &mut Victim, r: &mut Random) -> usize {
    r.one(&[8, 4096, v.front() - 8, v.end(), 1 << 47, 1 << 63, usize::MAX - 7])
}

/// The address of a text that can't be read, or not to its end.
fn unreadable_text(v: &mut Victim, r: &mut Random) -> usize {
    let length = r.below(60);
    let at = v.end() - length;
    v.put(at, &vec![b'a'; length]);
    if r.below(2) == 0 { at } else { r.one(&[1, 63, v.front() - 1, v.end(), usize::MAX]) }
}

fn endless(_: &mut Victim, r: &mut Random) -> usize {
    LONG.as_ptr() as usize + r.below(1000)
}

/// A type that can't be read, or not as far as its flags.
fn unreadable_type(v: &mut Victim, r: &mut Random) {
    v.block().class = r.one(&[64, 65, v.end() - 64, v.end() - 20, v.end(), 1 << 47, usize::MAX - 30]);
    let (name, at) = (&raw const v.block().type_name as usize, v.end() - 40);
    v.block().type_name = *b"Name\0\0\0\0\0\0\0\0\0\0\0\0";
    v.put(at, &name.to_ne_bytes());
}

fn result<'a>(v: &'a mut Victim, r: &mut Random) -> &'a mut AbiValue {
    v.at = (overload(v, r), 0);
    last_result(v)
}

fn last_result(v: &mut Victim) -> &mut AbiValue {
    let (overload, _) = v.at;
    &mut v.block().values[overload][0]
}

/// Gives an overload these parameters.
fn shape(v: &mut Victim, r: &mut Random, parameters: &[AbiValue]) -> usize {
    let overload = overload(v, r);
    let result = v.block().values[overload][0];
    v.set(overload, result, parameters);
    v.at = (overload, parameters.len());
    overload
}

/// The last parameter of an overload, a named `i64` after none to fifteen others.
fn parameter<'a>(v: &'a mut Victim, r: &mut Random) -> &'a mut AbiValue {
    let before = if r.below(8) == 0 { r.below(16) } else { r.below(3) };
    let name = v.text(r.below(17));
    let mut parameters = vec![of_kind(kind::I64); before + 1];
    parameters[before].name = name;
    shape(v, r, &parameters);
    last_parameter(v)
}

fn last_parameter(v: &mut Victim) -> &mut AbiValue {
    let (overload, position) = v.at;
    &mut v.block().values[overload][position]
}

/// An optional parameter of this kind, without a default.
fn optional(v: &mut Victim, r: &mut Random, kind: u16) {
    let value = parameter(v, r);
    (value.kind, value.flags) = (kind, flag::OPTIONAL);
}

/// A receiver or a context.
fn special<'a>(v: &'a mut Victim, r: &mut Random) -> &'a mut AbiValue {
    let value = if r.below(2) == 0 { context() } else { v.receiver(r) };
    *parameter(v, r) = value;
    last_parameter(v)
}

/// A value of a user type, whose pointer is then changed; the change gets an address that can't be read.
fn class(v: &mut Victim, r: &mut Random, parameter: bool, change: fn(usize, &mut usize, &mut Random)) {
    let (mut value, bad) = (v.user(), nowhere(v, r));
    change(bad, &mut value.class, r);
    // This is the only value that uses the type; others may come first.
    for overload in 0..v.block().head.signature_count as usize {
        v.set(overload, of_kind(kind::I64), &[]);
    }
    if parameter {
        *self::parameter(v, r) = value;
    } else {
        *result(v, r) = value;
    }
}

/// The bytes of a block that a reader reads.
fn used(v: &mut Victim) -> Vec<Range<usize>> {
    let block = v.block();
    let overloads = (block.head.signature_count as usize).min(block.pointers.len());
    let mut ranges = vec![
        0..32,
        offset_of!(Block, head)..offset_of!(Block, pointers) + 8 * overloads,
        offset_of!(Block, functions)..offset_of!(Block, functions) + overloads * size_of::<AbiSignature>(),
        offset_of!(Block, class)..offset_of!(Block, object),
    ];
    for (index, (function, values)) in block.functions.iter().zip(&block.values).take(overloads).enumerate() {
        let count = (function.value_count as usize).min(values.len());
        let start = offset_of!(Block, values) + index * size_of_val(values);
        ranges.push(start..start + count * size_of::<AbiValue>());
    }
    ranges
}

/// Gives one field after the other values that often find faults; calls `check` for each.
pub fn each_field(v: &mut Victim, r: &mut Random, mut check: impl FnMut(&mut Victim)) {
    for at in used(v).into_iter().flat_map(|range| range.step_by(2)) {
        for width in [2, 4, 8].into_iter().filter(|width| at % width == 0) {
            let pristine: Vec<u8> = v.bytes()[at..at + width].to_vec();
            let own = v.def() as u64;
            for value in [0, 1, 16, 17, 64, u64::MAX, i64::MAX as u64, 1 << 31, v.end() as u64 - 8, own, r.bits()] {
                v.bytes()[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
                check(v);
            }
            v.bytes()[at..at + width].copy_from_slice(&pristine);
        }
    }
}

/// Changes one byte after the other, in `ways` ways; calls `check` for each.
pub fn each_byte(v: &mut Victim, r: &mut Random, ways: usize, mut check: impl FnMut(&mut Victim)) {
    for at in used(v).into_iter().flatten() {
        let pristine = v.bytes()[at];
        for way in 0..ways {
            v.bytes()[at] = if way < 8 { pristine ^ 1 << way } else { r.bits() as u8 };
            check(v);
        }
        v.bytes()[at] = pristine;
    }
}
