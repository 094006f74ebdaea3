/* Typed methods for loops, and a count of all blocks of memory that Python hands out. */
#include <Python.h>

#include "typedcall.h"

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

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(takes_object, takes_object_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_ARG(OBJECT, object), TYPEDCALL_ARG(I64, i));
TYPEDCALL_METHOD(same, same_impl, TYPEDCALL_RESULT(OBJECT, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(OBJECT, object));
TYPEDCALL_METHOD(same_may_raise, same_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_NO_PYTHON),
                 TYPEDCALL_ARG(OBJECT, object));

static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
static PyMemAllocatorEx originals[3];
static long long blocks;

static void *allocate(void *own, size_t size) {
    PyMemAllocatorEx *original = own;
    blocks++;
    return original->malloc(original->ctx, size);
}

static void *allocate_zeroed(void *own, size_t count, size_t size) {
    PyMemAllocatorEx *original = own;
    blocks++;
    return original->calloc(original->ctx, count, size);
}

static void *reallocate(void *own, void *block, size_t size) {
    PyMemAllocatorEx *original = own;
    blocks++;
    return original->realloc(original->ctx, block, size);
}

static void release(void *own, void *block) {
    PyMemAllocatorEx *original = own;
    original->free(original->ctx, block);
}

static PyObject *start_counting(PyObject *self, PyObject *nothing) {
    (void)self;
    (void)nothing;
    for (int i = 0; i < 3; i++) {
        if (originals[i].malloc != NULL) continue;
        PyMem_GetAllocator(domains[i], &originals[i]);
        PyMemAllocatorEx counting = {&originals[i], allocate, allocate_zeroed, reallocate, release};
        PyMem_SetAllocator(domains[i], &counting);
    }
    Py_RETURN_NONE;
}

static PyObject *counted(PyObject *self, PyObject *nothing) {
    (void)self;
    (void)nothing;
    return PyLong_FromLongLong(blocks);
}

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, inc, METH_O, NULL),
    TYPEDCALL_DEF(takes_object, (PyCFunction)(void (*)(void))takes_object, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(same, same, METH_O, NULL),
    TYPEDCALL_DEF(same_may_raise, same, METH_O, NULL),
    {"start_counting", start_counting, METH_NOARGS, "From now on blocks are counted."},
    {"counted", counted, METH_NOARGS, "How many blocks were handed out since."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "loops", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_loops(void) { return PyModule_Create(&module); }
