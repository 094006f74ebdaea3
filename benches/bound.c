/* A C function without a wrapper, the wrapper that one would write by hand, and a loop that calls either. */
#include <Python.h>

__attribute__((noinline)) double bare_half(double x) { return x * 0.5; }

static PyObject *half(PyObject *self, PyObject *arg) {
    (void)self;
    double x = PyFloat_AsDouble(arg);
    if (x == -1.0 && PyErr_Occurred()) return NULL;
    return PyFloat_FromDouble(bare_half(x));
}

__attribute__((noinline)) double bare_add(double x, double y) { return x + y; }

static PyObject *add(PyObject *self, PyObject *args) {
    double x, y;
    (void)self;
    if (!PyArg_ParseTuple(args, "dd:add", &x, &y)) return NULL;
    return PyFloat_FromDouble(bare_add(x, y));
}

/* loop(callable, arguments, calls) */
static PyObject *loop(PyObject *self, PyObject *args) {
    PyObject *callable, *arguments;
    Py_ssize_t calls;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO!n:loop", &callable, &PyTuple_Type, &arguments, &calls)) return NULL;
    PyObject *const *items = &PyTuple_GET_ITEM(arguments, 0);
    for (Py_ssize_t i = 0; i < calls; i++) {
        PyObject *result = PyObject_Vectorcall(callable, items, (size_t)PyTuple_GET_SIZE(arguments), NULL);
        if (!result) return NULL;
        Py_DECREF(result);
    }
    Py_RETURN_NONE;
}

static PyObject *addresses(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    return Py_BuildValue("NN", PyLong_FromVoidPtr((void *)bare_half), PyLong_FromVoidPtr((void *)bare_add));
}

static PyMethodDef methods[] = {
    {"half", half, METH_O, NULL},
    {"add", add, METH_VARARGS, NULL},
    {"loop", loop, METH_VARARGS, NULL},
    {"addresses", addresses, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "bound", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_bound(void) { return PyModule_Create(&module); }
