/* Typed methods for strings, buffers, None, subclasses, types of extensions, moved references and the GIL, each with a
 * wrapper as extension authors write them.
 *
 * Built with -DMODULE=name, with and without -DTYPEDCALL_SET_FLAG. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "typedcall.h"

#define QUOTE(text) #text
#define NAME_OF(module) QUOTE(module)
#define MODULE_NAME NAME_OF(MODULE)
#define JOIN(a, b) a##b
#define INIT_OF(module) JOIN(PyInit_, module)

#define UNUSED(name) (void)(name)
#define QUIET TYPEDCALL_NO_PYTHON

#define FAST(name) static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
#define ONE(name) static PyObject *name(PyObject *self, PyObject *arg)
#define NO_ARGUMENTS(name) static PyObject *name(PyObject *self, PyObject *unused)

static int arity(const char *name, Py_ssize_t given, Py_ssize_t wanted) {
    if (given == wanted) return 1;
    PyErr_Format(PyExc_TypeError, "%s expected %zd arguments, got %zd", name, wanted, given);
    return 0;
}

static int get_i64(PyObject *object, int64_t *value) {
    *value = PyLong_AsLongLong(object);
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

/* ---- Strings and buffers as parameters --------------------------------------------------------------------------- */

/* All bytes and their number count, and whether there are any. */
static uint64_t digest_impl(const void *start, Py_ssize_t length) {
    uint64_t digest = start == NULL ? 7 : 14695981039346656037u;
    for (Py_ssize_t index = 0; index < length; index++) digest = (digest ^ ((const uint8_t *)start)[index]) * 1099511628211u;
    return digest ^ (uint64_t)length;
}

/* Text ends with a NUL. */
static uint64_t text_impl(const char *text, Py_ssize_t length) {
    return text != NULL && text[length] != 0 ? 0 : digest_impl(text, length);
}

#define DIGEST(name, KIND, flags, impl, format) \
    ONE(name) { \
        const char *start; \
        Py_ssize_t length; \
        UNUSED(self); \
        if (!PyArg_Parse(arg, format ":" #name, &start, &length)) return NULL; \
        return PyLong_FromUnsignedLongLong(impl(start, length)); \
    } \
    TYPEDCALL_METHOD(name, impl, TYPEDCALL_RESULT(U64, NEVER, QUIET), TYPEDCALL_ARG_FLAGS(KIND, x, flags))

/* These take text with NULs inside, and buffers. */
DIGEST(text_loose, CSTR, 0, text_impl, "s#");
DIGEST(text_or_none, CSTR, TYPEDCALL_NULLABLE, text_impl, "z#");
/* This one takes neither. */
ONE(text_strict) {
    const char *text;
    UNUSED(self);
    if (!PyArg_Parse(arg, "s:text_strict", &text)) return NULL;
    return PyLong_FromUnsignedLongLong(text_impl(text, (Py_ssize_t)strlen(text)));
}
TYPEDCALL_METHOD(text_strict, text_impl, TYPEDCALL_RESULT(U64, NEVER, QUIET), TYPEDCALL_ARG(CSTR, x));

ONE(bytes_digest) {
    Py_buffer buffer;
    UNUSED(self);
    if (!PyArg_Parse(arg, "y*:bytes_digest", &buffer)) return NULL;
    uint64_t digest = digest_impl(buffer.buf, buffer.len);
    PyBuffer_Release(&buffer);
    return PyLong_FromUnsignedLongLong(digest);
}
TYPEDCALL_METHOD(bytes_digest, digest_impl, TYPEDCALL_RESULT(U64, NEVER, QUIET), TYPEDCALL_ARG(BUFFER, x));

ONE(bytes_or_none) {
    if (arg != Py_None) return bytes_digest(self, arg);
    return PyLong_FromUnsignedLongLong(digest_impl(NULL, 0));
}
TYPEDCALL_METHOD(bytes_or_none, digest_impl, TYPEDCALL_RESULT(U64, NEVER, QUIET),
                 TYPEDCALL_ARG_FLAGS(BUFFER, x, TYPEDCALL_NULLABLE));

/* Pointers and lengths between others, in registers and on the stack. */
static PyObject *mixed_impl(int64_t a, const char *b, Py_ssize_t b_length, double c, const void *d, Py_ssize_t d_length,
                            const char *e, Py_ssize_t e_length, int64_t f) {
    return Py_BuildValue("(LKdKKL)", (long long)a, (unsigned long long)text_impl(b, b_length), c,
                         (unsigned long long)digest_impl(d, d_length), (unsigned long long)text_impl(e, e_length),
                         (long long)f);
}
FAST(mixed) {
    UNUSED(self);
    if (!arity("mixed", nargs, 6)) return NULL;
    int64_t a, f;
    const char *b, *e = NULL;
    Py_ssize_t b_length, e_length = 0;
    if (get_i64(args[0], &a) < 0 || !PyArg_Parse(args[1], "s#", &b, &b_length)) return NULL;
    double c = PyFloat_AsDouble(args[2]);
    if (c == -1.0 && PyErr_Occurred()) return NULL;
    if (!PyArg_Parse(args[4], "z#", &e, &e_length) || get_i64(args[5], &f) < 0) return NULL;
    Py_buffer d;
    if (PyObject_GetBuffer(args[3], &d, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *result = mixed_impl(a, b, b_length, c, d.buf, d.len, e, e_length, f);
    PyBuffer_Release(&d);
    return result;
}
TYPEDCALL_METHOD(mixed, mixed_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_ARG(I64, a), TYPEDCALL_ARG(CSTR, b),
                 TYPEDCALL_ARG(F64, c), TYPEDCALL_ARG(BUFFER, d), TYPEDCALL_ARG_FLAGS(CSTR, e, TYPEDCALL_NULLABLE),
                 TYPEDCALL_ARG(I64, f));

/* ---- Strings and buffers as results -------------------------------------------------------------------------------- */

/* 7 raises, with a result beside it where that is no error by itself; -1 gives null. */
static const char *name_of(int64_t x) {
    static const char *const names[] = {"", "ascii", "gr\xc3\xbcn", "\xf0\x9f\x90\x8d", "no \xff UTF-8"};
    if (x == 7) PyErr_SetString(PyExc_ValueError, "seven has no name");
    return x < 0 ? NULL : names[(uint64_t)x % 5];
}
static const char *name_or_error(int64_t x) {
    if (x < 0) PyErr_SetString(PyExc_ValueError, "no name");
    return x < 0 || x == 7 ? (x < 0 ? NULL : "seven") : name_of(x);
}
ONE(text_checked) {
    int64_t x;
    UNUSED(self);
    if (get_i64(arg, &x) < 0) return NULL;
    const char *name = name_of(x);
    return PyErr_Occurred() ? NULL : Py_BuildValue("s", name);
}
TYPEDCALL_METHOD(text_checked, name_of, TYPEDCALL_RESULT(CSTR, CHECK, QUIET), TYPEDCALL_ARG(I64, x));
ONE(text_or_error) {
    int64_t x;
    UNUSED(self);
    if (get_i64(arg, &x) < 0) return NULL;
    const char *name = name_or_error(x);
    return name == NULL ? NULL : PyUnicode_FromString(name);
}
TYPEDCALL_METHOD(text_or_error, name_or_error, TYPEDCALL_RESULT(CSTR, NULL, 0), TYPEDCALL_ARG(I64, x));

static const char *same_text_impl(const char *text, Py_ssize_t length) {
    UNUSED(length);
    return text;
}
ONE(same_text) {
    const char *text;
    UNUSED(self);
    return PyArg_Parse(arg, "z:same_text", &text) ? Py_BuildValue("z", same_text_impl(text, 0)) : NULL;
}
TYPEDCALL_METHOD(same_text, same_text_impl, TYPEDCALL_RESULT(CSTR, NEVER, QUIET),
                 TYPEDCALL_ARG_FLAGS(CSTR, x, TYPEDCALL_NULLABLE));

static typedcall_buffer half_impl(const void *start, Py_ssize_t length) {
    return (typedcall_buffer){start, length / 2};
}
ONE(half) {
    typedcall_buffer result;
    Py_buffer buffer = {.buf = NULL};
    UNUSED(self);
    if (arg != Py_None && !PyArg_Parse(arg, "y*:half", &buffer)) return NULL;
    result = half_impl(buffer.buf, buffer.len);
    PyObject *object = Py_BuildValue("y#", result.start, result.length);
    if (buffer.obj != NULL) PyBuffer_Release(&buffer);
    return object;
}
TYPEDCALL_METHOD(half, half_impl, TYPEDCALL_RESULT(BUFFER, NEVER, QUIET),
                 TYPEDCALL_ARG_FLAGS(BUFFER, x, TYPEDCALL_NULLABLE));

static typedcall_buffer zeros_impl(int64_t count) {
    static const char zeros[100];
    if (count < 0 || count > 100) {
        PyErr_SetString(PyExc_ValueError, "too many zeros, or too few");
        return (typedcall_buffer){NULL, 0};
    }
    return (typedcall_buffer){zeros, count};
}
ONE(zeros) {
    int64_t count;
    UNUSED(self);
    if (get_i64(arg, &count) < 0) return NULL;
    typedcall_buffer found = zeros_impl(count);
    return found.start == NULL ? NULL : PyBytes_FromStringAndSize(found.start, found.length);
}
TYPEDCALL_METHOD(zeros, zeros_impl, TYPEDCALL_RESULT(BUFFER, NULL, QUIET), TYPEDCALL_ARG(I64, count));

/* ---- None, subclasses, types of extensions --------------------------------------------------------------------------- */

static PyTypeObject *point;

/* What it gets; a text for null. */
static PyObject *give(PyObject *x) { return x == NULL ? PyUnicode_FromString("null") : Py_NewRef(x); }

static int wanted(const char *name, PyObject *object, int holds) {
    if (!holds) PyErr_Format(PyExc_TypeError, "%s: %R", name, object);
    return holds;
}

#define IS_POINT(x) Py_IS_TYPE(x, point)
#define IS_SUB_POINT(x) PyObject_TypeCheck(x, point)
#define ANY(x) ((void)(x), 1)

/* X(name, result, parameter, check, whether None is null) */
#define GIVERS(X) \
    X(sub_int, TYPEDCALL_RESULT_OR_SUBCLASS(INT, NULL, 0), TYPEDCALL_ARG_FLAGS(INT, x, TYPEDCALL_SUBCLASSES), PyLong_Check, 0) \
    X(sub_float, TYPEDCALL_RESULT_OR_SUBCLASS(FLOAT, NULL, 0), TYPEDCALL_ARG_FLAGS(FLOAT, x, TYPEDCALL_SUBCLASSES), \
      PyFloat_Check, 0) \
    X(sub_bool, TYPEDCALL_RESULT_OR_SUBCLASS(BOOL, NULL, 0), TYPEDCALL_ARG_FLAGS(BOOL, x, TYPEDCALL_SUBCLASSES), PyBool_Check, 0) \
    X(sub_str, TYPEDCALL_RESULT_OR_SUBCLASS(STR, NULL, 0), TYPEDCALL_ARG_FLAGS(STR, x, TYPEDCALL_SUBCLASSES), \
      PyUnicode_Check, 0) \
    X(sub_bytes, TYPEDCALL_RESULT_OR_SUBCLASS(BYTES, NULL, 0), TYPEDCALL_ARG_FLAGS(BYTES, x, TYPEDCALL_SUBCLASSES), \
      PyBytes_Check, 0) \
    X(sub_list, TYPEDCALL_RESULT_OR_SUBCLASS(LIST, NULL, 0), TYPEDCALL_ARG_FLAGS(LIST, x, TYPEDCALL_SUBCLASSES), PyList_Check, 0) \
    X(sub_tuple, TYPEDCALL_RESULT_OR_SUBCLASS(TUPLE, NULL, 0), TYPEDCALL_ARG_FLAGS(TUPLE, x, TYPEDCALL_SUBCLASSES), \
      PyTuple_Check, 0) \
    X(sub_dict, TYPEDCALL_RESULT_OR_SUBCLASS(DICT, NULL, 0), TYPEDCALL_ARG_FLAGS(DICT, x, TYPEDCALL_SUBCLASSES), PyDict_Check, 0) \
    X(sub_none, TYPEDCALL_RESULT_OR_SUBCLASS(NONE, NULL, 0), TYPEDCALL_ARG_FLAGS(NONE, x, TYPEDCALL_SUBCLASSES), Py_IsNone, 0) \
    X(null_object, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_FLAGS(OBJECT, x, TYPEDCALL_NULLABLE), ANY, 1) \
    X(null_list, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_FLAGS(LIST, x, TYPEDCALL_NULLABLE), PyList_CheckExact, 1) \
    X(null_none, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_FLAGS(NONE, x, TYPEDCALL_NULLABLE), Py_IsNone, 1) \
    X(null_sub_int, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_FLAGS(INT, x, TYPEDCALL_NULLABLE | TYPEDCALL_SUBCLASSES), \
      PyLong_Check, 1) \
    X(null_sub_float, TYPEDCALL_RESULT(OBJECT, NULL, 0), \
      TYPEDCALL_ARG_FLAGS(FLOAT, x, TYPEDCALL_NULLABLE | TYPEDCALL_SUBCLASSES), PyFloat_Check, 1) \
    X(one_point, TYPEDCALL_RESULT_OF_TYPE(&point, NULL, 0), TYPEDCALL_ARG_OF_TYPE(&point, x), IS_POINT, 0) \
    X(sub_point, TYPEDCALL_RESULT_OF_TYPE_OR_SUBCLASS(&point, NULL, 0), TYPEDCALL_ARG_OF_TYPE_OR_SUBCLASS(&point, x), \
      IS_SUB_POINT, 0) \
    X(null_point, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_OF_TYPE_FLAGS(&point, x, TYPEDCALL_NULLABLE), IS_POINT, 1) \
    X(null_sub_point, TYPEDCALL_RESULT(OBJECT, NULL, 0), \
      TYPEDCALL_ARG_OF_TYPE_FLAGS(&point, x, TYPEDCALL_NULLABLE | TYPEDCALL_SUBCLASSES), IS_SUB_POINT, 1)

#define GIVER(name, result, parameter, check, nullable) \
    ONE(name) { \
        UNUSED(self); \
        if (nullable && arg == Py_None) return give(NULL); \
        return wanted(#name, arg, check(arg)) ? give(arg) : NULL; \
    } \
    TYPEDCALL_METHOD(name, give, result, parameter);
GIVERS(GIVER)

NO_ARGUMENTS(itself) {
    UNUSED(unused);
    return wanted("itself", self, IS_POINT(self)) ? give(self) : NULL;
}
TYPEDCALL_METHOD(itself, give, TYPEDCALL_RESULT_OF_TYPE(&point, NULL, 0), TYPEDCALL_SELF_OF_TYPE(&point));
NO_ARGUMENTS(whoever) {
    UNUSED(unused);
    return give(self);
}
TYPEDCALL_METHOD(whoever, give, TYPEDCALL_RESULT_OF_TYPE_OR_SUBCLASS(&point, NULL, 0),
                 TYPEDCALL_SELF_OF_TYPE_OR_SUBCLASS(&point));

/* ---- References that move ---------------------------------------------------------------------------------------------- */

static void drop_impl(PyObject *x) { Py_XDECREF(x); }
ONE(drop) {
    UNUSED(self);
    drop_impl(Py_NewRef(arg));
    Py_RETURN_NONE;
}
TYPEDCALL_METHOD(drop, drop_impl, TYPEDCALL_RESULT(VOID, NEVER, TYPEDCALL_STEALS(0)), TYPEDCALL_ARG(OBJECT, x));
ONE(drop_or_null) {
    UNUSED(self);
    if (arg != Py_None && !wanted("drop_or_null", arg, PyList_Check(arg))) return NULL;
    drop_impl(arg == Py_None ? NULL : Py_NewRef(arg));
    Py_RETURN_NONE;
}
TYPEDCALL_METHOD(drop_or_null, drop_impl, TYPEDCALL_RESULT(VOID, NEVER, QUIET | TYPEDCALL_STEALS(0)),
                 TYPEDCALL_ARG_FLAGS(LIST, x, TYPEDCALL_NULLABLE | TYPEDCALL_SUBCLASSES));

static int drop_and_raise_impl(PyObject *self, int64_t x, PyObject *y) {
    Py_DECREF(self);
    Py_DECREF(y);
    if (x == 7) PyErr_SetString(PyExc_ValueError, "seven, after the drop");
    return x == 7;
}
FAST(drop_and_raise) {
    int64_t x;
    if (!arity("drop_and_raise", nargs, 2) || get_i64(args[0], &x) < 0) return NULL;
    if (drop_and_raise_impl(Py_NewRef(self), x, Py_NewRef(args[1]))) return NULL;
    Py_RETURN_NONE;
}
TYPEDCALL_METHOD(drop_and_raise, drop_and_raise_impl,
                 TYPEDCALL_RESULT(VOID, NONZERO, TYPEDCALL_STEALS(0) | TYPEDCALL_STEALS(2)), TYPEDCALL_SELF,
                 TYPEDCALL_ARG(I64, x), TYPEDCALL_ARG(OBJECT, y));

/* The reference that it took is the one that it returns. */
static PyObject *pass_on_impl(PyObject *x) { return x; }
ONE(pass_on) {
    UNUSED(self);
    return pass_on_impl(Py_NewRef(arg));
}
TYPEDCALL_METHOD(pass_on, pass_on_impl, TYPEDCALL_RESULT(OBJECT, NEVER, QUIET | TYPEDCALL_STEALS(0)),
                 TYPEDCALL_ARG(OBJECT, x));

static PyObject *first_impl(PyObject *list) { return PyList_GetItem(list, 0); }
ONE(first) {
    UNUSED(self);
    return wanted("first", arg, PyList_Check(arg)) ? Py_XNewRef(first_impl(arg)) : NULL;
}
TYPEDCALL_METHOD(first, first_impl, TYPEDCALL_RESULT(OBJECT, NULL, QUIET | TYPEDCALL_BORROWED_RESULT),
                 TYPEDCALL_ARG_FLAGS(LIST, x, TYPEDCALL_SUBCLASSES));

/* A list comes back beside an exception. */
static PyObject *borrowed_impl(PyObject *x) {
    if (PyList_Check(x)) PyErr_SetString(PyExc_ValueError, "a list, borrowed");
    return x;
}
ONE(borrowed) {
    UNUSED(self);
    PyObject *result = borrowed_impl(arg);
    return PyErr_Occurred() ? NULL : Py_NewRef(result);
}
TYPEDCALL_METHOD(borrowed, borrowed_impl, TYPEDCALL_RESULT(OBJECT, CHECK, TYPEDCALL_BORROWED_RESULT),
                 TYPEDCALL_ARG(OBJECT, x));

/* ---- Without the GIL --------------------------------------------------------------------------------------------------- */

static int64_t holds_gil_impl(int64_t x) { return (x & 0xff) * 2 + PyGILState_Check(); }
ONE(holds_gil) {
    int64_t x, result;
    UNUSED(self);
    if (get_i64(arg, &x) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS
    result = holds_gil_impl(x);
    Py_END_ALLOW_THREADS
    return PyLong_FromLongLong(result);
}
TYPEDCALL_METHOD(holds_gil, holds_gil_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET | TYPEDCALL_NOGIL), TYPEDCALL_ARG(I64, x));

static int64_t raises_without_gil_impl(int64_t x, const char *text, Py_ssize_t length) {
    if (x == 7) {
        PyGILState_STATE state = PyGILState_Ensure();
        PyErr_Format(PyExc_ValueError, "seven, %zd bytes", length);
        PyGILState_Release(state);
    }
    return x == 7 || x == 1 ? -1 : (int64_t)text_impl(text, length);
}
FAST(raises_without_gil) {
    int64_t x, result;
    const char *text;
    Py_ssize_t length;
    UNUSED(self);
    if (!arity("raises_without_gil", nargs, 2) || get_i64(args[0], &x) < 0) return NULL;
    if (!PyArg_Parse(args[1], "s#", &text, &length)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    result = raises_without_gil_impl(x, text, length);
    Py_END_ALLOW_THREADS
    return result == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(result);
}
TYPEDCALL_METHOD(raises_without_gil, raises_without_gil_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NOGIL),
                 TYPEDCALL_ARG(I64, x), TYPEDCALL_ARG(CSTR, text));

/* Sleeps: at most 20 ms. */
static int64_t nap_impl(int64_t ms) { return ms < 0 || ms > 20 ? -1 : usleep((useconds_t)ms * 1000); }
ONE(nap) {
    int64_t ms, result;
    UNUSED(self);
    if (get_i64(arg, &ms) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS
    result = nap_impl(ms);
    Py_END_ALLOW_THREADS
    return PyLong_FromLongLong(result);
}
TYPEDCALL_METHOD(nap, nap_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NOGIL), TYPEDCALL_ARG(I64, ms));

/* ---- The module ---------------------------------------------------------------------------------------------------------- */

#define GIVER_LINE(name, result, parameter, check, nullable) TYPEDCALL_DEF(name, name, METH_O, NULL),

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(text_loose, text_loose, METH_O, NULL),
    TYPEDCALL_DEF(text_or_none, text_or_none, METH_O, NULL),
    TYPEDCALL_DEF(text_strict, text_strict, METH_O, NULL),
    TYPEDCALL_DEF(bytes_digest, bytes_digest, METH_O, NULL),
    TYPEDCALL_DEF(bytes_or_none, bytes_or_none, METH_O, NULL),
    TYPEDCALL_DEF(mixed, mixed, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(text_checked, text_checked, METH_O, NULL),
    TYPEDCALL_DEF(text_or_error, text_or_error, METH_O, NULL),
    TYPEDCALL_DEF(same_text, same_text, METH_O, NULL),
    TYPEDCALL_DEF(half, half, METH_O, NULL),
    TYPEDCALL_DEF(zeros, zeros, METH_O, NULL),
    GIVERS(GIVER_LINE)
    TYPEDCALL_DEF(drop, drop, METH_O, NULL),
    TYPEDCALL_DEF(drop_or_null, drop_or_null, METH_O, NULL),
    TYPEDCALL_DEF(drop_and_raise, drop_and_raise, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(pass_on, pass_on, METH_O, NULL),
    TYPEDCALL_DEF(first, first, METH_O, NULL),
    TYPEDCALL_DEF(borrowed, borrowed, METH_O, NULL),
    TYPEDCALL_DEF(holds_gil, holds_gil, METH_O, NULL),
    TYPEDCALL_DEF(nap, nap, METH_O, NULL),
    TYPEDCALL_DEF(raises_without_gil, raises_without_gil, METH_FASTCALL, NULL),
    {NULL, NULL, 0, NULL},
};
static PyMethodDef point_methods[] = {
    TYPEDCALL_DEF(itself, itself, METH_NOARGS, NULL),
    TYPEDCALL_DEF(whoever, whoever, METH_NOARGS, NULL),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, MODULE_NAME, NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC INIT_OF(MODULE)(void);
PyMODINIT_FUNC INIT_OF(MODULE)(void) {
    static PyType_Slot slots[] = {{Py_tp_methods, point_methods}, {0, NULL}};
    static PyType_Spec spec = {MODULE_NAME ".Point", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) return NULL;
    /* The variable owns the type, which lives as long as these methods. */
    point = (PyTypeObject *)PyType_FromSpec(&spec);
    if (point == NULL || PyModule_AddType(module, point) < 0) Py_CLEAR(module);
    return module;
}
