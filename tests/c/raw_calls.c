/* Calls machine code by its address, so that tests written in Python can. */
#include <Python.h>

#define ADDRESS(object) PyLong_AsVoidPtr(object)

/* ml_meth(address, METH_..., self, *arguments, **keywords): an Ellipsis as self is passed as null. With METH_METHOD the
 * defining class is the first argument. */
static PyObject *ml_meth(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    (void)module;
    void *address = ADDRESS(args[0]);
    PyObject *self = args[2] == Py_Ellipsis ? NULL : args[2];
    switch (PyLong_AsLong(args[1])) {
    case METH_NOARGS: return ((PyCFunction)address)(self, NULL);
    case METH_O: return ((PyCFunction)address)(self, args[3]);
    case METH_FASTCALL:
        return ((PyObject * (*)(PyObject *, PyObject *const *, Py_ssize_t)) address)(self, args + 3, nargs - 3);
    case METH_FASTCALL | METH_KEYWORDS:
        return ((PyObject * (*)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *)) address)(self, args + 3,
                                                                                               nargs - 3, names);
    case METH_METHOD | METH_FASTCALL | METH_KEYWORDS:
        return ((PyObject * (*)(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *)) address)(
            self, (PyTypeObject *)args[3], args + 4, nargs - 4, names);
    default: return PyErr_Format(PyExc_SystemError, "no convention for raw calls");
    }
}

/* vectorcall(address, callable, *arguments, **keywords); through the callable's own function where address is 0. The
 * callee may use the slot before the arguments. */
static PyObject *vectorcall(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    (void)module;
    vectorcallfunc function = (vectorcallfunc)ADDRESS(args[0]);
    PyObject *copy[64] = {NULL};
    Py_ssize_t count = nargs - 2 + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
    if (count > 63) return PyErr_Format(PyExc_SystemError, "too many arguments for a raw call");
    for (Py_ssize_t index = 0; index < count; index++) copy[index + 1] = args[index + 2];
    return (function == NULL ? PyObject_Vectorcall : function)(
        args[1], copy + 1, (size_t)(nargs - 2) | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}

/* boxed(address, *arguments): each argument is a C argument. */
#define T1 PyObject *
#define T2 T1, PyObject *
#define T3 T2, PyObject *
#define T4 T3, PyObject *
#define T5 T4, PyObject *
#define T6 T5, PyObject *
#define T7 T6, PyObject *
#define T8 T7, PyObject *
#define T9 T8, PyObject *
#define T16 T9, T7
#define V1 a[0]
#define V2 V1, a[1]
#define V3 V2, a[2]
#define V4 V3, a[3]
#define V5 V4, a[4]
#define V6 V5, a[5]
#define V7 V6, a[6]
#define V8 V7, a[7]
#define V9 V8, a[8]
#define V16 V9, a[9], a[10], a[11], a[12], a[13], a[14], a[15]
#define WITH(count) \
    case count: return ((PyObject * (*)(T##count)) address)(V##count)

static PyObject *boxed(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    (void)module;
    void *address = ADDRESS(args[0]);
    PyObject *const *a = args + 1;
    switch (nargs - 1) {
    case 0: return ((PyObject * (*)(void)) address)();
        WITH(1);
        WITH(2);
        WITH(3);
        WITH(4);
        WITH(5);
        WITH(6);
        WITH(7);
        WITH(9);
        WITH(16);
    default: return PyErr_Format(PyExc_SystemError, "no raw call of %zd arguments", nargs - 1);
    }
}

static PyMethodDef methods[] = {
    {"ml_meth", (PyCFunction)(void (*)(void))ml_meth, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"vectorcall", (PyCFunction)(void (*)(void))vectorcall, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"boxed", (PyCFunction)(void (*)(void))boxed, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "raw_calls", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_raw_calls(void) { return PyModule_Create(&definition); }
