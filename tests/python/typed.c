/* An extension with typed methods of every kind that Python code meets: functions, methods, class and static ones. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "typedcall.h"

#define QUOTE(text) #text
#define NAME_OF(module) QUOTE(module)
#define MODULE_NAME NAME_OF(MODULE)
#define JOIN(a, b) a##b
#define INIT_OF(module) JOIN(PyInit_, module)

static int64_t inc_impl(int64_t x) { return (int64_t)((uint64_t)x + 1); }
static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    long long x = PyLong_AsLongLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(inc_impl(x));
}
TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

/* The same, without the GIL. */
TYPEDCALL_METHOD(inc_nogil, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_NOGIL),
                 TYPEDCALL_ARG(I64, x));

static double add_impl(double a, double b) { return a + b; }
static PyObject *add(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count != 2) {
        PyErr_Format(PyExc_TypeError, "add expected 2 arguments, got %zd", count);
        return NULL;
    }
    double a = PyFloat_AsDouble(args[0]), b = a == -1.0 && PyErr_Occurred() ? a : PyFloat_AsDouble(args[1]);
    return b == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(add_impl(a, b));
}
TYPEDCALL_METHOD(add, add_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(F64, a),
                 TYPEDCALL_ARG(F64, b));

static int64_t half_impl(int64_t x) {
    if (x % 2 == 0) return x / 2;
    PyErr_Format(PyExc_ValueError, "%lld is odd", (long long)x);
    return -1;
}
static PyObject *half(PyObject *self, PyObject *arg) {
    (void)self;
    long long x = PyLong_AsLongLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    x = half_impl(x);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(x);
}
TYPEDCALL_METHOD(half, half_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, 0), TYPEDCALL_ARG(I64, x));

static PyObject *same_impl(PyObject *x) { return Py_NewRef(x); }
static PyObject *same(PyObject *self, PyObject *arg) {
    (void)self;
    return same_impl(arg);
}
TYPEDCALL_METHOD(same, same_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, x));

static PyObject *untyped(PyObject *self, PyObject *arg) { return same(self, arg); }

/* ---- A class ---- */

static PyObject *paired_impl(PyObject *self, int64_t x) { return Py_BuildValue("(OL)", self, (long long)x); }
static PyObject *paired(PyObject *self, PyObject *arg) {
    long long x = PyLong_AsLongLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : paired_impl(self, x);
}
TYPEDCALL_METHOD(paired, paired_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF,
                 TYPEDCALL_ARG(I64, x));

/* The same for a class. */
TYPEDCALL_METHOD(made, paired_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF,
                 TYPEDCALL_ARG(I64, x));

/* A method that is told which class defines it, and whose functions are of a type of their own. */
static int64_t twice_impl(int64_t x) { return (int64_t)((uint64_t)x * 2); }
static PyObject *twice(PyObject *self, PyTypeObject *defining, PyObject *const *args, Py_ssize_t count,
                       PyObject *names) {
    (void)self, (void)defining;
    if (count != 1 || names != NULL) {
        PyErr_SetString(PyExc_TypeError, "twice expected 1 argument");
        return NULL;
    }
    long long x = PyLong_AsLongLong(args[0]);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(twice_impl(x));
}
TYPEDCALL_METHOD(twice, twice_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

static PyMethodDef thing_methods[] = {
    TYPEDCALL_DEF(paired, paired, METH_O, "paired($self, x, /)\n--\n\nThe receiver and a number."),
    TYPEDCALL_DEF(made, paired, METH_O | METH_CLASS, "made($type, x, /)\n--\n\nThe class and a number."),
    TYPEDCALL_DEF(twice, (PyCFunction)(void (*)(void))twice, METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
                  "twice($self, x, /)\n--\n\nTwo times x."),
    TYPEDCALL_DEF(inc, inc, METH_O | METH_STATIC, "inc(x, /)\n--\n\nOne more than x."),
    {NULL, NULL, 0, NULL},
};

/* ---- The module ---- */

#ifdef DAMAGED
/* Metadata of a version that there is not: the method works as it did. */
static const struct {
    typedcall_head head;
    char name[8];
} damaged = {{typedcall_signatures_inc, 1, 0, TYPEDCALL_MAGIC, 99, 40, &damaged}, "damaged"};
#endif

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, inc, METH_O, "inc(x, /)\n--\n\nOne more than x."),
    TYPEDCALL_DEF(add, (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(half, half, METH_O, NULL),
    TYPEDCALL_DEF(inc_nogil, inc, METH_O, NULL),
    TYPEDCALL_DEF(same, same, METH_O, NULL),
    {"untyped", untyped, METH_O, NULL},
#ifdef DAMAGED
    {damaged.name, inc, METH_O, NULL},
#endif
    {NULL, NULL, 0, NULL},
};

static PyType_Slot thing_slots[] = {{Py_tp_methods, thing_methods}, {0, NULL}};
static PyType_Spec thing = {MODULE_NAME ".Thing", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, thing_slots};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC INIT_OF(MODULE)(void);
PyMODINIT_FUNC INIT_OF(MODULE)(void) {
    PyObject *module = PyModule_Create(&definition), *type = PyType_FromSpec(&thing);
    if (module != NULL && (type == NULL || PyModule_AddObjectRef(module, "Thing", type) < 0)) Py_CLEAR(module);
    Py_XDECREF(type);
    return module;
}
