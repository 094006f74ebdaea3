/* Methods of several overloads, whose wrapper counts its calls: a stub that takes the right overload does not call it. */
#include <Python.h>
#include <stdint.h>

#include "typedcall.h"

static long wrapper_calls;

static int64_t int_impl(int64_t x) { return x ^ 1; }
static double float_impl(double x) { return -x; }
static PyObject *text_impl(PyObject *x) { return PyUnicode_Concat(x, x); }
static double sum_impl(int64_t x, double y) { return (double)x + y; }

#define QUIET TYPEDCALL_NO_PYTHON
TYPEDCALL_SIGNATURE(of_int, int_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(of_float, float_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_SIGNATURE(of_text, text_impl, TYPEDCALL_RESULT(STR, NULL, QUIET), TYPEDCALL_ARG_UNNAMED(STR));
TYPEDCALL_SIGNATURE(of_two, sum_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG_UNNAMED(I64),
                    TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_OVERLOADS(flip, "flip", TYPEDCALL_OF(of_int), TYPEDCALL_OF(of_float), TYPEDCALL_OF(of_text));
TYPEDCALL_OVERLOADS(float_first, "float_first", TYPEDCALL_OF(of_float), TYPEDCALL_OF(of_int), TYPEDCALL_OF(of_text));
TYPEDCALL_OVERLOADS(by_count, "by_count", TYPEDCALL_OF(of_two), TYPEDCALL_OF(of_int), TYPEDCALL_OF(of_float));

static int64_t own_int_impl(PyObject *self, int64_t x) { (void)self; return int_impl(x); }
static double own_float_impl(PyObject *self, double x) { (void)self; return float_impl(x); }
TYPEDCALL_SIGNATURE(own_int, own_int_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_SELF, TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(own_float, own_float_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_SELF,
                    TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_OVERLOADS(same, "same", TYPEDCALL_OF(own_int), TYPEDCALL_OF(own_float));

/* Overloads that only the name of an argument tells apart, or does not. */
static PyObject *named_int(int64_t x) { return PyUnicode_FromFormat("int %lld", (long long)x); }
static PyObject *named_float(double x) { return PyUnicode_FromFormat("float %d", (int)x); }
#define TEXT TYPEDCALL_RESULT(STR, NULL, QUIET)
#define NAMED(kind, name) TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_KEYWORD_ONLY, 0, name, NULL, 0, 0, NULL)
TYPEDCALL_SIGNATURE(float_x, named_float, TEXT, NAMED(F64, "x"));
TYPEDCALL_SIGNATURE(int_x, named_int, TEXT, NAMED(I64, "x"));
TYPEDCALL_SIGNATURE(int_y, named_int, TEXT, NAMED(I64, "y"));
TYPEDCALL_OVERLOADS(apart, "apart", TYPEDCALL_OF(float_x), TYPEDCALL_OF(int_y));
TYPEDCALL_OVERLOADS(alike, "alike", TYPEDCALL_OF(float_x), TYPEDCALL_OF(int_x));
static PyObject *named_method(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    (void)self;
    wrapper_calls++;
    if (nargs != 0 || names == NULL || PyTuple_GET_SIZE(names) != 1) {
        return PyErr_Format(PyExc_TypeError, "one argument by name");
    }
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "y") == 0) {
        long long y = PyLong_AsLongLong(args[0]);
        return y == -1 && PyErr_Occurred() ? NULL : named_int(y);
    }
    double x = PyFloat_AsDouble(args[0]);
    return x == -1.0 && PyErr_Occurred() ? NULL : named_float(x);
}

/* In the order of the overloads, with CPython's own conversions. */
static PyObject *as_int(PyObject *x) {
    long long value = PyLong_AsLongLong(x);
    return value == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(int_impl(value));
}
static PyObject *as_float(PyObject *x) {
    double value = PyFloat_AsDouble(x);
    return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(float_impl(value));
}
/* Whether the next overload is to be tried. */
static int refused(PyObject *result) {
    if (result != NULL || !PyErr_ExceptionMatches(PyExc_TypeError)) return 0;
    PyErr_Clear();
    return 1;
}
static PyObject *as_text(PyObject *x) {
    if (PyUnicode_Check(x)) return text_impl(x);
    return PyErr_Format(PyExc_TypeError, "no overload takes %R", x);
}

static PyObject *flip_method(PyObject *self, PyObject *x) {
    (void)self;
    wrapper_calls++;
    PyObject *result = as_int(x);
    if (refused(result)) result = as_float(x);
    return refused(result) ? as_text(x) : result;
}
static PyObject *float_first_method(PyObject *self, PyObject *x) {
    (void)self;
    wrapper_calls++;
    PyObject *result = as_float(x);
    return refused(result) ? as_text(x) : result;
}
static PyObject *by_count_method(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    wrapper_calls++;
    if (nargs == 1) {
        PyObject *result = as_int(args[0]);
        return refused(result) ? as_float(args[0]) : result;
    }
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "by_count() takes 1 or 2 arguments, not %zd", nargs);
    long long x = PyLong_AsLongLong(args[0]);
    if (x == -1 && PyErr_Occurred()) return NULL;
    double y = PyFloat_AsDouble(args[1]);
    return y == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(sum_impl(x, y));
}
static PyObject *calls(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    return PyLong_FromLong(wrapper_calls);
}

static PyMethodDef same_methods[] = {TYPEDCALL_DEF(same, flip_method, METH_O, NULL), {NULL, NULL, 0, NULL}};
static PyType_Slot slots[] = {{Py_tp_methods, same_methods}, {0, NULL}};
static PyType_Spec spec = {"overloads.Flipper", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(flip, flip_method, METH_O, NULL),
    TYPEDCALL_DEF(float_first, float_first_method, METH_O, NULL),
    TYPEDCALL_DEF(apart, (PyCFunction)(void (*)(void))named_method, METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(alike, (PyCFunction)(void (*)(void))named_method, METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(by_count, by_count_method, METH_FASTCALL, NULL),
    {"calls", calls, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "overloads", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_overloads(void) {
    PyObject *module = PyModule_Create(&definition);
    PyObject *type = module == NULL ? NULL : PyType_FromSpec(&spec);
    if (type == NULL || PyModule_AddObject(module, "Flipper", type) < 0) {
        Py_XDECREF(type);
        Py_CLEAR(module);
    }
    return module;
}
