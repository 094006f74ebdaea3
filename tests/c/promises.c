/* One method for each promise that is not kept, beside one that keeps it. */
#include <Python.h>
#include <stdint.h>

#include "typedcall.h"

#define UNUSED(name) (void)(name)
#define QUIET TYPEDCALL_NO_PYTHON

static PyObject *shared;

static PyObject *boxed_int(PyObject *arg, int64_t (*function)(int64_t)) {
    long long x = PyLong_AsLongLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    long long result = function(x);
    return PyErr_Occurred() ? NULL : PyLong_FromLongLong(result);
}
#define INT_WRAPPER(name, function) \
    static PyObject *name(PyObject *self, PyObject *arg) { UNUSED(self); return boxed_int(arg, function); }

/* pure */
static int64_t counter;
static int64_t twice(int64_t x) { return 2 * x; }
static int64_t count(int64_t x) { return x + counter++; }
static int64_t other(int64_t x) { return 2 * x + 1; }
INT_WRAPPER(pure_kept, twice)
INT_WRAPPER(pure_counts, count)
INT_WRAPPER(pure_differs, twice)
TYPEDCALL_METHOD(pure_kept, twice, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_PURE | QUIET), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_METHOD(pure_counts, count, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_METHOD(pure_differs, other, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(I64));

static double halve(double x) { return x / 2; }
static PyObject *pure_float(PyObject *self, PyObject *arg) {
    double x = PyFloat_AsDouble(arg);
    UNUSED(self);
    return x == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(halve(x));
}
TYPEDCALL_METHOD(pure_float, halve, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_PURE | QUIET), TYPEDCALL_ARG_UNNAMED(F64));

static PyObject *pair_impl(PyObject *x) { return PyTuple_Pack(2, x, x); }
static PyObject *pure_pair(PyObject *self, PyObject *arg) { UNUSED(self); return pair_impl(arg); }
TYPEDCALL_METHOD(pure_pair, pair_impl, TYPEDCALL_RESULT(TUPLE, NULL, TYPEDCALL_PURE | QUIET), TYPEDCALL_ARG_UNNAMED(OBJECT));

/* pure, where one of the two raises */
static int64_t raise_odd(int64_t x) {
    if (x % 2 == 0) return x;
    PyErr_SetString(PyExc_ValueError, "odd");
    return -1;
}
static int64_t raise_nothing(int64_t x) { return x; }
static int64_t raise_key(int64_t x) {
    if (x % 2 == 0) return x;
    PyErr_SetString(PyExc_KeyError, "odd");
    return -1;
}
INT_WRAPPER(raises_alike, raise_odd)
INT_WRAPPER(only_wrapper_raises, raise_odd)
INT_WRAPPER(only_function_raises, raise_nothing)
INT_WRAPPER(raises_other, raise_odd)
#define RAISING TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_PURE)
TYPEDCALL_METHOD(raises_alike, raise_odd, RAISING, TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_METHOD(only_wrapper_raises, raise_nothing, RAISING, TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_METHOD(only_function_raises, raise_odd, RAISING, TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_METHOD(raises_other, raise_key, RAISING, TYPEDCALL_ARG_UNNAMED(I64));

/* never raises */
INT_WRAPPER(never_raises, raise_odd)
TYPEDCALL_METHOD(never_raises, raise_odd, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG_UNNAMED(I64));

/* no_python */
static PyObject *call_impl(PyObject *function) { return PyObject_CallNoArgs(function); }
static PyObject *runs_python(PyObject *self, PyObject *arg) { UNUSED(self); return call_impl(arg); }
TYPEDCALL_METHOD(runs_python, call_impl, TYPEDCALL_RESULT(OBJECT, NULL, QUIET), TYPEDCALL_ARG_UNNAMED(OBJECT));
TYPEDCALL_METHOD_NAMED(says_nothing_, "says_nothing", call_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0),
                       TYPEDCALL_ARG_UNNAMED(OBJECT));

/* borrowed_result, and new references */
static PyObject *shared_borrowed(void) { return shared; }
static PyObject *shared_new(void) { Py_INCREF(shared); return shared; }
static PyObject *give_shared(PyObject *self, PyObject *unused) { UNUSED(self); UNUSED(unused); return shared_new(); }
#define BORROWED TYPEDCALL_RESULT(OBJECT, NULL, QUIET | TYPEDCALL_BORROWED_RESULT)
TYPEDCALL_METHOD_NAMED(borrowed_kept, "borrowed_kept", shared_borrowed, BORROWED);
TYPEDCALL_METHOD_NAMED(borrowed_leaks, "borrowed_leaks", shared_new, BORROWED);

static PyObject *argument_borrowed(PyObject *x) { return x; }
static PyObject *argument_new(PyObject *x) { Py_INCREF(x); return x; }
static PyObject *give_back(PyObject *self, PyObject *arg) { UNUSED(self); return argument_new(arg); }
#define NEW TYPEDCALL_RESULT(OBJECT, NULL, QUIET)
TYPEDCALL_METHOD_NAMED(new_kept, "new_kept", argument_new, NEW, TYPEDCALL_ARG_UNNAMED(OBJECT));
TYPEDCALL_METHOD_NAMED(new_is_borrowed, "new_is_borrowed", argument_borrowed,
                       TYPEDCALL_RESULT(OBJECT, NULL, QUIET | TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(OBJECT));
TYPEDCALL_METHOD_NAMED(argument_kept, "argument_kept", argument_borrowed, BORROWED, TYPEDCALL_ARG_UNNAMED(OBJECT));
TYPEDCALL_METHOD_NAMED(argument_leaks, "argument_leaks", argument_new, BORROWED, TYPEDCALL_ARG_UNNAMED(OBJECT));

static PyObject *fresh_borrowed_impl(void) { return PyList_New(0); }
static PyObject *new_list(PyObject *self, PyObject *unused) { UNUSED(self); UNUSED(unused); return PyList_New(0); }
TYPEDCALL_METHOD_NAMED(borrowed_fresh, "borrowed_fresh", fresh_borrowed_impl, BORROWED);

static PyObject *ones_impl(PyObject *x) { UNUSED(x); return Py_BuildValue("([d])", -0.0); }
static PyObject *ones(PyObject *self, PyObject *arg) { UNUSED(self); UNUSED(arg); return Py_BuildValue("([d])", 0.0); }
TYPEDCALL_METHOD(ones, ones_impl, TYPEDCALL_RESULT(TUPLE, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(OBJECT));
static PyObject *words_impl(PyObject *x) { UNUSED(x); return PyErr_Format(PyExc_KeyError, "mine"); }
static PyObject *words(PyObject *self, PyObject *arg) { UNUSED(self); UNUSED(arg); return PyErr_Format(PyExc_KeyError, "its"); }
TYPEDCALL_METHOD(words, words_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(OBJECT));

/* What looks like a lie, and is none. */
static PyObject *kept;
static PyObject *keep_impl(PyObject *x) { return PyList_Append(kept, x) < 0 ? NULL : x; }
static PyObject *keep(PyObject *self, PyObject *arg) { UNUSED(self); return Py_XNewRef(keep_impl(arg)); }
TYPEDCALL_METHOD(keep, keep_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_BORROWED_RESULT), TYPEDCALL_ARG_UNNAMED(OBJECT));

static PyObject *pass_on_impl(PyObject *x) { return x; }
static PyObject *pass_on(PyObject *self, PyObject *arg) { UNUSED(self); return Py_NewRef(arg); }
TYPEDCALL_METHOD(pass_on, pass_on_impl, TYPEDCALL_RESULT(OBJECT, NULL, QUIET | TYPEDCALL_STEALS(0)),
                 TYPEDCALL_ARG_UNNAMED(OBJECT));

static PyObject *take_last_impl(PyObject *x) {
    Py_ssize_t last = PyList_GET_SIZE(kept) - 1;
    if (last < 0 || PyList_GET_ITEM(kept, last) != x) return PyErr_Format(PyExc_LookupError, "not the last");
    Py_INCREF(x);
    return PyList_SetSlice(kept, last, last + 1, NULL) < 0 ? NULL : x;
}
static PyObject *take_last(PyObject *self, PyObject *arg) { UNUSED(self); return take_last_impl(arg); }
TYPEDCALL_METHOD(take_last, take_last_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_UNNAMED(OBJECT));

static PyObject *fresh_impl(PyObject *type) { return Py_BuildValue("[(N)]", PyObject_CallNoArgs(type)); }
static PyObject *fresh(PyObject *self, PyObject *arg) { UNUSED(self); return fresh_impl(arg); }
TYPEDCALL_METHOD(fresh, fresh_impl, TYPEDCALL_RESULT(LIST, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(OBJECT));
static PyObject *make_impl(PyObject *type) { return PyObject_CallNoArgs(type); }
static PyObject *make(PyObject *self, PyObject *arg) { UNUSED(self); return make_impl(arg); }
TYPEDCALL_METHOD(make, make_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(OBJECT));

static PyObject *give_impl(PyObject *list) { return PyList_GetSlice(list, 0, PyList_GET_SIZE(list)); }
static PyObject *give(PyObject *self, PyObject *arg) { UNUSED(self); return give_impl(arg); }
TYPEDCALL_METHOD(give, give_impl, TYPEDCALL_RESULT(LIST, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(LIST));

/* A list that has itself twice. */
static PyObject *tangle_impl(int64_t x) {
    PyObject *list = Py_BuildValue("[L]", (long long)x);
    if (list != NULL && (PyList_Append(list, list) < 0 || PyList_Append(list, list) < 0)) Py_CLEAR(list);
    return list;
}
static PyObject *tangle(PyObject *self, PyObject *arg) { UNUSED(self); UNUSED(arg); return tangle_impl(1); }
TYPEDCALL_METHOD(tangle, tangle_impl, TYPEDCALL_RESULT(LIST, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(I64));

/* Allocates what the garbage collector looks at, so that it might run. */
static PyObject *lists_impl(int64_t count) {
    PyObject *all = PyList_New(0);
    for (int64_t index = 0; all != NULL && index < count; index++) {
        PyObject *one = PyList_New(0);
        if (one == NULL || PyList_Append(all, one) < 0) Py_CLEAR(all);
        Py_XDECREF(one);
    }
    return all;
}
static PyObject *lists(PyObject *self, PyObject *arg) {
    long long count = PyLong_AsLongLong(arg);
    UNUSED(self);
    return count == -1 && PyErr_Occurred() ? NULL : lists_impl(count);
}
TYPEDCALL_METHOD(lists, lists_impl, TYPEDCALL_RESULT(LIST, NULL, QUIET), TYPEDCALL_ARG_UNNAMED(I64));

/* An error without an exception. */
static PyObject *silent_impl(PyObject *x) { UNUSED(x); return NULL; }
static PyObject *silent(PyObject *self, PyObject *arg) { UNUSED(self); UNUSED(arg); return PyErr_Format(PyExc_ValueError, "loud"); }
TYPEDCALL_METHOD(silent, silent_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_PURE), TYPEDCALL_ARG_UNNAMED(OBJECT));

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(borrowed_fresh, new_list, METH_NOARGS, NULL),
    TYPEDCALL_DEF(ones, ones, METH_O, NULL),
    TYPEDCALL_DEF(words, words, METH_O, NULL),
    TYPEDCALL_DEF(keep, keep, METH_O, NULL),
    TYPEDCALL_DEF(pass_on, pass_on, METH_O, NULL),
    TYPEDCALL_DEF(take_last, take_last, METH_O, NULL),
    TYPEDCALL_DEF(fresh, fresh, METH_O, NULL),
    TYPEDCALL_DEF(make, make, METH_O, NULL),
    TYPEDCALL_DEF(lists, lists, METH_O, NULL),
    TYPEDCALL_DEF(silent, silent, METH_O, NULL),
    TYPEDCALL_DEF(give, give, METH_O, NULL),
    TYPEDCALL_DEF(tangle, tangle, METH_O, NULL),
    TYPEDCALL_DEF(pure_kept, pure_kept, METH_O, NULL),
    TYPEDCALL_DEF(pure_counts, pure_counts, METH_O, NULL),
    TYPEDCALL_DEF(pure_differs, pure_differs, METH_O, NULL),
    TYPEDCALL_DEF(pure_float, pure_float, METH_O, NULL),
    TYPEDCALL_DEF(pure_pair, pure_pair, METH_O, NULL),
    TYPEDCALL_DEF(raises_alike, raises_alike, METH_O, NULL),
    TYPEDCALL_DEF(only_wrapper_raises, only_wrapper_raises, METH_O, NULL),
    TYPEDCALL_DEF(only_function_raises, only_function_raises, METH_O, NULL),
    TYPEDCALL_DEF(raises_other, raises_other, METH_O, NULL),
    TYPEDCALL_DEF(never_raises, never_raises, METH_O, NULL),
    TYPEDCALL_DEF(runs_python, runs_python, METH_O, NULL),
    TYPEDCALL_DEF(says_nothing_, runs_python, METH_O, NULL),
    TYPEDCALL_DEF(borrowed_kept, give_shared, METH_NOARGS, NULL),
    TYPEDCALL_DEF(borrowed_leaks, give_shared, METH_NOARGS, NULL),
    TYPEDCALL_DEF(new_kept, give_back, METH_O, NULL),
    TYPEDCALL_DEF(new_is_borrowed, give_back, METH_O, NULL),
    TYPEDCALL_DEF(argument_kept, give_back, METH_O, NULL),
    TYPEDCALL_DEF(argument_leaks, give_back, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "promises", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_promises(void) {
    PyObject *module = PyModule_Create(&definition);
    shared = PyList_New(0);
    kept = PyList_New(0);
    if (module != NULL && PyModule_AddObject(module, "shared", Py_NewRef(shared)) < 0) return NULL;
    return module;
}
