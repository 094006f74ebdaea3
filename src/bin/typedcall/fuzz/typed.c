/* Typed methods for the random programs of `typedcall fuzz`: of every error convention, of numbers, objects and strings, with
 * ranges that ints may leave, and one that runs Python code. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "typedcall.h"

/* One more, modulo 2**64. */
static int64_t inc_impl(int64_t x) { return (int64_t)((uint64_t)x + 1); }

static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(inc_impl(x));
}

/* The sum. */
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

/* Half of an even number. */
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

/* The number, and one more if the object is None. */
static int64_t count_impl(PyObject *object, int64_t n) { return (int64_t)((uint64_t)n + (object == Py_None)); }

static PyObject *count(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "count expected 2 arguments, got %zd", count);
    long n = PyLong_AsLong(args[1]);
    if (n == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(count_impl(args[0], n));
}

/* The object itself. */
static PyObject *same_impl(PyObject *object) {
    Py_INCREF(object);
    return object;
}

static PyObject *same(PyObject *self, PyObject *arg) {
    (void)self;
    return same_impl(arg);
}

/* The object itself, unless it is None. */
static PyObject *some_impl(PyObject *object) {
    if (object == Py_None) {
        PyErr_SetString(PyExc_LookupError, "nothing");
        return NULL;
    }
    Py_INCREF(object);
    return object;
}

static PyObject *some(PyObject *self, PyObject *arg) {
    (void)self;
    return some_impl(arg);
}

/* One more, up to three. */
static int64_t next_impl(int64_t x) {
    if (x >= 3) {
        PyErr_SetNone(PyExc_StopIteration);
        return -1;
    }
    return x + 1;
}

static PyObject *next(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    long result = next_impl(x);
    if (result == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(result);
}

/* The number, in 32 bits. */
static int32_t word_impl(int32_t x) { return x; }

static PyObject *word(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    if (x != (int32_t)x) return PyErr_Format(PyExc_OverflowError, "%ld has more than 32 bits", x);
    return PyLong_FromLong(word_impl((int32_t)x));
}

/* The unsigned number, with all bits turned. */
static uint64_t turned_impl(uint64_t x) { return ~x; }

static PyObject *turned(PyObject *self, PyObject *arg) {
    (void)self;
    unsigned long x = PyLong_AsUnsignedLong(arg);
    if (x == (unsigned long)-1 && PyErr_Occurred()) return NULL;
    return PyLong_FromUnsignedLong(turned_impl(x));
}

/* Whether the number is negative. */
static bool negative_impl(double x) { return x < 0; }

static PyObject *negative(PyObject *self, PyObject *arg) {
    (void)self;
    double x = PyFloat_AsDouble(arg);
    if (x == -1.0 && PyErr_Occurred()) return NULL;
    return PyBool_FromLong(negative_impl(x));
}

/* The length of the text in UTF-8. */
static int64_t size_impl(const char *text, Py_ssize_t length) {
    (void)text;
    return length;
}

static PyObject *size(PyObject *self, PyObject *arg) {
    (void)self;
    if (!PyUnicode_Check(arg)) return PyErr_Format(PyExc_TypeError, "size expected a str, got %s", Py_TYPE(arg)->tp_name);
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(arg, &length);
    if (text == NULL) return NULL;
    return PyLong_FromLong(size_impl(text, length));
}

/* What the callable returns. */
static PyObject *call_impl(PyObject *callable) { return PyObject_CallNoArgs(callable); }

static PyObject *call(PyObject *self, PyObject *arg) {
    (void)self;
    return call_impl(arg);
}

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(add, add_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(F64, a),
                 TYPEDCALL_ARG(F64, b));
TYPEDCALL_METHOD(half, half_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(count, count_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, object),
                 TYPEDCALL_ARG(I64, n));
TYPEDCALL_METHOD(same, same_impl, TYPEDCALL_RESULT(OBJECT, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, object));
TYPEDCALL_METHOD(some, some_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, object));
TYPEDCALL_METHOD(next, next_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(word, word_impl, TYPEDCALL_RESULT(I32, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I32, x));
TYPEDCALL_METHOD(turned, turned_impl, TYPEDCALL_RESULT(U64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(U64, x));
TYPEDCALL_METHOD(negative, negative_impl, TYPEDCALL_RESULT(CBOOL, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(F64, x));
TYPEDCALL_METHOD(size, size_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(CSTR, text));
TYPEDCALL_METHOD(call, call_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG(OBJECT, callable));

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, inc, METH_O, NULL),           TYPEDCALL_DEF(add, add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(half, half, METH_O, NULL),         TYPEDCALL_DEF(count, count, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(same, same, METH_O, NULL),         TYPEDCALL_DEF(some, some, METH_O, NULL),
    TYPEDCALL_DEF(next, next, METH_O, NULL),         TYPEDCALL_DEF(word, word, METH_O, NULL),
    TYPEDCALL_DEF(turned, turned, METH_O, NULL),     TYPEDCALL_DEF(negative, negative, METH_O, NULL),
    TYPEDCALL_DEF(size, size, METH_O, NULL),         TYPEDCALL_DEF(call, call, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "typedcall_fuzz_typed", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_typedcall_fuzz_typed(void) { return PyModule_Create(&module); }
