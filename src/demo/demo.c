/* The extension of the demo: a few functions as an extension author writes them, each with a line that says what its
 * underlying function is. */
#define PY_SSIZE_T_CLEAN
#ifndef TYPEDCALL_SET_FLAG
#define TYPEDCALL_SET_FLAG
#endif
#include <Python.h>
#include <string.h>

#include "typedcall.h"

/* noop(x) -> None: object -> None */

static PyObject *noop_impl(PyObject *x) {
    (void)x;
    Py_RETURN_NONE;
}

static PyObject *noop(PyObject *self, PyObject *x) {
    (void)self;
    return noop_impl(x);
}

TYPEDCALL_METHOD(noop, noop_impl, TYPEDCALL_RESULT(NONE, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, x));

/* inc(x): long -> long */

static int64_t inc_impl(int64_t x) { return (int64_t)((uint64_t)x + 1); }

static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(inc_impl(x));
}

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_PURE),
                 TYPEDCALL_ARG(I64, x));

/* add(a, b): double x double -> double */

static double add_impl(double a, double b) { return a + b; }

static PyObject *add(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "add expected 2 arguments, got %zd", nargs);
    double a = PyFloat_AsDouble(args[0]);
    if (a == -1.0 && PyErr_Occurred()) return NULL;
    double b = PyFloat_AsDouble(args[1]);
    if (b == -1.0 && PyErr_Occurred()) return NULL;
    return PyFloat_FromDouble(add_impl(a, b));
}

TYPEDCALL_METHOD(add, add_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_PURE),
                 TYPEDCALL_ARG(F64, a), TYPEDCALL_ARG(F64, b));

/* obj(o, n): object x long -> long */

static int64_t obj_impl(PyObject *o, int64_t n) { return (int64_t)((uint64_t)n + (o == Py_None)); }

static PyObject *obj(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "obj expected 2 arguments, got %zd", nargs);
    long n = PyLong_AsLong(args[1]);
    if (n == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(obj_impl(args[0], n));
}

TYPEDCALL_METHOD(obj, obj_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, o),
                 TYPEDCALL_ARG(I64, n));

/* half(x): long -> long, raises ValueError for odd numbers */

static int64_t half_impl(int64_t x) {
    if (x % 2 != 0) {
        PyErr_SetString(PyExc_ValueError, "half of an odd number");
        return -1;
    }
    return x / 2;
}

static PyObject *half(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    long result = half_impl(x);
    if (result == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(result);
}

TYPEDCALL_METHOD(half, half_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

/* thread(): the number of the calling thread, which the context knows */

static uint64_t thread_impl(typedcall_context *context) {
    return PyThreadState_GetID((PyThreadState *)context->thread_state);
}

static PyObject *thread(PyObject *self, PyObject *unused) {
    (void)self;
    (void)unused;
    typedcall_context context = typedcall_context_here();
    return PyLong_FromUnsignedLongLong(thread_impl(&context));
}

TYPEDCALL_METHOD(thread, thread_impl, TYPEDCALL_RESULT(U64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_CONTEXT);

/* Where the underlying functions are, for who wants to call them without asking any metadata; null for other names. */

typedef void (*typedcall_demo_function)(void);

__attribute__((visibility("default"))) typedcall_demo_function typedcall_demo_underlying(const char *name);

typedcall_demo_function typedcall_demo_underlying(const char *name) {
    if (strcmp(name, "noop") == 0) return (typedcall_demo_function)noop_impl;
    if (strcmp(name, "inc") == 0) return (typedcall_demo_function)inc_impl;
    if (strcmp(name, "add") == 0) return (typedcall_demo_function)add_impl;
    if (strcmp(name, "obj") == 0) return (typedcall_demo_function)obj_impl;
    if (strcmp(name, "half") == 0) return (typedcall_demo_function)half_impl;
    if (strcmp(name, "thread") == 0) return (typedcall_demo_function)thread_impl;
    return NULL;
}

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(noop, noop, METH_O, "noop(x)\n--\n\nDoes nothing."),
    TYPEDCALL_DEF(inc, inc, METH_O, "inc(x)\n--\n\nOne more than x, modulo 2**64."),
    TYPEDCALL_DEF(add, add, METH_FASTCALL, "add(a, b)\n--\n\nThe sum of two floats."),
    TYPEDCALL_DEF(obj, obj, METH_FASTCALL, "obj(o, n)\n--\n\nn, and one more where o is None."),
    TYPEDCALL_DEF(half, half, METH_O, "half(x)\n--\n\nHalf of an even number."),
    TYPEDCALL_DEF(thread, thread, METH_NOARGS, "thread()\n--\n\nThe number of the calling thread."),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "typedcall_demo", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_typedcall_demo(void) { return PyModule_Create(&module); }
