/* A line of each sort, compiled as C and as C++: what the header's macros expand to must be free of warnings too. */
static int64_t inc_impl(int64_t x) { return x + 1; }
static double now_impl(void) { return 0.0; }
static int64_t size_impl(int64_t x) { return x; }
static double half_impl(double x) { return x / 2; }

static PyObject *wrapper(PyObject *self, PyObject *arg) {
    (void)self;
    (void)arg;
    Py_RETURN_NONE;
}

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD_NAMED(clock_now, "now", now_impl, TYPEDCALL_RESULT(F64, NEVER, 0));
TYPEDCALL_SIGNATURE(half_int, size_impl, TYPEDCALL_RESULT(I64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(half_float, half_impl, TYPEDCALL_RESULT(F64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_OVERLOADS(half, "half", TYPEDCALL_OF(half_int), TYPEDCALL_OF(half_float));

extern PyMethodDef methods[];
PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, wrapper, METH_O, "inc(x)\n--\n\nOne more than x."),
    TYPEDCALL_DEF(clock_now, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(half, wrapper, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};

/* The other dialects. A table of Cinder's converts a pointer to data to one to a function, which -Wpedantic is against. */
extern PyPyTypedMethodMetadata pypy_sig;
static int pypy_types[] = {T_C_LONG, T_C_DOUBLE, T_PY_OBJECT, -1};
PyPyTypedMethodMetadata pypy_sig = {pypy_types, -T_C_LONG, NULL, "pypy"};

static int64_t add_cinder(PyObject *self, int64_t x, PyObject *y) { return self == y ? x : x + 1; }
static void note_cinder(PyObject *self) { (void)self; }
Ci_Py_TYPED_SIGNATURE(add_cinder, Ci_Py_SIG_INT64, &Ci_Py_Sig_INT64, &Ci_Py_Sig_Object_Opt, NULL);
Ci_Py_TYPED_SIGNATURE(note_cinder, Ci_Py_SIG_VOID, NULL);
extern const void *const cinder_defs[];
const void *const cinder_defs[] = {&add_cinder_def, &note_cinder_def};

static PyModuleDef cinder_module = {PyModuleDef_HEAD_INIT, "cinder", NULL, 0, NULL, NULL, NULL, NULL, NULL};
extern PyObject *create_cinder(PyTypeObject *type, PyType_Spec *spec);
PyObject *create_cinder(PyTypeObject *type, PyType_Spec *spec) {
    PyObject *module = PyModule_Create(&cinder_module);
    if (module == NULL || PyType_Ready(type) < 0 || PyModule_AddType(module, type) < 0) return NULL;
    if (PyModule_AddFunctions(module, methods) < 0 || typedcall_cinder_ready(methods) < 0) return NULL;
    if (PyType_FromSpec(spec) == NULL || PyType_FromSpecWithBases(spec, NULL) == NULL) return NULL;
    if (PyType_FromModuleAndSpec(module, spec, NULL) == NULL) return NULL;
    return PyModuleDef_Init(&cinder_module);
}
