/* An extension as one writes it for Cinder: nothing in here is of this library. MODULE is its name. */
#define PY_SSIZE_T_CLEAN
#include <cinderx/python.h>

#include "cinderx/StaticPython/typed_method_def.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define JOIN_OF(a, b) a##b
#define JOIN(a, b) JOIN_OF(a, b)

/* What the functions were called with, and how often. */
static PyObject *last_self, *last_object;
static long long calls;

/* --- A function for each type of argument and of result --- */

#define ECHO(name, type, element, result)                                                          \
    static type echo_##name(PyObject *self, type value) { last_self = self; calls++; return value; } \
    Ci_Py_TYPED_SIGNATURE(echo_##name, result, &element, NULL)
ECHO(int8, int8_t, Ci_Py_Sig_INT8, Ci_Py_SIG_INT8);
ECHO(int16, int16_t, Ci_Py_Sig_INT16, Ci_Py_SIG_INT16);
ECHO(int32, int32_t, Ci_Py_Sig_INT32, Ci_Py_SIG_INT32);
ECHO(int64, int64_t, Ci_Py_Sig_INT64, Ci_Py_SIG_INT64);
ECHO(uint8, uint8_t, Ci_Py_Sig_UINT8, Ci_Py_SIG_UINT8);
ECHO(uint16, uint16_t, Ci_Py_Sig_UINT16, Ci_Py_SIG_UINT16);
ECHO(uint32, uint32_t, Ci_Py_Sig_UINT32, Ci_Py_SIG_UINT32);
ECHO(uint64, uint64_t, Ci_Py_Sig_UINT64, Ci_Py_SIG_UINT64);
ECHO(ssize, Py_ssize_t, Ci_Py_Sig_SSIZET, Ci_Py_SIG_SSIZE_T);
ECHO(size, size_t, Ci_Py_Sig_SIZET, Ci_Py_SIG_SIZE_T);

static PyObject *shown(PyObject *object) {
    calls++;
    last_object = object;
    if (object == NULL) return PyUnicode_FromString("NULL");
    Py_INCREF(object);
    return object;
}

static PyObject *echo_object(PyObject *self, PyObject *object) { last_self = self; return shown(object); }
Ci_Py_TYPED_SIGNATURE(echo_object, Ci_Py_SIG_OBJECT, &Ci_Py_Sig_Object, NULL);
static PyObject *echo_str(PyObject *self, PyObject *text) { last_self = self; return shown(text); }
Ci_Py_TYPED_SIGNATURE(echo_str, Ci_Py_SIG_STRING, &Ci_Py_Sig_String, NULL);

/* --- Optional and defaulted ones --- */

static PyObject *maybe_object(PyObject *self, PyObject *object) { last_self = self; return shown(object); }
Ci_Py_TYPED_SIGNATURE(maybe_object, Ci_Py_SIG_OBJECT | Ci_Py_SIG_OPTIONAL, &Ci_Py_Sig_Object_Opt, NULL);
static PyObject *maybe_str(PyObject *self, PyObject *text) { last_self = self; return shown(text); }
Ci_Py_TYPED_SIGNATURE(maybe_str, Ci_Py_SIG_STRING | Ci_Py_SIG_OPTIONAL, &Ci_Py_Sig_String_Opt, NULL);

static const Ci_Py_SigElement object_or_null = {Ci_Py_SIG_OBJECT | Ci_Py_SIG_OPTIONAL, NULL, NULL};
static const Ci_Py_SigElement str_or_null = {Ci_Py_SIG_STRING | Ci_Py_SIG_OPTIONAL, NULL, "text"};
static PyObject *null_object(PyObject *self, PyObject *object) { last_self = self; return shown(object); }
Ci_Py_TYPED_SIGNATURE(null_object, Ci_Py_SIG_OBJECT, &object_or_null, NULL);
static PyObject *null_str(PyObject *self, PyObject *text) { last_self = self; return shown(text); }
Ci_Py_TYPED_SIGNATURE(null_str, Ci_Py_SIG_OBJECT, &str_or_null, NULL);

/* Made when the module is, and of a type that the element does not ask for. */
static Ci_Py_SigElement seven = {Ci_Py_SIG_INT64, Py_False, "number"};
static Ci_Py_SigElement default_object = {Ci_Py_SIG_OBJECT, Py_Ellipsis, NULL};
static Ci_Py_SigElement wrong_str = {Ci_Py_SIG_STRING, Py_Ellipsis, NULL};
static int64_t default_int(PyObject *self, int64_t number) { last_self = self; calls++; return number; }
Ci_Py_TYPED_SIGNATURE(default_int, Ci_Py_SIG_INT64, &seven, NULL);
static PyObject *default_of_three(PyObject *self, PyObject *a, int32_t b, PyObject *c) {
    last_self = self;
    calls++;
    return c == NULL ? Py_BuildValue("(Ois)", a, (int)b, "NULL") : Py_BuildValue("(OiO)", a, (int)b, c);
}
static Ci_Py_SigElement small_default = {Ci_Py_SIG_INT32, Py_True, NULL};
Ci_Py_TYPED_SIGNATURE(default_of_three, Ci_Py_SIG_OBJECT, &default_object, &small_default, &object_or_null, NULL);
static PyObject *default_wrong(PyObject *self, PyObject *text) { last_self = self; return shown(text); }
Ci_Py_TYPED_SIGNATURE(default_wrong, Ci_Py_SIG_OBJECT, &wrong_str, NULL);
static PyObject *required_first(PyObject *self, PyObject *a, PyObject *b) {
    last_self = self;
    calls++;
    return PyTuple_Pack(2, a, b);
}
Ci_Py_TYPED_SIGNATURE(required_first, Ci_Py_SIG_OBJECT, &Ci_Py_Sig_String, &Ci_Py_Sig_Object_Opt, NULL);

/* --- Results --- */

static void nothing(PyObject *self) { last_self = self; calls++; }
Ci_Py_TYPED_SIGNATURE(nothing, Ci_Py_SIG_VOID, NULL);
static void keep_nothing(PyObject *self, PyObject *object) { last_self = self; last_object = object; calls++; }
Ci_Py_TYPED_SIGNATURE(keep_nothing, Ci_Py_SIG_VOID, &Ci_Py_Sig_Object, NULL);
static Py_ssize_t error(PyObject *self, Py_ssize_t value) {
    last_self = self;
    calls++;
    if (value != 0) PyErr_Format(PyExc_KeyError, "%zd", value);
    return value;
}
Ci_Py_TYPED_SIGNATURE(error, Ci_Py_SIG_ERROR, &Ci_Py_Sig_SSIZET, NULL);
static int no_error(PyObject *self) { last_self = self; calls++; return 0; }
Ci_Py_TYPED_SIGNATURE(no_error, Ci_Py_SIG_ERROR, NULL);
static PyObject *fail(PyObject *self) {
    last_self = self;
    calls++;
    PyErr_SetString(PyExc_LookupError, "by a null pointer");
    return NULL;
}
Ci_Py_TYPED_SIGNATURE(fail, Ci_Py_SIG_OBJECT, NULL);
static int64_t minus_one(PyObject *self) { last_self = self; calls++; return -1; }
Ci_Py_TYPED_SIGNATURE(minus_one, Ci_Py_SIG_INT64, NULL);

/* --- Many --- */

static int64_t sum2(PyObject *self, int64_t a, int64_t b) { last_self = self; calls++; return a + b; }
Ci_Py_TYPED_SIGNATURE(sum2, Ci_Py_SIG_INT64, &Ci_Py_Sig_INT64, &Ci_Py_Sig_INT64, NULL);
static PyObject *eight(PyObject *self, int8_t a, uint16_t b, PyObject *c, int64_t d, uint64_t e, PyObject *f, uint8_t g,
                       int32_t h) {
    last_self = self;
    calls++;
    return Py_BuildValue("(iiOLKOii)", (int)a, (int)b, c, (long long)d, (unsigned long long)e, f, (int)g, (int)h);
}
Ci_Py_TYPED_SIGNATURE(eight, Ci_Py_SIG_OBJECT, &Ci_Py_Sig_INT8, &Ci_Py_Sig_UINT16, &Ci_Py_Sig_Object, &Ci_Py_Sig_INT64,
                      &Ci_Py_Sig_UINT64, &Ci_Py_Sig_String, &Ci_Py_Sig_UINT8, &Ci_Py_Sig_INT32, NULL);

/* --- What the tests ask --- */

static PyObject *seen(PyObject *module, PyObject *unused) {
    PyObject *self = last_self == NULL ? Py_None : last_self;
    (void)module;
    (void)unused;
    return Py_BuildValue("(OL)", self, calls);
}

#define TYPED(name, flags) {#name, (PyCFunction)&name##_def, Ci_METH_TYPED | flags, PyDoc_STR("About " #name ".")}

static PyMethodDef functions[] = {
    TYPED(echo_int8, 0), TYPED(echo_int16, 0), TYPED(echo_int32, 0), TYPED(echo_int64, 0),
    TYPED(echo_uint8, 0), TYPED(echo_uint16, 0), TYPED(echo_uint32, 0), TYPED(echo_uint64, 0),
    TYPED(echo_ssize, 0), TYPED(echo_size, 0), TYPED(echo_object, 0), TYPED(echo_str, 0),
    TYPED(maybe_object, 0), TYPED(maybe_str, 0), TYPED(null_object, 0), TYPED(null_str, 0),
    TYPED(default_int, 0), TYPED(default_of_three, 0), TYPED(default_wrong, 0), TYPED(required_first, 0),
    TYPED(nothing, 0), TYPED(keep_nothing, 0), TYPED(error, 0), TYPED(no_error, 0), TYPED(fail, 0), TYPED(minus_one, 0),
    TYPED(sum2, 0), TYPED(eight, 0),
    {"seen", seen, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef added_functions[] = {
    {"added", (PyCFunction)&sum2_def, Ci_METH_TYPED, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef methods[] = {
    TYPED(echo_int64, 0), TYPED(echo_object, 0), TYPED(maybe_object, 0), TYPED(null_str, 0), TYPED(default_of_three, 0),
    TYPED(nothing, 0), TYPED(error, 0), TYPED(sum2, 0),
    {"of_class", (PyCFunction)&echo_int64_def, Ci_METH_TYPED | METH_CLASS, NULL},
    {"of_class_two", (PyCFunction)&sum2_def, Ci_METH_TYPED | METH_CLASS, NULL},
    {"of_nobody", (PyCFunction)&sum2_def, Ci_METH_TYPED | METH_STATIC, NULL},
    {"__len__", (PyCFunction)&minus_one_def, Ci_METH_TYPED | METH_COEXIST, NULL},
    {NULL, NULL, 0, NULL},
};

static Py_ssize_t length(PyObject *self) { (void)self; return 3; }
static PySequenceMethods sequence = {.sq_length = length};

static PyTypeObject Spam_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = TEXT(MODULE) ".Spam",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_as_sequence = &sequence,
    .tp_methods = methods,
};

/* CPython makes its base ready itself. */
static PyTypeObject Derived_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = TEXT(MODULE) ".Derived",
    .tp_base = &Spam_Type,
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

/* A heap type, of a table of its own. */
static PyMethodDef heap_methods[] = {
    TYPED(echo_str, 0),
    {"of_class", (PyCFunction)&echo_int8_def, Ci_METH_TYPED | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot heap_slots[] = {{Py_tp_methods, heap_methods}, {0, NULL}};
static PyType_Spec heap_spec = {TEXT(MODULE) ".Heap", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, heap_slots};

static int fill(PyObject *module) {
    seven.se_default_value = PyLong_FromLong(7);
    if (seven.se_default_value == NULL || PyType_Ready(&Derived_Type) < 0) return -1;
    PyObject *heap = PyType_FromSpec(&heap_spec);
    if (heap == NULL || PyModule_AddObject(module, "Heap", heap) < 0) return -1;
    Py_INCREF(&Spam_Type);
    if (PyModule_AddObject(module, "Spam", (PyObject *)&Spam_Type) < 0) return -1;
    return PyModule_AddFunctions(module, added_functions);
}

#ifdef TWO_PHASES
static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)fill}, {0, NULL}};
#endif

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT, TEXT(MODULE), NULL, 0, functions,
#ifdef TWO_PHASES
    slots,
#else
    NULL,
#endif
    NULL, NULL, NULL,
};

PyMODINIT_FUNC JOIN(PyInit_, MODULE)(void) {
#ifdef TWO_PHASES
    return PyModuleDef_Init(&module_def);
#else
    PyObject *module = PyModule_Create(&module_def);
    if (module != NULL && fill(module) < 0) Py_CLEAR(module);
    return module;
#endif
}
