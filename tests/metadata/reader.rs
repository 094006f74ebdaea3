//! The reader of dialect version 1, on the tables of compiled C and on containers with each byte broken.

use std::ffi::{CStr, c_void};
use std::path::Path;

use crate::support::sample::{Sample, clear_flag};
use crate::support::{Library, STRICT, compile};
use typedcall::metadata::abi::{self, flag, kind, raises};
use typedcall::metadata::{
    DefaultValue, Effects, Kind, Overload, Parameter, PythonType, Raises, Rejected, Scalar, TypePlace, TypedMethod,
    UserType, read_def, read_table,
};

const EVERY_MACRO: &str = include_str!("../c/every_macro.c");
const BROKEN: &str = include_str!("../c/broken.c");

/// The result of `PyMethodDef *table(void)` of a library.
fn table(library: &Library) -> *const c_void {
    let table = library.symbol("table");
    // SAFETY: every library of this file exports such a function.
    unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *const c_void>(table)() }
}

/// Loads the extension with every macro and gives its types a type that looks like `geometry.Point`.
fn every_macro(flags: &[&str]) -> Library {
    let flags: Vec<&str> = STRICT.iter().chain(flags).copied().collect();
    let library = Library::load(&compile("every-macro", EVERY_MACRO, &flags));
    let mut point = Box::new([0_usize; 64]);
    point[3] = c"geometry.Point".as_ptr() as usize;
    let make_types = library.symbol("make_types");
    // SAFETY: the library exports this function, which only stores the pointer; the type is leaked.
    unsafe {
        std::mem::transmute::<*mut c_void, extern "C" fn(*mut usize)>(make_types)(Box::leak(point).as_mut_ptr());
    }
    library
}

fn methods(library: &Library) -> Vec<TypedMethod> {
    read_table(table(library)).filter_map(|entry| entry.method.expect("every macro makes good metadata")).collect()
}

fn only<'a>(methods: &'a [TypedMethod], name: &str) -> &'a Overload {
    let method = methods.iter().find(|method| method.name == name).unwrap_or_else(|| panic!("no method {name}"));
    assert_eq!(method.signature.overloads.len(), 1, "{name}");
    &method.signature.overloads[0]
}

fn named(name: &str, kind: Kind) -> Parameter {
    Parameter { name: Some(name.to_owned()), ..Parameter::positional(kind) }
}

fn receiver(kind: Kind) -> Parameter {
    Parameter { receiver: true, ..named("self", kind) }
}

#[test]
fn every_macro_is_read_from_c_and_cpp_flagged_and_not() {
    for flags in [
        &["-std=c99"][..],
        &["-std=c++17"],
        &["-std=c99", "-DTYPEDCALL_SET_FLAG"],
        &["-std=c++17", "-O2", "-DTYPEDCALL_SET_FLAG"],
    ] {
        let library = every_macro(flags);
        let methods = methods(&library);
        let names: Vec<&str> = methods.iter().map(|method| method.name.as_str()).collect();
        let expected = "inc now thread abs scalars objects give_none nothing users user_result receiver text number \
                        defaults spelled";
        assert_eq!(names.join(" "), expected, "{flags:?}");
        assert!(methods.iter().all(|method| method.flagged == flags.contains(&"-DTYPEDCALL_SET_FLAG")), "{flags:?}");
        assert_eq!(methods[0].flags, pyo3_ffi::METH_O, "without the flag, always");
    }
}

#[test]
fn functions_are_the_ones_of_each_overload() {
    let methods = methods(&every_macro(&["-std=c99"]));
    let abs = methods.iter().find(|method| method.name == "abs").expect("it is in the table");
    assert_eq!(abs.signature.overloads[0].result, Kind::Scalar(Scalar::I64));
    assert_eq!(abs.signature.overloads[1].result, Kind::Scalar(Scalar::F64));
    // SAFETY: the signatures say so.
    let (int, float) = unsafe {
        (
            std::mem::transmute::<usize, extern "C" fn(i64) -> i64>(abs.functions[0].get()),
            std::mem::transmute::<usize, extern "C" fn(f64) -> f64>(abs.functions[1].get()),
        )
    };
    assert_eq!((int(-3), float(-0.5)), (3, 0.5));
}

#[test]
fn kinds_flags_and_effects_come_out_as_written() {
    let methods = methods(&every_macro(&["-std=c99"]));
    let inc = only(&methods, "inc");
    assert_eq!(inc.parameters, [named("x", Kind::Scalar(Scalar::I64))]);
    assert_eq!(inc.effects, Effects { no_python: true, pure: true, ..Effects::default() });
    assert_eq!(inc.raises, Raises::Never);
    assert!(only(&methods, "now").parameters.is_empty() && only(&methods, "now").effects.nogil);
    let thread = only(&methods, "thread");
    assert!(thread.has_context() && thread.raises == Raises::MinusOne);
    assert_eq!(thread.parameters[1], Parameter::positional(Kind::Scalar(Scalar::I64)));

    use Scalar::{CBool, F32, F64, I8, I16, I32, I64, Isize, U8, U16, U32, U64, Usize};
    let scalars = only(&methods, "scalars");
    let mut kinds: Vec<Kind> =
        [I8, I16, I32, I64, U8, U16, U32, U64, Isize, Usize, F32, F64, CBool].map(Kind::Scalar).into();
    kinds.extend([Kind::Cstr, Kind::Buffer]);
    assert_eq!(scalars.parameters.iter().map(|parameter| parameter.kind.clone()).collect::<Vec<_>>(), kinds);
    assert_eq!((&scalars.result, scalars.raises), (&Kind::Scalar(CBool), Raises::Check));

    let objects = only(&methods, "objects");
    assert_eq!(objects.result, Kind::Python { class: PythonType::List, subclasses: true });
    assert_eq!(objects.effects.steals, 0b10_0000_0010);
    assert!(objects.parameters[0].nullable && objects.parameters[9].nullable && !objects.parameters[1].nullable);
    assert_eq!(objects.parameters[7].kind, Kind::Python { class: PythonType::List, subclasses: true });
    let python: Vec<Kind> = objects.parameters[2..7].iter().map(|parameter| parameter.kind.clone()).collect();
    use PythonType::{Bool, Bytes, Dict, Float, Int, Str, Tuple};
    assert_eq!(python, [Int, Float, Bool, Str, Bytes].map(Kind::exact));
    assert_eq!(objects.parameters[8].kind, Kind::exact(Tuple));
    assert_eq!(objects.parameters[9].kind, Kind::exact(Dict));
    let none = only(&methods, "give_none");
    assert!(none.result == Kind::exact(PythonType::None) && none.effects.borrowed_result);
    let nothing = only(&methods, "nothing");
    assert_eq!((&nothing.result, nothing.raises), (&Kind::Void, Raises::Nonzero));
    assert_eq!(nothing.parameters, [named("class", Kind::Scalar(I64))]);
}

#[test]
fn receivers_and_user_types_come_out_as_written() {
    let methods = methods(&every_macro(&["-std=c99"]));
    let point = |overload: &Overload| match &overload.result {
        Kind::User { class, .. } => class.clone(),
        other => panic!("{other:?} is no user type"),
    };
    let users = only(&methods, "users");
    let class = point(users);
    assert_eq!(class.name, "geometry.Point");
    assert!(class.place.is_some());
    let user = |subclasses: bool| Kind::User { class: class.clone(), subclasses };
    assert_eq!(users.result, user(false));
    assert_eq!(users.parameters[..3], [receiver(user(true)), named("a", user(false)), named("b", user(true))]);
    assert!(users.parameters[3].nullable);
    assert_eq!(only(&methods, "user_result").result, user(true));
    assert_eq!(only(&methods, "user_result").parameters, [receiver(user(false))]);
    assert_eq!(only(&methods, "receiver").parameters, [receiver(Kind::Object)]);
    assert_eq!(only(&methods, "text").parameters, [receiver(Kind::exact(PythonType::Str))]);
    let number = Kind::Python { class: PythonType::Int, subclasses: true };
    assert_eq!(only(&methods, "number").parameters, [receiver(number)]);
}

#[test]
fn defaults_come_out_as_written() {
    let methods = methods(&every_macro(&["-std=c99"]));
    let defaults: Vec<_> =
        only(&methods, "defaults").parameters.iter().map(|parameter| parameter.default.clone()).collect();
    let Some(DefaultValue::Object { address: Some(_) }) = &defaults[5] else { panic!("{:?}", defaults[5]) };
    assert_eq!(defaults[0], Some(DefaultValue::Int(-10)));
    assert_eq!(defaults[1], Some(DefaultValue::Int(u64::MAX.into())));
    assert_eq!(defaults[2], Some(DefaultValue::Bool(true)));
    assert_eq!(defaults[3], Some(DefaultValue::Float((-0.5_f64).to_bits())));
    assert_eq!(defaults[4], Some(DefaultValue::Str("text".to_owned())));
    assert_eq!(defaults[6], Some(DefaultValue::None));
    let last = &only(&methods, "defaults").parameters[6];
    assert!(last.nullable && last.keyword_only);
    let spelled = only(&methods, "spelled");
    assert_eq!(spelled.parameters[0].default, Some(DefaultValue::Float(1.5_f64.to_bits())));
    assert_eq!(spelled.parameters[0].name, None);
}

#[test]
fn a_user_type_that_is_not_made_yet_is_said_so() {
    // Another build of the same, whose types nobody has made.
    let library = Library::load(&compile("every-macro", EVERY_MACRO, &["-std=c99", "-DFRESH"]));
    let rejected: Vec<Rejected> = read_table(table(&library)).filter_map(|entry| entry.method.err()).collect();
    assert_eq!(rejected.len(), 2);
    assert_eq!(rejected[0].field, "signatures[0].values[0].type");
    assert!(rejected[0].reason.contains("not made yet"), "{}", rejected[0]);
}

#[test]
fn every_broken_method_of_an_extension_names_its_field() {
    let library = Library::load(&compile("broken", BROKEN, &["-std=c99", "-Wall", "-Wextra", "-Werror"]));
    let found: Vec<String> = read_table(table(&library))
        .map(|entry| match entry.method {
            Ok(method) => method.map_or_else(|| "plain".to_owned(), |method| method.name),
            // An address differs between runs.
            Err(rejected) => rejected.to_string().split(" 0x").next().unwrap_or_default().to_owned(),
        })
        .collect();
    let expected = [
        "good",
        "wrong_version: version: found 2, supported is 1",
        "wrong_size: size: 41 is not a multiple of 8 from 40 to 4096",
        "wrong_self: self:",
        "no_overloads: signature_count: 0 is not from 1 to 16",
        "used_reserve: reserved: 5 is not 0",
        "null_function: signatures[0].function: null",
        "no_values: signatures[0].value_count: 0 is not from 1 to 17",
        "many_values: signatures[0].value_count: 18 is not from 1 to 17",
        "unknown_kind: signatures[0].values[1].kind: unknown kind 99",
        "unknown_flag: signatures[0].values[1].flags: unknown bits",
        "unknown_raises: signatures[0].values[0].flags: unknown error convention 9",
        "unknown_effect: signatures[0].values[0].effects: unknown bits",
        "long_name: signatures[0].values[1].name: the text at",
        "flag_alone: ml_flags: the METH_TYPED flag is set, but no version 1 container stands before the name",
    ];
    assert_eq!(found, expected);
}

/// The field that is named after this change to a valid sample.
fn broken(change: impl FnOnce(&mut Sample)) -> String {
    let mut sample = Sample::new();
    change(&mut sample);
    read_def(sample.def()).expect_err("it was broken").field
}

#[test]
fn a_sample_is_good_until_it_is_broken() {
    let sample = Sample::new();
    let method = read_def(sample.def()).expect("it is good").expect("it is there");
    assert_eq!((method.name.as_str(), method.flagged), ("sample", true));
}

#[test]
fn every_pointer_is_checked() {
    assert_eq!(broken(|sample| sample.head.signatures = 0), "signatures");
    assert_eq!(broken(|sample| sample.head.signatures += 4), "signatures");
    assert_eq!(broken(|sample| sample.head.signatures = 64), "signatures[0]");
    assert_eq!(broken(|sample| sample.head.signatures = usize::MAX - 7), "signatures[0]");
    assert_eq!(broken(|sample| sample.pointers[0] = 0), "signatures[0]");
    assert_eq!(broken(|sample| sample.pointers[0] = 64), "signatures[0]");
    assert_eq!(broken(|sample| sample.function.function = 64), "signatures[0].function");
    assert_eq!(broken(|sample| sample.function.values = 0), "signatures[0].values");
    assert_eq!(broken(|sample| sample.function.values = 64), "signatures[0].values[0]");
    assert_eq!(broken(|sample| sample.values[1].name = 64), "signatures[0].values[1].name");
    assert_eq!(broken(|sample| sample.meth = 0), "ml_meth");
    assert_eq!(broken(|sample| sample.name_pointer = 64), "ml_flags", "no container can be before it");
    assert_eq!(broken(|sample| sample.name = *b"caf\xe9\0\0\0\0"), "ml_name");
    assert_eq!(broken(|sample| sample.name = [0; 8]), "ml_name");
    assert_eq!(broken(|sample| sample.head.footer.size = 8192), "size");
    assert_eq!(broken(|sample| sample.function.reserved = 1), "signatures[0].reserved");
}

#[test]
fn every_field_of_a_value_is_checked() {
    assert_eq!(broken(|sample| sample.values[0].name = sample.values[1].name), "signatures[0].values[0].name");
    assert_eq!(broken(|sample| sample.values[0].default_int = 1), "signatures[0].values[0].default_int");
    assert_eq!(broken(|sample| sample.values[0].kind = kind::CONTEXT), "signatures[0].values[0].kind");
    assert_eq!(broken(|sample| sample.values[0].kind = kind::INVALID), "signatures[0].values[0].kind");
    let parameter = |field: &str, change: fn(&mut abi::AbiValue)| {
        assert_eq!(broken(|sample| change(&mut sample.values[1])), format!("signatures[0].values[1].{field}"));
    };
    parameter("kind", |value| value.kind = kind::VOID);
    parameter("kind", |value| value.kind = kind::INVALID);
    parameter("flags", |value| value.flags = flag::SUBCLASSES);
    parameter("flags", |value| value.flags = flag::DEFAULT_NONE);
    parameter("effects", |value| value.effects = 1);
    parameter("name", |value| value.name = c"no name".as_ptr() as usize);
    parameter("name", |value| value.name = c"".as_ptr() as usize);
    parameter("name", |value| value.name = c"\xff".as_ptr() as usize);
    parameter("name", |value| value.flags = flag::RECEIVER);
    parameter("name", |value| value.kind = kind::CONTEXT);
    parameter("type", |value| value.class = 64);
    parameter("type", |value| value.kind = kind::USER);
    parameter("default_int", |value| value.default_int = 1);
    parameter("default_float", |value| value.default_float = 1);
    parameter("default_address", |value| value.default_address = 64);
    let optional = |field: &str, kind: u16, change: fn(&mut abi::AbiValue)| {
        let broken = broken(|sample| {
            (sample.values[1].kind, sample.values[1].flags) = (kind, flag::OPTIONAL);
            change(&mut sample.values[1]);
        });
        assert_eq!(broken, format!("signatures[0].values[1].{field}"));
    };
    optional("flags", kind::BUFFER, |_| ());
    optional("default_int", kind::I8, |value| value.default_int = 128);
    optional("default_int", kind::U16, |value| value.default_int = -1);
    optional("default_int", kind::CBOOL, |value| value.default_int = 2);
    optional("default_int", kind::F64, |value| value.default_int = 2);
    optional("default_float", kind::I64, |value| value.default_float = 2);
    optional("default_address", kind::CSTR, |_| ());
    optional("default_address", kind::CSTR, |value| value.default_address = c"\xff".as_ptr() as usize);
    optional("default_address", kind::OBJECT, |_| ());
    optional("default_address", kind::STR, |value| value.default_address = 64);
}

#[test]
fn a_user_type_is_named_as_far_as_can_be_seen() {
    let named = |name: &'static CStr, flags: usize| {
        let mut class = [0_usize; 64];
        (class[3], class[21]) = (name.as_ptr() as usize, flags);
        let variable = class.as_ptr() as usize;
        let mut sample = Sample::new();
        (sample.values[1].kind, sample.values[1].class) = (kind::USER, &raw const variable as usize);
        let method = read_def(sample.def()).map(|method| method.expect("it is there"));
        method.map(|method| match &method.signature.overloads[0].parameters[0].kind {
            Kind::User { class: UserType { name, place, .. }, .. } => {
                // Not the type itself: the variable may contain another one later.
                assert_eq!(place, &std::num::NonZeroUsize::new(&raw const variable as usize).map(TypePlace::Variable));
                name.clone()
            }
            other => panic!("{other:?} is no user type"),
        })
    };
    assert_eq!(named(c"a.b.C", 1 << 9).as_deref(), Ok("a.b.C"));
    assert_eq!(named(c"range", 0).as_deref(), Ok("builtins.range"));
    assert_eq!(named(c"Local", 1 << 9).as_deref(), Ok("unknown.Local"));
    assert_eq!(named(c"a b", 0).expect_err("no name").field, "signatures[0].values[1].type");
}

#[test]
fn without_the_magic_number_there_is_no_metadata_and_the_flag_is_a_mistake() {
    let mut sample = Sample::new();
    sample.head.footer.magic ^= 1;
    let rejected = read_def(sample.def()).expect_err("the flag is set");
    assert_eq!((rejected.name.as_deref(), rejected.field.as_str()), (Some("sample"), "ml_flags"));
    sample.flags = pyo3_ffi::METH_O;
    assert_eq!(read_def(sample.def()), Ok(None));
}

#[test]
fn a_container_may_have_grown_at_the_front() {
    let mut sample = Sample::new();
    (sample.head.footer.size, sample.head.footer.container) = (56, sample.head.footer.container - 16);
    assert!(read_def(sample.def()).is_ok_and(|method| method.is_some()));
}

#[test]
fn addresses_without_a_table_are_no_crash() {
    for address in [0, 8, 4096, 1 << 47, 1 << 63, usize::MAX - 31, usize::MAX] {
        let address = address as *const c_void;
        assert_eq!(read_def(address).expect_err("nothing is there").field, "PyMethodDef");
        let entries: Vec<_> = read_table(address).collect();
        assert!(entries.len() == 1 && entries[0].method.is_err());
        assert!(clear_flag(address).is_err());
    }
}

#[test]
fn a_table_without_an_end_ends() {
    let ones = vec![1_u64; 10_100 * 4];
    let entries: Vec<_> = read_table(ones.as_ptr().cast()).collect();
    assert_eq!(entries.len(), 10_001);
    assert!(entries[10_000].method.clone().is_err_and(|rejected| rejected.reason.contains("does not end")));
}

#[test]
fn clearing_the_flag_clears_nothing_else() {
    let mut sample = Sample::new();
    sample.flags = 0x7fff_ffff;
    clear_flag(sample.def()).expect("it is writable");
    assert_eq!(sample.flags(), 0x7fff_fbff);
    clear_flag(sample.def()).expect("nothing is left to do");
    assert_eq!(sample.flags(), 0x7fff_fbff);
}

#[test]
fn the_flag_of_a_read_only_definition_stays() {
    let source = "#include <Python.h>\n#include \"typedcall.h\"\n\
                  const PyMethodDef fixed = {\"f\", NULL, METH_O | TYPEDCALL_METH_TYPED, NULL};";
    let library = Library::load(&compile("fixed", source, &["-std=c99", "-Wl,-z,relro,-z,now"]));
    let error = clear_flag(library.symbol("fixed")).expect_err("the page is read-only");
    assert!(error.to_string().contains("can't be written"), "{error}");
}

#[test]
fn no_bytes_at_all_make_it_fault() {
    // A fixed seed: a failure must repeat.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    let (mut good, mut rejected) = (0, 0);
    for _ in 0..20_000 {
        let mut sample = Sample::new();
        let bytes = sample.bytes();
        for _ in 0..=random(3) {
            let (at, byte) = (random(bytes.len()), [0, 1, 0xff, random(256) as u8][random(4)]);
            bytes[at] = byte;
        }
        match read_def(sample.def()) {
            Ok(_) => good += 1,
            Err(_) => rejected += 1,
        }
    }
    assert!(good > 1_000 && rejected > 1_000, "{good} good, {rejected} rejected");
}

#[test]
fn an_error_convention_may_come_with_subclasses() {
    let mut sample = Sample::new();
    sample.values[0].kind = kind::DICT;
    sample.values[0].flags = raises::NULL | flag::SUBCLASSES;
    let method = read_def(sample.def()).expect("it is good").expect("it is there");
    let overload = &method.signature.overloads[0];
    assert_eq!(overload.result, Kind::Python { class: PythonType::Dict, subclasses: true });
    assert_eq!(overload.raises, Raises::Null);
}

/// A file that is never built again is read as when version 1 was new.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_frozen_binary_of_version_1_reads_as_ever() {
    let library = Library::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen/version1-x86_64.so"));
    let methods: Vec<TypedMethod> = read_table(library.symbol("table"))
        .filter_map(|entry| entry.method.expect("it was good on its first day"))
        .collect();
    assert_eq!(methods.iter().map(|method| method.name.as_str()).collect::<Vec<_>>(), ["inc", "put", "either"]);
    assert!(methods.iter().all(|method| method.flagged && method.flags == 8));
    let inc = only(&methods, "inc");
    assert_eq!(inc.effects, Effects { no_python: true, pure: true, ..Effects::default() });
    assert_eq!(inc.parameters, [named("x", Kind::Scalar(Scalar::I64))]);
    let put = only(&methods, "put");
    assert_eq!((&put.result, put.raises, put.effects.steals), (&Kind::Object, Raises::Null, 0b100));
    assert_eq!(put.parameters[0], receiver(Kind::Object));
    assert_eq!(put.parameters[1], Parameter::positional(Kind::Context));
    assert!(matches!(put.parameters[2].default, Some(DefaultValue::Object { address: Some(_) })));
    assert_eq!(put.parameters[3].default, Some(DefaultValue::Int(10)));
    let other = Parameter {
        nullable: true,
        keyword_only: true,
        default: Some(DefaultValue::None),
        ..named("other", Kind::Python { class: PythonType::Str, subclasses: true })
    };
    assert_eq!(put.parameters[4], other);
    let raises: Vec<Raises> = methods[2].signature.overloads.iter().map(|overload| overload.raises).collect();
    assert_eq!(raises, [Raises::MinusOne, Raises::Check]);
}
