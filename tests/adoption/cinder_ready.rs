//! Extensions written for Cinder, compiled unmodified and imported on CPython. Their typed definitions become working
//! callables, which check and convert by Cinder's rules. A definition that can't be made ready gives an error that
//! names the method.

use std::ffi::c_void;

use crate::support::extension::{evaluate, execute, flags_of, import, member, run, specializer, start, stub};
use crate::support::{Library, compile};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::metadata::abi::METH_TYPED;
use typedcall::metadata::{Dialect, read_table_as};
use typedcall::{Entry, Error, cinder};

const METHODS: &str = include_str!("../c/cinder_methods.c");
const TABLE: &str = include_str!("../c/cinder_table.c");
const CALLS: &str = include_str!("../support/cinder_calls.py");

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/typedcall_cinder.h");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/cinder");

/// The extension as a module of this name.
fn methods(python: &Python, name: &str, more: &[&str]) -> Object {
    cinder::provide(python).expect("there is memory");
    let module = format!("-DMODULE={name}");
    let flags = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", FOLDER, "-include", HEADER, &module];
    import(python, name, METHODS, &[&flags, more].concat())
}

/// The names of `cinder_calls.py` for a module.
fn calls(python: &Python, module: &Object) -> Object {
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "m", module).expect("there is memory");
    execute(python, CALLS, &names);
    names
}

#[test]
fn an_extension_written_for_cinder_compiles_unmodified_and_works_by_its_rules() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_works", &[]);
    let names = calls(&python, &module);
    assert_eq!(evaluate(&python, "differing()", &names), "[]");
    let count = evaluate(&python, "sum(map(len, expected.values()))", &names).parse::<usize>();
    assert!(count.is_ok_and(|count| count > 400), "{}", evaluate(&python, "expected", &names));
    assert_eq!(
        evaluate(&python, "m.echo_str.__doc__, m.Spam.sum2.__doc__", &names),
        "('About echo_str.', 'About sum2.')"
    );
}

#[test]
fn so_does_one_with_two_phases_of_initialization() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_phases", &["-DTWO_PHASES"]);
    assert_eq!(evaluate(&python, "differing()", &calls(&python, &module)), "[]");
}

#[test]
fn callables_have_an_ordinary_convention_and_stay_what_they_were() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_flags", &[]);
    let flags = |name| flags_of(&python, &member(&python, &module, name));
    assert_eq!(flags("nothing"), ffi::METH_NOARGS);
    assert_eq!(flags("echo_object"), ffi::METH_O);
    assert_eq!(flags("maybe_object"), ffi::METH_FASTCALL);
    assert_eq!(flags("sum2"), ffi::METH_FASTCALL);
    assert_eq!(flags("Spam.of_class"), ffi::METH_O | ffi::METH_CLASS);
    assert_eq!(flags("Spam.of_nobody"), ffi::METH_FASTCALL | ffi::METH_STATIC);
    assert_eq!(flags("Spam.__len__"), ffi::METH_NOARGS | ffi::METH_COEXIST);
    let names = calls(&python, &module);
    let types = "[type(value).__name__ for value in \
                 (m.sum2, m.Spam.sum2, m.Spam.of_class, m.Spam.__dict__['of_class'], m.Spam.__dict__['of_nobody'])]";
    assert_eq!(
        evaluate(&python, types, &names),
        "['builtin_function_or_method', 'method_descriptor', 'builtin_function_or_method', 'classmethod_descriptor', \
         'staticmethod']"
    );
}

#[test]
fn the_underlying_function_gets_the_receiver_that_cinder_passes() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_receivers", &[]);
    let names = calls(&python, &module);
    // Each call once with arguments that the guards accept, and once with arguments that the reader converts.
    for (call, receiver) in [
        ("m.echo_int64(1)", "m"),
        ("m.echo_int64(True)", "m"),
        ("m.maybe_object()", "m"),
        ("spam.sum2(1, 2)", "spam"),
        ("spam.sum2(1, True)", "spam"),
        ("spam.maybe_object()", "spam"),
        ("m.Spam.of_class(1)", "m.Spam"),
        ("m.Spam.of_class(Number(1))", "m.Spam"),
        ("m.Spam.of_nobody(1, 2)", "None"),
        ("m.Spam.of_nobody(1, Number(2))", "None"),
        ("spam.nothing()", "spam"),
    ] {
        execute(&python, call, &names);
        assert_eq!(evaluate(&python, &format!("m.seen()[0] is {receiver}"), &names), "True", "{call}");
    }
    let counted = "[m.seen()[1], outcome(lambda: m.echo_int8('no')), outcome(lambda: m.sum2(1)), m.seen()[1]]";
    assert_eq!(evaluate(&python, &format!("(lambda seen: seen[0] == seen[3])({counted})"), &names), "True");
}

#[test]
fn keywords_are_refused_as_cinder_refuses_them() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_keywords", &[]);
    let names = calls(&python, &module);
    for (call, qualified) in [
        ("m.default_int(number=1)", "cinder_keywords.default_int"),
        ("m.echo_int8(value=1)", "cinder_keywords.echo_int8"),
    ] {
        let expected = format!("TypeError: {qualified}() takes no keyword arguments");
        assert_eq!(evaluate(&python, &format!("outcome(lambda: {call})"), &names), expected);
    }
}

#[test]
fn no_call_leaks_a_reference() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_leaks", &[]);
    assert_eq!(evaluate(&python, "all_leaks()", &calls(&python, &module)), "[]");
}

#[test]
fn stubs_of_every_entry_stand_for_what_was_made_ready() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_stubs", &[]);
    let specializer = specializer(&python);
    let names = calls(&python, &module);
    let fast = run(&python, "made = {}").item(&python, "made").expect("just assigned");
    let adopted = specializer.adopt_as(&python, &module, &Dialect::Cinder).expect("the namespace can be read");
    for method in &adopted.methods {
        let callable = member(&python, &module, &method.name);
        if method.name.contains('.') || method.name == "added" {
            continue;
        }
        let made = specializer.function(&python, &callable).unwrap_or_else(|error| panic!("{}: {error}", method.name));
        fast.set_item(&python, &format!("m.{}", method.name), &made).expect("there is memory");
        stub(&python, &specializer, &callable, Entry::Vectorcall);
        stub(&python, &specializer, &callable, Entry::Boxed);
    }
    names.set_item(&python, "made", &fast).expect("there is memory");
    assert_eq!(evaluate(&python, "differing(lambda call: made.get(call) or eval(call))", &names), "[]");
    assert!(
        evaluate(&python, "len(made)", &names).parse::<usize>().is_ok_and(|made| made >= 18),
        "most have a signature"
    );

    let sum = stub(&python, &specializer, &member(&python, &module, "sum2"), Entry::Native);
    // SAFETY: the definition says so, and the module stays.
    let sum = unsafe {
        std::mem::transmute::<std::ptr::NonNull<u8>, extern "C" fn(*mut ffi::PyObject, i64, i64) -> i64>(sum.address())
    };
    assert_eq!(sum(module.as_ptr(), 40, 2), 42);
}

#[test]
fn a_signature_is_what_can_be_said_and_else_says_why() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_signatures", &[]);
    let specializer = specializer(&python);
    let signature = |name| match specializer.signature(&python, &member(&python, &module, name)) {
        Ok(signature) => signature.to_string(),
        Err(Error::Rejected(rejected)) => rejected.to_string(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(signature("sum2"), "(self, i64, i64) -> i64");
    assert_eq!(signature("error"), "(self, i64) -> void raises nonzero");
    assert_eq!(signature("nothing"), "(self) -> void");
    assert_eq!(signature("maybe_object"), "(self, object = <object>) -> object raises null");
    assert_eq!(signature("Spam.echo_object"), "(self, object) -> object raises null");
    assert_eq!(
        signature("null_object"),
        "null_object: sig[0].argtype: it may be left out without a default, which no signature can say"
    );
    assert_eq!(
        signature("maybe_str"),
        "maybe_str: sig[0].argtype: an optional str gets None itself, which no signature can say"
    );
    specializer
        .declare(&python, &member(&python, &module, "echo_object"), "(object) -> object raises null")
        .expect("it is that of its ml_meth");
    assert_eq!(signature("echo_object"), "(object) -> object raises null", "what is declared comes first");
    let adopted = specializer.adopt_as(&python, &module, &Dialect::Cinder).expect("the namespace can be read");
    assert!(adopted.methods.iter().any(|method| method.name == "Spam.of_class"));
    assert!(adopted.rejected.iter().any(|method| method.name == "null_str"));
    let version_1 = specializer.adopt(&python, &module).expect("the namespace can be read");
    assert!(version_1.methods.is_empty() && version_1.rejected.is_empty(), "{version_1:?}");
}

#[test]
fn the_typed_signature_is_cinders_dict() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_dicts", &[]);
    let specializer = specializer(&python);
    let dict = |callable: &Object| {
        let found = cinder::typed_signature(&python, callable).expect("it is a built-in");
        found.map(|found| found.repr(&python).expect("it has a text"))
    };
    let of = |name: &str| dict(&member(&python, &module, name)).unwrap_or_default();
    assert_eq!(
        of("sum2"),
        "{'args': [{'type': '__static__.int64'}, {'type': '__static__.int64'}], 'return': {'type': '__static__.int64'}}"
    );
    assert_eq!(of("nothing"), "{'args': [], 'return': {'type': 'NoneType'}}");
    assert_eq!(of("error"), "{'args': [{'type': '__static__.int64'}], 'return': {'type': 'NoneType'}}");
    assert_eq!(
        of("maybe_str"),
        "{'args': [{'optional': True, 'type': 'str', 'default': None}], 'return': {'optional': True, 'type': 'str'}}"
    );
    // The name is in the place of the type, as in Cinder.
    assert_eq!(
        of("default_int"),
        "{'args': [{'type': 'number', 'default': 7}], 'return': {'type': '__static__.int64'}}"
    );
    assert_eq!(of("null_str"), "{'args': [{'optional': True, 'type': 'text'}], 'return': {'type': 'object'}}");
    let kinds = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
    for kind in kinds {
        let ty = format!("{{'type': '__static__.{kind}'}}");
        assert_eq!(of(&format!("echo_{kind}")), format!("{{'args': [{ty}], 'return': {ty}}}"));
    }
    for bound in ["Spam.of_class", "Heap.of_class", "Spam.of_nobody", "Spam.sum2"] {
        assert!(of(bound).contains("__static__"), "{bound}");
    }
    let made = specializer.function(&python, &member(&python, &module, "echo_object")).expect("it has a signature");
    assert_eq!(dict(&made).as_deref(), Some("{'args': [{'type': 'object'}], 'return': {'type': 'object'}}"));
    assert_eq!(dict(&member(&python, &module, "seen")), None);
    assert!(cinder::typed_signature(&python, &module).is_err_and(|error| matches!(error, Error::NotBuiltin(_))));
}

/// The lines of `cinder_table.c` as a library of its own: name, definition, flags and `ml_meth`.
fn lines(table: *const c_void) -> Vec<(String, usize, i32, usize)> {
    let lines = read_table_as(table, &Dialect::Cinder).map(|entry| {
        // SAFETY: the table is that of a loaded library.
        let def = unsafe { &*(entry.def as *const ffi::PyMethodDef) };
        // SAFETY: as above.
        let name = unsafe { std::ffi::CStr::from_ptr(def.ml_name) }.to_string_lossy().into_owned();
        (name, entry.def, def.ml_flags, def.ml_meth.as_ptr() as usize)
    });
    lines.collect()
}

#[test]
fn what_cannot_be_done_names_the_method_and_changes_nothing() {
    own_process!();
    let python = start();
    let library = python.detached(|| Library::load(&compile("cinder-table", TABLE, &["-std=gnu11"])));
    // SAFETY: the library exports this function.
    let table =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *mut c_void>(library.symbol("table"))() };
    let before = lines(table);
    let specializer = specializer(&python);
    let errors = [
        ("none", "generic: only a generic type of Cinder's knows the type of a type parameter"),
        ("bad_code", "bad_code: sig[1].argtype: unknown code 9"),
        ("bad_result", "bad_result: ret: unknown code 16"),
        ("void_parameter", "void_parameter: sig[0].argtype: void and error are for results only"),
        ("optional_int", "optional_int: sig[0].argtype: an optional integer"),
        ("many_parameters", "many_parameters: sig[0].argtype: type parameter 99"),
        ("bad_default", "bad_default: sig[0].default_value: 16 bytes at"),
        ("bad_name", "bad_name: sig[0].name: \"no name\" is not an identifier"),
        ("bad_element", "bad_element: sig[0]: 24 bytes at"),
        ("endless", "endless: sig: it does not end with NULL after 15 elements"),
        ("no_sig", "no_sig: sig: null"),
        ("no_function", "no_function: meth: null"),
        ("no_definition", "no_definition: ml_meth: null"),
    ];
    for (first, message) in errors {
        let (_, line, ..) = before.iter().find(|(name, ..)| name == first).expect("the table has it");
        // SAFETY: a table of Cinder's form; a broken line is found, and no function is ever called.
        let result = unsafe { specializer.ready_cinder_table(&python, *line as *mut c_void) };
        let error = result.expect_err(first).to_string();
        assert!(error.contains(message), "{first}: {error}");
        assert_eq!(lines(table), before, "{first}");
    }
    // The remaining line is of another dialect, which CPython calls unchanged.
    let (_, wrapped, ..) = before.last().expect("the table has lines");
    // SAFETY: as above.
    let readied = unsafe { specializer.ready_cinder_table(&python, *wrapped as *mut c_void) };
    assert_eq!(readied.expect("there is nothing to do"), []);
    assert_eq!(lines(table), before);
}

#[test]
fn a_constant_table_is_an_error_and_no_fault() {
    own_process!();
    let python = start();
    let source = "#include \"typedcall_cinder.h\"\n\
                  static int64_t f(PyObject *self) { (void)self; return 1; }\n\
                  Ci_Py_TYPED_SIGNATURE(f, Ci_Py_SIG_INT64, NULL);\n\
                  const PyMethodDef methods[] = {{\"f\", (PyCFunction)&f_def, Ci_METH_TYPED, NULL}, {NULL}};\n\
                  const void *table(void) { return methods; }\n";
    let flags = ["-std=gnu11", "-Wl,-z,relro,-z,now"];
    let library = python.detached(|| Library::load(&compile("cinder-const", source, &flags)));
    // SAFETY: the library exports this function.
    let table =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *mut c_void>(library.symbol("table"))() };
    let before = lines(table);
    // SAFETY: a table of Cinder's form; it is found to be constant.
    let error = unsafe { specializer(&python).ready_cinder_table(&python, table) }.expect_err("it is read-only");
    assert!(error.to_string().starts_with("f: its definition can't be changed"), "{error}");
    assert_eq!(lines(table), before);
}

#[test]
fn a_table_is_made_ready_once() {
    own_process!();
    let python = start();
    let module = methods(&python, "cinder_twice", &[]);
    let (def, _) = crate::support::extension::definition_of(&python, &member(&python, &module, "echo_int8"));
    let before = lines(def.cast());
    assert_eq!(before.len(), 29, "it is the table's first line");
    assert!(before.iter().all(|(_, _, flags, _)| flags & METH_TYPED == 0));
    // SAFETY: the table of the module.
    let again = unsafe { specializer(&python).ready_cinder_table(&python, def.cast()) };
    assert_eq!(again.expect("there is nothing to do"), []);
    assert_eq!(lines(def.cast()), before);
}

#[test]
fn an_import_that_fails_says_which_method() {
    own_process!();
    let python = start();
    cinder::provide(&python).expect("there is memory");
    let source = "#include \"typedcall_cinder.h\"\n\
                  static PyObject *f(PyObject *self, PyObject *x) { (void)self; return x; }\n\
                  Ci_Py_TYPED_SIGNATURE(f, Ci_Py_SIG_OBJECT, &Ci_Py_Sig_T0, NULL);\n\
                  static PyMethodDef methods[] = {{\"f\", (PyCFunction)&f_def, Ci_METH_TYPED, NULL}, {NULL}};\n\
                  static PyModuleDef def = {PyModuleDef_HEAD_INIT, \"cinder_generic\", NULL, 0, methods};\n\
                  PyMODINIT_FUNC PyInit_cinder_generic(void) { return PyModule_Create(&def); }\n";
    let library = python.detached(|| compile("cinder_generic", source, &["-std=gnu11"]));
    let names = run(
        &python,
        &format!(
            "import importlib.util as util\n\
             spec = util.spec_from_file_location('cinder_generic', {library:?})\n\
             try:\n\
             \x20   util.module_from_spec(spec)\n\
             except ImportError as error:\n\
             \x20   text = str(error)\n"
        ),
    );
    assert_eq!(
        evaluate(&python, "text", &names),
        "typedcall can't make Cinder's typed methods callable: f: only a generic type of Cinder's knows the type of a type \
         parameter, and CPython has none"
    );
}

#[test]
fn the_header_is_clean_in_c_and_in_cpp() {
    own_process!();
    let source = "#include \"typedcall_cinder.h\"\n#include \"typedcall_cinder.h\"\n\
                  static int64_t f(PyObject *self, int64_t x) { (void)self; return x; }\n\
                  Ci_Py_TYPED_SIGNATURE(f, Ci_Py_SIG_INT64, &Ci_Py_Sig_INT64, NULL);\n\
                  extern void *used[]; void *used[] = {&f_def};\n\
                  typedef char layout[sizeof(Ci_Py_SigElement) == 24 && sizeof(Ci_PyTypedMethodDef) == 24 &&\n\
                  Ci_METH_TYPED == 0x400 && Ci_Py_SIG_INT64 == 28 && Ci_Py_SIG_ERROR == 60 ? 1 : -1];\n";
    for language in ["-std=c99", "-std=c++17"] {
        for define in ["-DTYPEDCALL_CINDER_BY_HAND", "-DPy_LIMITED_API=0x030B0000", "-DNOTHING"] {
            let flags: Vec<&str> = crate::support::STRICT.iter().chain(&[language, define]).copied().collect();
            crate::support::compile_object("cinder-header", source, &flags);
        }
    }
}
