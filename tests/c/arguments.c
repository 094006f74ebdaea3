/* Typed methods whose arguments may be given by name or left out, each with a wrapper as extension authors write them,
 * which counts its calls. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "typedcall.h"

#define UNUSED(name) (void)(name)
#define QUIET TYPEDCALL_NO_PYTHON
#define FAST_NAMED(name) \
    static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
#define TUPLE_NAMED(name) static PyObject *name(PyObject *self, PyObject *args, PyObject *keywords)
#define AS_IS(function) (PyCFunction)(void (*)(void))(function)

static long wrapper_calls;
static PyObject *default_object;

/* What a wrapper of an array makes of it before it asks PyArg_ParseTupleAndKeywords. */
static int spread(PyObject *const *args, Py_ssize_t nargs, PyObject *names, PyObject **tuple, PyObject **dict) {
    *tuple = PyTuple_New(nargs);
    *dict = PyDict_New();
    if (*tuple == NULL || *dict == NULL) return -1;
    for (Py_ssize_t index = 0; index < nargs; index++) PyTuple_SET_ITEM(*tuple, index, Py_NewRef(args[index]));
    for (Py_ssize_t index = 0; names != NULL && index < PyTuple_GET_SIZE(names); index++) {
        if (PyDict_SetItem(*dict, PyTuple_GET_ITEM(names, index), args[nargs + index]) < 0) return -1;
    }
    return 0;
}

/* ---- (x, y = 2.5, *, base = 10), in every convention that takes names ------------------------------------------- */

static PyObject *three_impl(int64_t x, double y, int32_t base) {
    if (x == 7) return PyErr_Format(PyExc_ValueError, "seven");
    return Py_BuildValue("(Ldi)", (long long)x, y, (int)base);
}
static PyObject *three_parsed(PyObject *args, PyObject *keywords) {
    static char *names[] = {"x", "y", "base", NULL};
    long long x;
    double y = 2.5;
    int base = 10;
    wrapper_calls++;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "L|d$i:three", names, &x, &y, &base)) return NULL;
    return three_impl(x, y, base);
}
TUPLE_NAMED(tuple_three) {
    UNUSED(self);
    return three_parsed(args, keywords);
}
FAST_NAMED(fast_three) {
    PyObject *tuple = NULL, *dict = NULL;
    UNUSED(self);
    PyObject *result = spread(args, nargs, names, &tuple, &dict) < 0 ? NULL : three_parsed(tuple, dict);
    Py_XDECREF(tuple);
    Py_XDECREF(dict);
    return result;
}
#define THREE TYPEDCALL_ARG(I64, x), TYPEDCALL_ARG_DEFAULT_FLOAT(F64, y, 2.5, 0), \
              TYPEDCALL_ARG_DEFAULT_INT(I32, base, 10, TYPEDCALL_KEYWORD_ONLY)
TYPEDCALL_METHOD(tuple_three, three_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), THREE);
TYPEDCALL_METHOD(fast_three, three_impl, TYPEDCALL_RESULT(TUPLE, NULL, QUIET), THREE);

/* ---- All of them by position, by name too ------------------------------------------------------------------------ */

static double named_impl(int64_t x, double y) { return (double)x * y; }
TUPLE_NAMED(tuple_named) {
    static char *names[] = {"x", "y", NULL};
    long long x;
    double y = 2.5;
    UNUSED(self);
    wrapper_calls++;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "L|d:tuple_named", names, &x, &y)) return NULL;
    return PyFloat_FromDouble(named_impl(x, y));
}
TYPEDCALL_METHOD(tuple_named, named_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG_DEFAULT_FLOAT(F64, y, 2.5, 0));

static double both_impl(int64_t x, double y) { return (double)x - y; }
FAST_NAMED(fast_both) {
    static char *keys[] = {"", "y", NULL};
    PyObject *tuple = NULL, *dict = NULL, *result = NULL;
    long long x;
    double y;
    UNUSED(self);
    wrapper_calls++;
    if (spread(args, nargs, names, &tuple, &dict) == 0 &&
        PyArg_ParseTupleAndKeywords(tuple, dict, "Ld:fast_both", keys, &x, &y)) {
        result = PyFloat_FromDouble(both_impl(x, y));
    }
    Py_XDECREF(tuple);
    Py_XDECREF(dict);
    return result;
}
TYPEDCALL_METHOD(fast_both, both_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG_UNNAMED(I64),
                 TYPEDCALL_ARG(F64, y));

/* ---- By position only, some left out ----------------------------------------------------------------------------- */

static PyObject *fast_optional_impl(int64_t x, double y, PyObject *z) {
    return Py_BuildValue("(LdO)", (long long)x, y, z);
}
static PyObject *fast_optional(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    UNUSED(self);
    wrapper_calls++;
    if (nargs < 1 || nargs > 3) return PyErr_Format(PyExc_TypeError, "fast_optional() takes 1 to 3, not %zd", nargs);
    long long x = PyLong_AsLongLong(args[0]);
    if (x == -1 && PyErr_Occurred()) return NULL;
    double y = nargs > 1 ? PyFloat_AsDouble(args[1]) : -0.0;
    if (y == -1.0 && PyErr_Occurred()) return NULL;
    return fast_optional_impl(x, y, nargs > 2 ? args[2] : default_object);
}
TYPEDCALL_METHOD(fast_optional, fast_optional_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG_DEFAULT_FLOAT(F64, y, -0.0, 0),
                 TYPEDCALL_ARG_DEFAULT_OBJECT(OBJECT, z, &default_object, 0));

/* Calls something that may replace the default, and uses the one that it got. */
static PyObject *call_first_impl(PyObject *function, PyObject *z) {
    PyObject *result = PyObject_CallNoArgs(function);
    if (result == NULL) return NULL;
    Py_DECREF(result);
    return PyObject_Repr(z);
}
static PyObject *call_first(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    UNUSED(self);
    wrapper_calls++;
    if (nargs < 1 || nargs > 2) return PyErr_Format(PyExc_TypeError, "call_first() takes 1 or 2, not %zd", nargs);
    PyObject *z = Py_NewRef(nargs > 1 ? args[1] : default_object), *result = call_first_impl(args[0], z);
    Py_DECREF(z);
    return result;
}
TYPEDCALL_METHOD(call_first, call_first_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG_UNNAMED(OBJECT),
                 TYPEDCALL_VALUE(TYPEDCALL_KIND_OBJECT, TYPEDCALL_OPTIONAL, 0, NULL, NULL, 0, 0, &default_object));

static int64_t tuple_optional_impl(int64_t x, int64_t y) { return x - y; }
static PyObject *tuple_optional(PyObject *self, PyObject *args) {
    long long x, y = -3;
    UNUSED(self);
    wrapper_calls++;
    if (!PyArg_ParseTuple(args, "L|L:tuple_optional", &x, &y)) return NULL;
    return PyLong_FromLongLong(tuple_optional_impl(x, y));
}
TYPEDCALL_METHOD(tuple_optional, tuple_optional_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG_DEFAULT_INT(I64, y, -3, 0));

static int64_t tuple_two_impl(int64_t x, int64_t y) { return x ^ y; }
static PyObject *tuple_two(PyObject *self, PyObject *args) {
    long long x, y;
    UNUSED(self);
    wrapper_calls++;
    return PyArg_ParseTuple(args, "LL:tuple_two", &x, &y) ? PyLong_FromLongLong(tuple_two_impl(x, y)) : NULL;
}
TYPEDCALL_METHOD(tuple_two, tuple_two_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG(I64, y));

/* ---- By name only; a default that changes ------------------------------------------------------------------------ */

static PyObject *only_named_impl(int64_t key, PyObject *other) { return Py_BuildValue("(LO)", (long long)key, other); }
TUPLE_NAMED(only_named) {
    static char *names[] = {"key", "other", NULL};
    PyObject *given = NULL, *other = default_object;
    UNUSED(self);
    wrapper_calls++;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|$OO:only_named", names, &given, &other)) return NULL;
    if (given == NULL) return PyErr_Format(PyExc_TypeError, "only_named() needs a key");
    long long key = PyLong_AsLongLong(given);
    return key == -1 && PyErr_Occurred() ? NULL : only_named_impl(key, other);
}
TYPEDCALL_METHOD(only_named, only_named_impl, TYPEDCALL_RESULT(TUPLE, NULL, QUIET),
                 TYPEDCALL_ARG_FLAGS(I64, key, TYPEDCALL_KEYWORD_ONLY),
                 TYPEDCALL_ARG_DEFAULT_OBJECT(OBJECT, other, &default_object, TYPEDCALL_KEYWORD_ONLY));

/* ---- Every kind of constant --------------------------------------------------------------------------------------- */

static PyObject *every_impl(int8_t a, uint8_t b, uint64_t c, float d, bool e, int64_t f, uint16_t g, double h) {
    return Py_BuildValue("(bBKdOLHd)", a, b, (unsigned long long)c, (double)d, e ? Py_True : Py_False, (long long)f, g,
                         h);
}
TUPLE_NAMED(every) {
    static char *names[] = {"a", "b", "c", "d", "e", "f", "g", "h", NULL};
    PyObject *found[8] = {NULL};
    UNUSED(self);
    wrapper_calls++;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|OOOOOOOO:every", names, &found[0], &found[1], &found[2],
                                     &found[3], &found[4], &found[5], &found[6], &found[7])) {
        return NULL;
    }
#define WHOLE(index, name, otherwise) \
    long long name = found[index] == NULL ? otherwise : PyLong_AsLongLong(found[index]); \
    if (name == -1 && PyErr_Occurred()) return NULL;
#define REAL(index, name, otherwise) \
    double name = found[index] == NULL ? otherwise : PyFloat_AsDouble(found[index]); \
    if (name == -1.0 && PyErr_Occurred()) return NULL;
    WHOLE(0, a, -128) WHOLE(1, b, 255) REAL(3, d, 0.1) WHOLE(5, f, INT64_MIN) WHOLE(6, g, 65535) REAL(7, h, 1e300)
    unsigned long long c = found[2] == NULL ? UINT64_MAX : PyLong_AsUnsignedLongLong(found[2]);
    if (c == UINT64_MAX && PyErr_Occurred()) return NULL;
    int e = found[4] == NULL ? 1 : PyObject_IsTrue(found[4]);
    return e < 0 ? NULL : every_impl((int8_t)a, (uint8_t)b, c, (float)d, e, f, (uint16_t)g, h);
}
TYPEDCALL_METHOD(every, every_impl, TYPEDCALL_RESULT(TUPLE, NULL, QUIET), TYPEDCALL_ARG_DEFAULT_INT(I8, a, -128, 0),
                 TYPEDCALL_ARG_DEFAULT_INT(U8, b, 255, 0), TYPEDCALL_ARG_DEFAULT_INT(U64, c, -1, 0),
                 TYPEDCALL_ARG_DEFAULT_FLOAT(F32, d, 0.1, 0), TYPEDCALL_ARG_DEFAULT_INT(CBOOL, e, 1, 0),
                 TYPEDCALL_ARG_DEFAULT_INT(I64, f, INT64_MIN, 0), TYPEDCALL_ARG_DEFAULT_INT(U16, g, 65535, 0),
                 TYPEDCALL_ARG_DEFAULT_FLOAT(F64, h, 1e300, 0));

/* ---- Defaults that are no numbers --------------------------------------------------------------------------------- */

static PyObject *texts_impl(PyObject *object, const char *text, Py_ssize_t length, const char *more, Py_ssize_t rest) {
    return Py_BuildValue("(Os#z#)", object == NULL ? Py_Ellipsis : object, text, length, more, rest);
}
TUPLE_NAMED(texts) {
    static char *names[] = {"object", "text", "more", NULL};
    PyObject *object = NULL;
    const char *text = "gr\303\266\303\237e", *more = NULL;
    UNUSED(self);
    wrapper_calls++;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O$sz:texts", names, &object, &text, &more)) return NULL;
    if (object == Py_None) object = NULL;
    return texts_impl(object, text, (Py_ssize_t)strlen(text), more, more == NULL ? 0 : (Py_ssize_t)strlen(more));
}
TYPEDCALL_METHOD(texts, texts_impl, TYPEDCALL_RESULT(TUPLE, NULL, QUIET), TYPEDCALL_ARG_DEFAULT_NONE(OBJECT, object, 0),
                 TYPEDCALL_ARG_DEFAULT_STR(text, "gr\303\266\303\237e", TYPEDCALL_KEYWORD_ONLY),
                 TYPEDCALL_ARG_DEFAULT_NONE(CSTR, more, TYPEDCALL_KEYWORD_ONLY));

/* ---- Overloads that differ by names too ------------------------------------------------------------------------------ */

static int64_t pick_int_impl(int64_t x) { return x + 1; }
static double pick_float_impl(double x, double scale) { return x * scale; }
static PyObject *pick_text_impl(PyObject *text, int64_t times) { return PySequence_Repeat(text, times); }
TYPEDCALL_SIGNATURE(pick_int, pick_int_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(pick_float, pick_float_impl, TYPEDCALL_RESULT(F64, NEVER, QUIET), TYPEDCALL_ARG(F64, x),
                    TYPEDCALL_ARG_DEFAULT_FLOAT(F64, scale, 2.0, TYPEDCALL_KEYWORD_ONLY));
TYPEDCALL_SIGNATURE(pick_text, pick_text_impl, TYPEDCALL_RESULT(STR, NULL, 0), TYPEDCALL_ARG(STR, text),
                    TYPEDCALL_ARG_DEFAULT_INT(I64, times, 3, 0));
TYPEDCALL_OVERLOADS(pick, "pick", TYPEDCALL_OF(pick_int), TYPEDCALL_OF(pick_float), TYPEDCALL_OF(pick_text));
/* In the order of the overloads: what one refuses by a TypeError is the next one's. */
TUPLE_NAMED(pick) {
    static char *of_int[] = {"", NULL}, *of_float[] = {"x", "scale", NULL}, *of_text[] = {"text", "times", NULL};
    long long number, times = 3;
    double x, scale = 2.0;
    PyObject *text;
    UNUSED(self);
    wrapper_calls++;
    if (PyArg_ParseTupleAndKeywords(args, keywords, "L:pick", of_int, &number)) {
        return PyLong_FromLongLong(pick_int_impl(number));
    }
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
    PyErr_Clear();
    if (PyArg_ParseTupleAndKeywords(args, keywords, "d|$d:pick", of_float, &x, &scale)) {
        return PyFloat_FromDouble(pick_float_impl(x, scale));
    }
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
    PyErr_Clear();
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "U|L:pick", of_text, &text, &times)) return NULL;
    return pick_text_impl(text, times);
}

/* ---- Methods of a type ---------------------------------------------------------------------------------------------- */

static PyObject *scaled_impl(PyObject *self, int64_t x, typedcall_context *context, int64_t by) {
    return Py_BuildValue("(OLO)", self, (long long)(x * by), context != NULL ? Py_True : Py_False);
}
static PyObject *scaled_parsed(PyObject *self, PyObject *args, PyObject *keywords) {
    static char *names[] = {"x", "by", NULL};
    typedcall_context context = typedcall_context_here();
    long long x, by = 2;
    wrapper_calls++;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "L|L:scaled", names, &x, &by)) return NULL;
    return scaled_impl(self, x, &context, by);
}
FAST_NAMED(scaled_fast) {
    PyObject *tuple = NULL, *dict = NULL;
    PyObject *result = spread(args, nargs, names, &tuple, &dict) < 0 ? NULL : scaled_parsed(self, tuple, dict);
    Py_XDECREF(tuple);
    Py_XDECREF(dict);
    return result;
}
static PyObject *scaled_of(PyObject *self, PyTypeObject *class, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *names) {
    if (class == NULL || !PyType_IsSubtype(Py_TYPE(self), class) || strcmp(class->tp_name, "arguments.Point") != 0) {
        return PyErr_Format(PyExc_SystemError, "not the defining class: %R", class);
    }
    return scaled_fast(self, args, nargs, names);
}
static PyObject *added(PyObject *self, PyObject *args) {
    UNUSED(self);
    return tuple_optional(NULL, args);
}
#define SCALED TYPEDCALL_SELF, TYPEDCALL_ARG(I64, x), TYPEDCALL_CONTEXT, TYPEDCALL_ARG_DEFAULT_INT(I64, by, 2, 0)
TYPEDCALL_METHOD(scaled, scaled_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), SCALED);
TYPEDCALL_METHOD(scaled_tuple, scaled_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), SCALED);
TYPEDCALL_METHOD(scaled_of, scaled_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), SCALED);
static int64_t added_impl(PyObject *self, int64_t x, int64_t y) {
    UNUSED(self);
    return tuple_optional_impl(x, y);
}
TYPEDCALL_METHOD(added, added_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET), TYPEDCALL_SELF, TYPEDCALL_ARG(I64, x),
                 TYPEDCALL_ARG_DEFAULT_INT(I64, y, -3, 0));

static PyObject *tagged_impl(PyObject *self, PyObject *tag) { return PyTuple_Pack(2, self, tag); }
static PyObject *tagged(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs > 1) return PyErr_Format(PyExc_TypeError, "tagged() takes 0 or 1, not %zd", nargs);
    return tagged_impl(self, nargs > 0 ? args[0] : default_object);
}
TYPEDCALL_METHOD(tagged, tagged_impl, TYPEDCALL_RESULT(TUPLE, NULL, 0), TYPEDCALL_SELF,
                 TYPEDCALL_ARG_DEFAULT_OBJECT(OBJECT, tag, &default_object, 0));

static PyMethodDef point_methods[] = {
    TYPEDCALL_DEF(tagged, AS_IS(tagged), METH_FASTCALL, NULL),
    TYPEDCALL_DEF(scaled, AS_IS(scaled_fast), METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(scaled_tuple, AS_IS(scaled_parsed), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(scaled_of, AS_IS(scaled_of), METH_METHOD | METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(added, added, METH_VARARGS, NULL),
    {NULL, NULL, 0, NULL},
};
static PyType_Slot slots[] = {{Py_tp_methods, point_methods}, {0, NULL}};
static PyType_Spec spec = {"arguments.Point", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

/* ---- Signatures that their conventions cannot pass ---------------------------------------------------------------- */

static int64_t identity_impl(int64_t x) { return x; }
static PyObject *identity(PyObject *self, PyObject *arg) {
    UNUSED(self);
    long long x = PyLong_AsLongLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(identity_impl(x));
}
static PyObject *fast_identity(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 1) return PyErr_Format(PyExc_TypeError, "one argument");
    return identity(self, args[0]);
}
TYPEDCALL_METHOD(wrong_default, identity_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET),
                 TYPEDCALL_ARG_DEFAULT_INT(I64, x, 3, 0));
TYPEDCALL_METHOD(wrong_name, identity_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET),
                 TYPEDCALL_ARG_FLAGS(I64, x, TYPEDCALL_KEYWORD_ONLY));
TYPEDCALL_METHOD(wrong_name_o, identity_impl, TYPEDCALL_RESULT(I64, NEVER, QUIET),
                 TYPEDCALL_ARG_FLAGS(I64, x, TYPEDCALL_KEYWORD_ONLY));

/* ---- The module ------------------------------------------------------------------------------------------------------ */

static PyObject *calls(PyObject *self, PyObject *unused) {
    UNUSED(self);
    UNUSED(unused);
    return PyLong_FromLong(wrapper_calls);
}
static PyObject *set_default(PyObject *self, PyObject *object) {
    UNUSED(self);
    Py_XSETREF(default_object, Py_NewRef(object));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(tuple_three, AS_IS(tuple_three), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(fast_three, AS_IS(fast_three), METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(tuple_named, AS_IS(tuple_named), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(fast_both, AS_IS(fast_both), METH_FASTCALL | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(fast_optional, AS_IS(fast_optional), METH_FASTCALL, NULL),
    TYPEDCALL_DEF(call_first, AS_IS(call_first), METH_FASTCALL, NULL),
    TYPEDCALL_DEF(tuple_optional, tuple_optional, METH_VARARGS, NULL),
    TYPEDCALL_DEF(tuple_two, tuple_two, METH_VARARGS, NULL),
    TYPEDCALL_DEF(only_named, AS_IS(only_named), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(every, AS_IS(every), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(texts, AS_IS(texts), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(pick, AS_IS(pick), METH_VARARGS | METH_KEYWORDS, NULL),
    TYPEDCALL_DEF(wrong_default, identity, METH_O, NULL),
    TYPEDCALL_DEF(wrong_name, AS_IS(fast_identity), METH_FASTCALL, NULL),
    TYPEDCALL_DEF(wrong_name_o, identity, METH_O, NULL),
    {"calls", calls, METH_NOARGS, NULL},
    {"set_default", set_default, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "arguments", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_arguments(void) {
    default_object = PyFloat_FromDouble(12.5);
    PyObject *module = PyModule_Create(&definition);
    PyObject *type = module == NULL ? NULL : PyType_FromSpec(&spec);
    if (type == NULL || PyModule_AddObject(module, "Point", type) < 0) {
        Py_XDECREF(type);
        Py_CLEAR(module);
    }
    return module;
}
