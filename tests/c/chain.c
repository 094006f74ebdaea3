/* Typed functions to call in chains, and the same chains in C. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "typedcall.h"

/* So often was an underlying function called, and so often a wrapper. */
static long underlying_calls, wrapper_calls;

/* add(a, b), mul(a, b): what a typed extension has, apart from counting calls below */

static double add_impl(double a, double b) { return a + b; }
static double mul_impl(double a, double b) { return a * b; }
static double count_add_impl(double a, double b) { underlying_calls++; return a + b; }
static double count_mul_impl(double a, double b) { underlying_calls++; return a * b; }

#define WRAPPER(name)                                                                                                  \
    static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {                                   \
        (void)self;                                                                                                    \
        wrapper_calls++;                                                                                               \
        if (nargs != 2) return PyErr_Format(PyExc_TypeError, #name " expected 2 arguments, got %zd", nargs);           \
        double a = PyFloat_AsDouble(args[0]);                                                                          \
        if (a == -1.0 && PyErr_Occurred()) return NULL;                                                                \
        double b = PyFloat_AsDouble(args[1]);                                                                          \
        if (b == -1.0 && PyErr_Occurred()) return NULL;                                                                \
        return PyFloat_FromDouble(name##_impl(a, b));                                                                  \
    }                                                                                                                  \
    TYPEDCALL_METHOD(name, name##_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_PURE),            \
                     TYPEDCALL_ARG(F64, a), TYPEDCALL_ARG(F64, b))

WRAPPER(add);
WRAPPER(mul);
WRAPPER(count_add);
WRAPPER(count_mul);

/* half(x): raises ValueError for odd numbers */

static int64_t half_impl(int64_t x) {
    if (x % 2) {
        PyErr_Format(PyExc_ValueError, "%lld is odd", (long long)x);
        return -1;
    }
    return x / 2;
}

static PyObject *half(PyObject *self, PyObject *arg) {
    (void)self;
    wrapper_calls++;
    int64_t x = PyLong_AsLongLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    int64_t result = half_impl(x);
    if (result == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLongLong(result);
}

TYPEDCALL_METHOD(half, half_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

/* after(f, x): calls f(), then gives x */

static int64_t after_impl(PyObject *f, int64_t x) {
    underlying_calls++;
    PyObject *result = PyObject_CallNoArgs(f);
    if (!result) return -1;
    Py_DECREF(result);
    return x;
}

static PyObject *after(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    wrapper_calls++;
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "after expected 2 arguments, got %zd", nargs);
    int64_t x = PyLong_AsLongLong(args[1]);
    if (x == -1 && PyErr_Occurred()) return NULL;
    int64_t result = after_impl(args[0], x);
    if (result == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLongLong(result);
}

TYPEDCALL_METHOD(after, after_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, 0), TYPEDCALL_ARG(OBJECT, f), TYPEDCALL_ARG(I64, x));

/* counts(): how often underlying functions and wrappers were called since the last time */

static PyObject *counts(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    PyObject *result = Py_BuildValue("ll", underlying_calls, wrapper_calls);
    underlying_calls = wrapper_calls = 0;
    return result;
}

/* The chain of five calls in C, through pointers that the compiler knows nothing of: on objects, and on numbers. */

static double (*volatile opaque_add)(double, double) = add_impl;
static double (*volatile opaque_mul)(double, double) = mul_impl;

static double chain_numbers(double a, double b, double c) {
    double (*add)(double, double) = opaque_add, (*mul)(double, double) = opaque_mul;
    return mul(add(mul(add(mul(a, b), c), a), b), c);
}

static PyObject *chain_objects(PyObject *const *args) {
    if (!PyFloat_CheckExact(args[0]) || !PyFloat_CheckExact(args[1]) || !PyFloat_CheckExact(args[2])) return NULL;
    double a = PyFloat_AS_DOUBLE(args[0]), b = PyFloat_AS_DOUBLE(args[1]), c = PyFloat_AS_DOUBLE(args[2]);
    return PyFloat_FromDouble(chain_numbers(a, b, c));
}

/* Loops that call such a chain, so that each way pays for the same loop. */

typedef PyObject *(*objects)(PyObject *const *);
typedef double (*numbers)(double, double, double);

__attribute__((visibility("default"))) int run_objects(objects chain, PyObject *const *args, long rounds);
__attribute__((visibility("default"))) double run_numbers(numbers chain, double a, double b, double c, long rounds);

int run_objects(objects chain, PyObject *const *args, long rounds) {
    for (long i = 0; i < rounds; i++) {
        PyObject *result = chain(args);
        if (!result) return -1;
        Py_DECREF(result);
    }
    return 0;
}

double run_numbers(numbers chain, double a, double b, double c, long rounds) {
    double sum = 0;
    for (long i = 0; i < rounds; i++) sum += chain(a, b, c);
    return sum;
}

static PyObject *addresses(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    return Py_BuildValue("nnnn", (Py_ssize_t)run_objects, (Py_ssize_t)chain_objects, (Py_ssize_t)run_numbers,
                         (Py_ssize_t)chain_numbers);
}

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(add, add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(mul, mul, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(count_add, count_add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(count_mul, count_mul, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(half, half, METH_O, NULL),
    TYPEDCALL_DEF(after, after, METH_FASTCALL, NULL),
    {"counts", counts, METH_NOARGS, NULL},
    {"addresses", addresses, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "chain", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_chain(void) { return PyModule_Create(&module); }
