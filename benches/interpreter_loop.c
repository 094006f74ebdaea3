/* One function, four times in a method table: without metadata, with it, flagged, and flagged to be adopted. Others, of
   other kinds and conventions, with metadata. */
#include <Python.h>

#include "typedcall.h"

static int64_t inc_impl(int64_t x) { return (int64_t)((uint64_t)x + 1); }

static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(inc_impl(x));
}

TYPEDCALL_METHOD(unflagged, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(flagged, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(adopted, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

static double add_impl(double a, double b) { return a + b; }

static PyObject *add(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "add expected 2 arguments, got %zd", count);
    double a = PyFloat_AsDouble(args[0]);
    if (a == -1.0 && PyErr_Occurred()) return NULL;
    double b = PyFloat_AsDouble(args[1]);
    if (b == -1.0 && PyErr_Occurred()) return NULL;
    return PyFloat_FromDouble(add_impl(a, b));
}

static int64_t takes_object_impl(PyObject *object, int64_t i) {
    (void)object;
    return (int64_t)((uint64_t)i + 1);
}

static PyObject *takes_object(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "takes_object expected 2 arguments, got %zd", count);
    long i = PyLong_AsLong(args[1]);
    if (i == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(takes_object_impl(args[0], i));
}

static int64_t length_impl(const char *text, Py_ssize_t length) {
    (void)text;
    return length;
}

static PyObject *length(PyObject *self, PyObject *arg) {
    (void)self;
    Py_ssize_t length;
    const char *text = PyUnicode_Check(arg) ? PyUnicode_AsUTF8AndSize(arg, &length) : NULL;
    if (text == NULL) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "length() argument must be str");
    if (strlen(text) != (size_t)length) return PyErr_Format(PyExc_ValueError, "embedded null character");
    return PyLong_FromLongLong(length_impl(text, length));
}

#define PURE(kind) TYPEDCALL_RESULT(kind, NEVER, TYPEDCALL_NO_PYTHON)
TYPEDCALL_METHOD(add, add_impl, PURE(F64), TYPEDCALL_ARG(F64, a), TYPEDCALL_ARG(F64, b));
TYPEDCALL_METHOD(takes_object, takes_object_impl, PURE(I64), TYPEDCALL_ARG(OBJECT, object), TYPEDCALL_ARG(I64, i));
TYPEDCALL_METHOD(length, length_impl, PURE(I64), TYPEDCALL_ARG(CSTR, text));

static PyMethodDef methods[] = {
    {"plain", inc, METH_O, NULL},
    TYPEDCALL_DEF(unflagged, inc, METH_O, NULL),
    TYPEDCALL_DEF(flagged, inc, METH_O | TYPEDCALL_METH_TYPED, NULL),
    TYPEDCALL_DEF(adopted, inc, METH_O | TYPEDCALL_METH_TYPED, NULL),
    TYPEDCALL_DEF(add, (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(takes_object, (PyCFunction)(void (*)(void))takes_object, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(length, length, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "interpreter_loop", NULL, -1, methods, NULL, NULL, NULL,
                                    NULL};

PyMODINIT_FUNC PyInit_interpreter_loop(void) { return PyModule_Create(&module); }
