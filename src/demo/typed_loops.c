/* Typed methods that Python loops call, and the same loops in C, which call the same functions through pointers that the
 * compiler knows nothing of. */
#include <Python.h>

#include "typedcall.h"

/* Where inc_or_stop raises StopIteration. */
#define STOP 10000000

static int64_t inc_impl(int64_t x) { return (int64_t)((uint64_t)x + 1); }

static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(inc_impl(x));
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

static PyObject *same_impl(PyObject *object) {
    Py_INCREF(object);
    return object;
}

static PyObject *same(PyObject *self, PyObject *arg) {
    (void)self;
    return same_impl(arg);
}

static int64_t inc_or_stop_impl(int64_t x) {
    if (x < STOP) return x + 1;
    PyErr_SetNone(PyExc_StopIteration);
    return -1;
}

static PyObject *inc_or_stop(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    int64_t result = inc_or_stop_impl(x);
    if (result == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(result);
}

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(takes_object, takes_object_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_ARG(OBJECT, object), TYPEDCALL_ARG(I64, i));
TYPEDCALL_METHOD(same, same_impl, TYPEDCALL_RESULT(OBJECT, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, object));
TYPEDCALL_METHOD(same_may_raise, same_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_ARG(OBJECT, object));
TYPEDCALL_METHOD(inc_or_stop, inc_or_stop_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_ARG(I64, x));

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, inc, METH_O, NULL),
    TYPEDCALL_DEF(takes_object, (PyCFunction)(void (*)(void))takes_object, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(same, same, METH_O, NULL),
    TYPEDCALL_DEF(same_may_raise, same, METH_O, NULL),
    TYPEDCALL_DEF(inc_or_stop, inc_or_stop, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};

static int64_t (*volatile call_inc)(int64_t) = inc_impl;
static int64_t (*volatile call_takes_object)(PyObject *, int64_t) = takes_object_impl;
static PyObject *(*volatile call_same)(PyObject *) = same_impl;
static int64_t (*volatile call_inc_or_stop)(int64_t) = inc_or_stop_impl;

#define EXPORT __attribute__((visibility("default"), noinline))

EXPORT int64_t loop_inc(PyObject *object, int64_t n) {
    (void)object;
    int64_t (*f)(int64_t) = call_inc, i = 0;
    while (i < n) i = f(i);
    return i;
}

EXPORT int64_t loop_obj(PyObject *object, int64_t n) {
    int64_t (*f)(PyObject *, int64_t) = call_takes_object, i = 0;
    while (i < n) i = f(object, i);
    return i;
}

EXPORT int64_t loop_same(PyObject *object, int64_t n) {
    PyObject *(*f)(PyObject *) = call_same;
    int64_t i = 0;
    for (; i < n; i++) Py_DECREF(f(object));
    return i;
}

EXPORT int64_t loop_same_raise(PyObject *object, int64_t n) {
    PyObject *(*f)(PyObject *) = call_same;
    int64_t i = 0;
    for (; i < n; i++) {
        PyObject *result = f(object);
        if (result == NULL) return -1;
        Py_DECREF(result);
    }
    return i;
}

EXPORT int64_t loop_exc(PyObject *object, int64_t n) {
    (void)object;
    int64_t (*f)(int64_t) = call_inc_or_stop, i = STOP - n;
    for (;;) {
        int64_t next = f(i);
        if (next == -1 && PyErr_Occurred()) break;
        i = next;
    }
    PyErr_Clear();
    return i;
}

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "typedcall_typed_loops", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_typedcall_typed_loops(void) { return PyModule_Create(&module); }
