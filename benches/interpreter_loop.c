/* One function, four times in a method table: without metadata, with it, flagged, and flagged to be adopted. */
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

static PyMethodDef methods[] = {
    {"plain", inc, METH_O, NULL},
    TYPEDCALL_DEF(unflagged, inc, METH_O, NULL),
    TYPEDCALL_DEF(flagged, inc, METH_O | TYPEDCALL_METH_TYPED, NULL),
    TYPEDCALL_DEF(adopted, inc, METH_O | TYPEDCALL_METH_TYPED, NULL),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "interpreter_loop", NULL, -1, methods, NULL, NULL, NULL,
                                    NULL};

PyMODINIT_FUNC PyInit_interpreter_loop(void) { return PyModule_Create(&module); }
