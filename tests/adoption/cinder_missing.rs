//! If no typedcall is in the process, an extension in Cinder's form can't be imported, and the error says so. The other
//! tests provide the capsule, in processes of their own.

use crate::support::compile;
use crate::support::extension::{evaluate, execute, run, start};

const SOURCE: &str = "#include \"typedcall_cinder.h\"\n\
    static int64_t seven(PyObject *self) { (void)self; return 7; }\n\
    Ci_Py_TYPED_SIGNATURE(seven, Ci_Py_SIG_INT64, NULL);\n\
    static PyMethodDef methods[] = {{\"seven\", (PyCFunction)&seven_def, Ci_METH_TYPED, NULL}, {NULL}};\n\
    static PyModuleDef def = {PyModuleDef_HEAD_INIT, \"cinder_missing\", NULL, 0, methods};\n\
    PyMODINIT_FUNC PyInit_cinder_missing(void) { return PyModule_Create(&def); }\n";

const UNTYPED: &str = "#include \"typedcall_cinder.h\"\n\
    static PyObject *seven(PyObject *self, PyObject *x) { (void)self; (void)x; return PyLong_FromLong(7); }\n\
    static PyMethodDef methods[] = {{\"seven\", seven, METH_NOARGS, NULL}, {NULL}};\n\
    static PyModuleDef def = {PyModuleDef_HEAD_INIT, \"cinder_untyped\", NULL, 0, methods};\n\
    PyMODINIT_FUNC PyInit_cinder_untyped(void) { return PyModule_Create(&def); }\n";

#[test]
fn without_typedcall_the_import_says_what_is_missing() {
    own_process!();
    let python = start();
    let (typed, untyped) = python.detached(|| {
        (compile("cinder_missing", SOURCE, &["-std=gnu11"]), compile("cinder_untyped", UNTYPED, &["-std=gnu11"]))
    });
    let names = run(
        &python,
        &format!(
            "import importlib.util as util, sys, types\n\
             sys.modules.pop('typedcall', None)\n\
             def load(name, path):\n\
             \x20   return util.module_from_spec(util.spec_from_file_location(name, path))\n\
             def attempt():\n\
             \x20   try:\n\
             \x20       return load('cinder_missing', {typed:?}).seven()\n\
             \x20   except Exception as error:\n\
             \x20       return f'{{type(error).__name__}}: {{error}}'\n"
        ),
    );
    let missing = "ImportError: seven() is a typed method in Cinder's form, which CPython can't call without typedcall: \
                   install it (an embedder calls typedcall::cinder::provide before this import)";
    assert_eq!(evaluate(&python, "attempt()", &names), missing);
    // A module of that name without a capsule, or with something else in its place.
    execute(&python, "sys.modules['typedcall'] = other = types.ModuleType('typedcall')", &names);
    assert_eq!(evaluate(&python, "attempt()", &names), missing);
    execute(&python, "other._cinder = 1", &names);
    assert_eq!(evaluate(&python, "attempt()", &names), missing);
    let plain = evaluate(&python, &format!("load('cinder_untyped', {untyped:?}).seven()"), &names);
    assert_eq!(plain, "7", "a table without typed definitions needs no typedcall");

    typedcall::cinder::provide(&python).expect("there is memory");
    assert_eq!(evaluate(&python, "attempt()", &names), "7", "and once it is there, the same file can be imported");
}
