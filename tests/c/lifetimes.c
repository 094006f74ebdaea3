/* Typed methods that call back while they run, whose definitions are shared or freed, and that return garbage. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include "typedcall.h"

#define UNUSED(parameter) (void)(parameter)
#define NUMBER(object) PyLong_AsLongLong(object)

/* --- Functions ---------------------------------------------------------------------------------------------------- */

static int64_t echo_impl(int64_t x) { return x; }
static PyObject *echo(PyObject *self, PyObject *arg) {
    UNUSED(self);
    int64_t x = NUMBER(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(echo_impl(x));
}
TYPEDCALL_METHOD(echo, echo_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

/* Another shape than all others here. */
static double negate_impl(double x) { return -x; }
static PyObject *negate(PyObject *self, PyObject *arg) {
    UNUSED(self);
    return PyFloat_FromDouble(negate_impl(PyFloat_AsDouble(arg)));
}
TYPEDCALL_METHOD(negate, negate_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(F64, x));

/* Sleeps for some microseconds, in which other threads have the interpreter: who calls it releases the GIL. */
static int64_t nap_impl(int64_t microseconds) {
    usleep((useconds_t)microseconds);
    return microseconds;
}
static PyObject *nap(PyObject *self, PyObject *arg) {
    int64_t microseconds = NUMBER(arg);
    UNUSED(self);
    Py_BEGIN_ALLOW_THREADS
    microseconds = nap_impl(microseconds);
    Py_END_ALLOW_THREADS
    return PyLong_FromLongLong(microseconds);
}
TYPEDCALL_METHOD(
    nap, nap_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_NOGIL), TYPEDCALL_ARG(I64, us));

/* Calls a hook. */
static PyObject *hook = NULL;
static PyObject *set_hook(PyObject *self, PyObject *function) {
    UNUSED(self);
    Py_XSETREF(hook, Py_NewRef(function));
    Py_RETURN_NONE;
}
static int64_t call_hook_impl(void) {
    PyObject *result = PyObject_CallNoArgs(hook);
    if (result == NULL) return -1;
    int64_t number = NUMBER(result);
    Py_DECREF(result);
    return number;
}
static PyObject *call_hook(PyObject *self, PyObject *unused) {
    UNUSED(self);
    UNUSED(unused);
    int64_t number = call_hook_impl();
    return number == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(number);
}
TYPEDCALL_METHOD(call_hook, call_hook_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, 0));

/* Calls what it was told to, itself in the tests, without end: a callable, or a boxed stub's address. */
static PyObject *again = NULL;
static PyObject *(*again_boxed)(PyObject *) = NULL;
static int64_t recurse_impl(int64_t depth) {
    PyObject *deeper = PyLong_FromLongLong(depth + 1);
    PyObject *result = again_boxed != NULL ? again_boxed(deeper) : PyObject_CallOneArg(again, deeper);
    Py_DECREF(deeper);
    if (result == NULL) return -1;
    int64_t number = NUMBER(result);
    Py_DECREF(result);
    return number;
}
static PyObject *recurse(PyObject *self, PyObject *arg) {
    UNUSED(self);
    int64_t number = recurse_impl(NUMBER(arg));
    return number == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(number);
}
TYPEDCALL_METHOD(recurse, recurse_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, 0), TYPEDCALL_ARG(I64, depth));
/* set_again(callable, address): 0 is no address. */
static PyObject *set_again(PyObject *self, PyObject *args) {
    UNUSED(self);
    PyObject *function, *address;
    if (!PyArg_ParseTuple(args, "OO", &function, &address)) return NULL;
    Py_XSETREF(again, Py_NewRef(function));
    again_boxed = (PyObject * (*)(PyObject *)) (uintptr_t) PyLong_AsVoidPtr(address);
    Py_RETURN_NONE;
}
/* set_vectorcall(built-in function, address), and the address that it had. */
static PyObject *set_vectorcall(PyObject *self, PyObject *args) {
    UNUSED(self);
    PyObject *function, *address;
    if (!PyArg_ParseTuple(args, "OO", &function, &address)) return NULL;
    vectorcallfunc before = ((PyCFunctionObject *)function)->vectorcall;
    ((PyCFunctionObject *)function)->vectorcall = (vectorcallfunc)(uintptr_t)PyLong_AsVoidPtr(address);
    return PyLong_FromVoidPtr((void *)(uintptr_t)before);
}

/* --- Results whose register holds more than the result ---------------------------------------------------------- */

#define GARBAGE(kind, KIND, type)                                                                               \
    static uint64_t garbage_##kind##_impl(int64_t x) {                                                          \
        uint64_t mask = UINT64_MAX >> (64 - 8 * sizeof(type));                                                  \
        return (UINT64_C(0xdeadbeefcafeabcd) & ~mask) | ((uint64_t)x & mask);                                   \
    }                                                                                                           \
    static PyObject *garbage_##kind(PyObject *self, PyObject *arg) {                                            \
        UNUSED(self);                                                                                           \
        return PyLong_FromLongLong((long long)(type)garbage_##kind##_impl(NUMBER(arg)));                        \
    }                                                                                                           \
    TYPEDCALL_METHOD(garbage_##kind, garbage_##kind##_impl, TYPEDCALL_RESULT(KIND, MINUS_ONE, TYPEDCALL_NO_PYTHON), \
                     TYPEDCALL_ARG(I64, x));
GARBAGE(i8, I8, int8_t)
GARBAGE(u8, U8, uint8_t)
GARBAGE(i16, I16, int16_t)
GARBAGE(u16, U16, uint16_t)
GARBAGE(i32, I32, int32_t)
GARBAGE(u32, U32, uint32_t)
static uint64_t garbage_bool_impl(int64_t x) { return UINT64_C(0xdeadbeefcafeab00) | (x != 0); }
static PyObject *garbage_bool(PyObject *self, PyObject *arg) {
    UNUSED(self);
    return PyBool_FromLong((bool)(garbage_bool_impl(NUMBER(arg)) & 1));
}
TYPEDCALL_METHOD(
    garbage_bool, garbage_bool_impl, TYPEDCALL_RESULT(CBOOL, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

/* --- Types made from one method table ----------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    int64_t value;
} Thing;
static int deaths = 0, deaths_within_run = 0;
static void thing_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    deaths++;
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *run_impl(PyObject *self, PyObject *function) {
    UNUSED(self);
    int before = deaths;
    PyObject *result = PyObject_CallNoArgs(function);
    deaths_within_run = deaths - before;
    return result;
}
static PyObject *run(PyObject *self, PyObject *function) { return run_impl(self, function); }
TYPEDCALL_METHOD(
    run, run_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_SELF, TYPEDCALL_ARG(OBJECT, function));
static int64_t plus_impl(PyObject *self, int64_t x) { return ((Thing *)self)->value + x; }
static PyObject *plus(PyObject *self, PyObject *arg) { return PyLong_FromLongLong(plus_impl(self, NUMBER(arg))); }
TYPEDCALL_METHOD(plus, plus_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_SELF,
                 TYPEDCALL_ARG(I64, x));
static PyMethodDef thing_methods[] = {
    TYPEDCALL_DEF(run, run, METH_O, NULL),
    TYPEDCALL_DEF(plus, plus, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};
static PyType_Slot thing_slots[] = {
    {Py_tp_methods, thing_methods}, {Py_tp_dealloc, (void *)(uintptr_t)thing_dealloc}, {0, NULL}};
static PyType_Spec thing_spec = {"lifetimes.Thing", sizeof(Thing), 0, Py_TPFLAGS_DEFAULT, thing_slots};
static PyObject *make_type(PyObject *self, PyObject *unused) {
    UNUSED(self);
    UNUSED(unused);
    return PyType_FromSpec(&thing_spec);
}
static PyObject *count_deaths(PyObject *self, PyObject *unused) {
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromLong(deaths);
}
static PyObject *count_deaths_within_run(PyObject *self, PyObject *unused) {
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromLong(deaths_within_run);
}

/* A static method whose metadata wants a self of a type. */
static int64_t typed_self_impl(PyObject *self, int64_t x) { return self == NULL ? x + 1 : x; }
static PyObject *typed_self(PyObject *self, PyObject *arg) {
    return PyLong_FromLongLong(typed_self_impl(self, NUMBER(arg)));
}
TYPEDCALL_METHOD(typed_self, typed_self_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_SELF_OF(STR), TYPEDCALL_ARG(I64, x));
static PyMethodDef static_methods[] = {
    TYPEDCALL_DEF(typed_self, typed_self, METH_O | METH_STATIC, NULL), {NULL, NULL, 0, NULL}};
static PyType_Slot static_slots[] = {{Py_tp_methods, static_methods}, {0, NULL}};
static PyType_Spec static_spec = {"lifetimes.Static", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, static_slots};

/* --- Definitions on the heap, whose memory the next one gets ------------------------------------------------------ */

typedef struct {
    typedcall_head head;
    char name[8];
    PyMethodDef def;
    const typedcall_signature *signatures[1];
    typedcall_signature signature;
    typedcall_value values[2];
} Heap;
static Heap *unused_heap = NULL;
static int64_t thousand_impl(int64_t x) { return x + 1000; }
static int64_t two_thousand_impl(int64_t x) { return x + 2000; }
static PyObject *call_heap(PyObject *self, PyObject *arg) {
    Heap *heap = PyCapsule_GetPointer(self, NULL);
    return PyLong_FromLongLong(((int64_t (*)(int64_t))heap->signature.function)(NUMBER(arg)));
}
static void free_heap(PyObject *capsule) { unused_heap = PyCapsule_GetPointer(capsule, NULL); }
/* on_heap(1) adds a thousand, on_heap(2) two. */
static PyObject *on_heap(PyObject *self, PyObject *arg) {
    UNUSED(self);
    Heap *heap = unused_heap != NULL ? unused_heap : calloc(1, sizeof *heap);
    unused_heap = NULL;
    int64_t (*function)(int64_t) = NUMBER(arg) == 1 ? thousand_impl : two_thousand_impl;
    heap->head = (typedcall_head){
        heap->signatures, 1, 0, TYPEDCALL_MAGIC, TYPEDCALL_VERSION, sizeof(typedcall_head), &heap->head};
    strcpy(heap->name, "on_heap");
    heap->signatures[0] = &heap->signature;
    heap->values[0] = (typedcall_value)TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON);
    heap->values[1] = (typedcall_value)TYPEDCALL_ARG_UNNAMED(I64);
    heap->signature = (typedcall_signature){(void (*)(void))function, heap->values, 2, 0};
    heap->def = (PyMethodDef){heap->name, call_heap, METH_O, NULL};
    PyObject *capsule = PyCapsule_New(heap, NULL, free_heap);
    PyObject *result = PyCFunction_NewEx(&heap->def, capsule, NULL);
    Py_DECREF(capsule);
    return result;
}
static PyObject *definition_of(PyObject *self, PyObject *function) {
    UNUSED(self);
    return PyLong_FromVoidPtr(((PyCFunctionObject *)function)->m_ml);
}

#define TYPED(name, convention) TYPEDCALL_DEF(name, name, convention, NULL)
static PyMethodDef methods[] = {
    TYPED(echo, METH_O),
    TYPED(negate, METH_O),
    TYPED(nap, METH_O),
    TYPED(call_hook, METH_NOARGS),
    TYPED(recurse, METH_O),
    TYPED(garbage_i8, METH_O),
    TYPED(garbage_u8, METH_O),
    TYPED(garbage_i16, METH_O),
    TYPED(garbage_u16, METH_O),
    TYPED(garbage_i32, METH_O),
    TYPED(garbage_u32, METH_O),
    TYPED(garbage_bool, METH_O),
    {"set_hook", set_hook, METH_O, NULL},
    {"set_again", set_again, METH_VARARGS, NULL},
    {"set_vectorcall", set_vectorcall, METH_VARARGS, NULL},
    {"make_type", make_type, METH_NOARGS, NULL},
    {"deaths", count_deaths, METH_NOARGS, NULL},
    {"deaths_within_run", count_deaths_within_run, METH_NOARGS, NULL},
    {"on_heap", on_heap, METH_O, NULL},
    {"definition_of", definition_of, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "lifetimes", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_lifetimes(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObject(module, "Static", PyType_FromSpec(&static_spec)) < 0) Py_CLEAR(module);
    return module;
}
