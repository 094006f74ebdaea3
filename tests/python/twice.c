/* An extension that can be imported many times: each import makes a type of its own, which the module alone owns, and
 * stores it in a variable that its C code and its metadata share. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#include "typedcall.h"

#define QUOTE(text) #text
#define NAME_OF(module) QUOTE(module)
#define MODULE_NAME NAME_OF(MODULE)
#define JOIN(a, b) a##b
#define INIT_OF(module) JOIN(PyInit_, module)

/* Borrowed from the newest module. */
static PyTypeObject *box_type;
/* What `described` returns if it gets nothing else: the newest module's own. */
static PyObject *fallback;

static int check(PyObject *object) {
    if (Py_IS_TYPE(object, box_type)) return 0;
    PyErr_Format(PyExc_TypeError, "expected a Box of the newest module, not %.100s", Py_TYPE(object)->tp_name);
    return -1;
}

static int64_t size_impl(PyObject *box) { return box != NULL ? 7 : 0; }
static PyObject *size(PyObject *self, PyObject *box) {
    (void)self;
    return check(box) < 0 ? NULL : PyLong_FromLongLong(size_impl(box));
}
TYPEDCALL_METHOD(size, size_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG_OF_TYPE(&box_type, b));

/* The same for subclasses too. */
static PyObject *any_size(PyObject *self, PyObject *box) {
    (void)self;
    if (!PyObject_TypeCheck(box, box_type)) return check(box) < 0 ? NULL : Py_NewRef(Py_None);
    return PyLong_FromLongLong(size_impl(box));
}
TYPEDCALL_METHOD(any_size, size_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_ARG_OF_TYPE_OR_SUBCLASS(&box_type, b));

/* An int, or a Box. */
static int64_t of_int_impl(int64_t x) { return (int64_t)((uint64_t)x + 1); }
static PyObject *either(PyObject *self, PyObject *arg) {
    if (Py_IS_TYPE(arg, box_type)) return size(self, arg);
    long long x = PyLong_AsLongLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(of_int_impl(x));
}
TYPEDCALL_SIGNATURE(either_box, size_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON),
                    TYPEDCALL_ARG_OF_TYPE(&box_type, b));
TYPEDCALL_SIGNATURE(either_int, of_int_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_OVERLOADS(either, "either", TYPEDCALL_OF(either_box), TYPEDCALL_OF(either_int));

static PyObject *described_impl(int64_t x, PyObject *what) { return Py_BuildValue("(LO)", (long long)x, what); }
static PyObject *described(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count < 1 || count > 2) {
        PyErr_Format(PyExc_TypeError, "described expected 1 or 2 arguments, got %zd", count);
        return NULL;
    }
    long long x = PyLong_AsLongLong(args[0]);
    if (x == -1 && PyErr_Occurred()) return NULL;
    return described_impl(x, count == 2 ? args[1] : fallback);
}
TYPEDCALL_METHOD(described, described_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG_DEFAULT_OBJECT(OBJECT, what, &fallback, 0));

/* ---- The type ---- */

static int64_t plus_impl(PyObject *self, int64_t x) { return self != NULL ? (int64_t)((uint64_t)x + 1) : 0; }
static PyObject *plus(PyObject *self, PyObject *arg) {
    long long x = PyLong_AsLongLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(plus_impl(self, x));
}
/* One that takes instances of subclasses, as all methods do. */
TYPEDCALL_METHOD(plus, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF, TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(exactly, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF_OF_TYPE(&box_type),
                 TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(made, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF, TYPEDCALL_ARG(I64, x));

static PyObject *in_tuple(PyObject *self, PyObject *args) {
    long long x;
    return PyArg_ParseTuple(args, "L:in_tuple", &x) ? PyLong_FromLongLong(plus_impl(self, x)) : NULL;
}
TYPEDCALL_METHOD(in_tuple, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF,
                 TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_METHOD(made_in_tuple, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF,
                 TYPEDCALL_ARG_UNNAMED(I64));

static PyObject *with_class(PyObject *self, PyTypeObject *defining, PyObject *const *args, Py_ssize_t count,
                            PyObject *names) {
    if (count != 1 || (names != NULL && PyTuple_GET_SIZE(names) > 0)) {
        PyErr_Format(PyExc_TypeError, "with_class of %s takes one argument", defining->tp_name);
        return NULL;
    }
    return plus(self, args[0]);
}
TYPEDCALL_METHOD(with_class, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF,
                 TYPEDCALL_ARG_UNNAMED(I64));

static PyMethodDef box_methods[] = {
    TYPEDCALL_DEF(plus, plus, METH_O, "plus($self, x, /)\n--\n\nOne more than x."),
    TYPEDCALL_DEF(exactly, plus, METH_O, NULL),
    TYPEDCALL_DEF(in_tuple, in_tuple, METH_VARARGS, NULL),
    TYPEDCALL_DEF(with_class, (PyCFunction)(void (*)(void))with_class, METH_METHOD | METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(made, plus, METH_O | METH_CLASS, "made($type, x, /)\n--\n\nOne more than x, of a class."),
    TYPEDCALL_DEF(made_in_tuple, in_tuple, METH_VARARGS | METH_CLASS, NULL),
    {NULL, NULL, 0, NULL},
};

static PyType_Slot box_slots[] = {{Py_tp_methods, box_methods}, {0, NULL}};
static PyType_Spec box = {MODULE_NAME ".Box", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, box_slots};

/* ---- The module ---- */

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(size, size, METH_O, NULL),
    TYPEDCALL_DEF(any_size, any_size, METH_O, NULL),
    TYPEDCALL_DEF(either, either, METH_O, NULL),
    TYPEDCALL_DEF(described, (PyCFunction)(void (*)(void))described, METH_FASTCALL, NULL),
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module) {
    PyObject *type = PyType_FromModuleAndSpec(module, &box, NULL), *own = PyList_New(0);
    int status = type == NULL || own == NULL ? -1 : 0;
    if (status == 0) {
        box_type = (PyTypeObject *)type;
        fallback = own;
        status = PyModule_AddObjectRef(module, "Box", type) < 0 || PyModule_AddObjectRef(module, "fallback", own) < 0 ? -1 : 0;
    }
    Py_XDECREF(type);
    Py_XDECREF(own);
    return status;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)(uintptr_t)execute},
    {0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, 0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC INIT_OF(MODULE)(void);
PyMODINIT_FUNC INIT_OF(MODULE)(void) { return PyModuleDef_Init(&definition); }
