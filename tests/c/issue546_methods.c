/* An extension whose metadata is a number before the name. */
#include <Python.h>

#define METH_TYPED 0x0400
#define TYPED(name, number)          \
    static struct {                  \
        int type;                    \
        const char ml_name[100];     \
    } name##_type = {number, #name}
#define DEF(name, flags) {name##_type.ml_name, (PyCFunction)(void *)name, flags | METH_TYPED, NULL}

long inc_impl(long x) { return x + 1; }
void *underlying(void) { return (void *)inc_impl; }

static PyObject *inc(PyObject *module, PyObject *arg) {
    (void)module;
    long x = PyLong_AsLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(inc_impl(x));
}

static PyObject *upper(PyObject *module, PyObject *arg) {
    (void)module;
    return PyObject_CallMethod(arg, "upper", NULL);
}

static PyObject *same(PyObject *module, PyObject *arg) {
    (void)module;
    Py_INCREF(arg);
    return arg;
}

static PyObject *pair(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "pair takes 2 arguments");
    return PyTuple_Pack(2, args[0], args[1]);
}

static PyObject *upper_pair(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    return pair(module, args, count);
}

TYPED(inc, 1);
TYPED(upper, 2);
TYPED(same, 3);
TYPED(pair, 4);
TYPED(upper_pair, 5);

static PyMethodDef methods[] = {
    DEF(inc, METH_O),
    DEF(upper, METH_O),
    DEF(same, METH_O),
    DEF(pair, METH_FASTCALL),
    DEF(upper_pair, METH_FASTCALL),
    {NULL, NULL, 0, NULL},
};

PyMethodDef *table(void) { return methods; }

#define QUOTE(name) #name
#define NAME(name) QUOTE(name)
#define INIT(name) PyInit_##name
#define INIT_OF(name) INIT(name)

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, NAME(MODULE), NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC INIT_OF(MODULE)(void) { return PyModule_Create(&definition); }
