/* Every macro of typedcall.h at least once, and every kind. Built as C99 and C++17, flagged and not. */
#include <Python.h>
#include <stdbool.h>
#include "typedcall.h"

static PyObject *fallback_object;
static PyTypeObject *point_type;

static int64_t inc_impl(int64_t x) { return x + 1; }
static double now_impl(void) { return 0.5; }
static int64_t abs_int_impl(int64_t x) { return x < 0 ? -x : x; }
static double abs_float_impl(double x) { return x < 0 ? -x : x; }
static int64_t thread_impl(typedcall_context *context, int64_t x) { return context->size >= 24 ? x : -x; }
/* Never called: the reader takes an address as it is. */
static void any_impl(void) {}

static PyObject *wrapper(PyObject *self, PyObject *arg) {
    (void)self;
    Py_INCREF(arg);
    return arg;
}

static PyObject *thread(PyObject *self, PyObject *arg) {
    typedcall_context context = typedcall_context_here();
    (void)self;
    return PyLong_FromLongLong(thread_impl(&context, PyLong_AsLongLong(arg)));
}

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_PURE),
                 TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD_NAMED(clock_now, "now", now_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_NOGIL));
TYPEDCALL_METHOD(thread, thread_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, 0), TYPEDCALL_CONTEXT,
                 TYPEDCALL_ARG_UNNAMED(I64));

TYPEDCALL_SIGNATURE(abs_int, abs_int_impl, TYPEDCALL_RESULT(I64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(abs_float, abs_float_impl, TYPEDCALL_RESULT(F64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_OVERLOADS(absolute, "abs", TYPEDCALL_OF(abs_int), TYPEDCALL_OF(abs_float));

TYPEDCALL_METHOD(scalars, any_impl, TYPEDCALL_RESULT(CBOOL, CHECK, 0), TYPEDCALL_ARG(I8, a), TYPEDCALL_ARG(I16, b),
                 TYPEDCALL_ARG(I32, c), TYPEDCALL_ARG(I64, d), TYPEDCALL_ARG(U8, e), TYPEDCALL_ARG(U16, f),
                 TYPEDCALL_ARG(U32, g), TYPEDCALL_ARG(U64, h), TYPEDCALL_ARG(ISIZE, i), TYPEDCALL_ARG(USIZE, j),
                 TYPEDCALL_ARG(F32, k), TYPEDCALL_ARG(F64, l), TYPEDCALL_ARG(CBOOL, m), TYPEDCALL_ARG(CSTR, n),
                 TYPEDCALL_ARG(BUFFER, o));
TYPEDCALL_METHOD(objects, any_impl, TYPEDCALL_RESULT_OR_SUBCLASS(LIST, NULL, TYPEDCALL_STEALS(1) | TYPEDCALL_STEALS(9)),
                 TYPEDCALL_ARG_UNNAMED_FLAGS(OBJECT, TYPEDCALL_NULLABLE), TYPEDCALL_ARG(OBJECT, a),
                 TYPEDCALL_ARG(INT, b), TYPEDCALL_ARG(FLOAT, c), TYPEDCALL_ARG(BOOL, d), TYPEDCALL_ARG(STR, e),
                 TYPEDCALL_ARG(BYTES, f), TYPEDCALL_ARG_FLAGS(LIST, g, TYPEDCALL_SUBCLASSES),
                 TYPEDCALL_ARG(TUPLE, h), TYPEDCALL_ARG_FLAGS(DICT, i, TYPEDCALL_NULLABLE));
TYPEDCALL_METHOD(give_none, any_impl, TYPEDCALL_RESULT(NONE, NULL, TYPEDCALL_BORROWED_RESULT), TYPEDCALL_ARG(NONE, x));
TYPEDCALL_METHOD(nothing, any_impl, TYPEDCALL_RESULT(VOID, NONZERO, 0), TYPEDCALL_ARG(I64, class));
TYPEDCALL_METHOD(users, any_impl, TYPEDCALL_RESULT_OF_TYPE(&point_type, NULL, 0),
                 TYPEDCALL_SELF_OF_TYPE_OR_SUBCLASS(&point_type), TYPEDCALL_ARG_OF_TYPE(&point_type, a),
                 TYPEDCALL_ARG_OF_TYPE_OR_SUBCLASS(&point_type, b),
                 TYPEDCALL_ARG_OF_TYPE_FLAGS(&point_type, c, TYPEDCALL_NULLABLE));
TYPEDCALL_METHOD(user_result, any_impl, TYPEDCALL_RESULT_OF_TYPE_OR_SUBCLASS(&point_type, NULL, 0),
                 TYPEDCALL_SELF_OF_TYPE(&point_type));
TYPEDCALL_METHOD(receiver, any_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_SELF);
TYPEDCALL_METHOD(text, any_impl, TYPEDCALL_RESULT(STR, NULL, 0), TYPEDCALL_SELF_OF(STR));
TYPEDCALL_METHOD(number, any_impl, TYPEDCALL_RESULT(INT, NULL, 0), TYPEDCALL_SELF_OF_OR_SUBCLASS(INT));
TYPEDCALL_METHOD(defaults, any_impl, TYPEDCALL_RESULT(VOID, NEVER, 0), TYPEDCALL_ARG_DEFAULT_INT(I32, a, -10, 0),
                 TYPEDCALL_ARG_DEFAULT_INT(U64, b, UINT64_MAX, 0), TYPEDCALL_ARG_DEFAULT_INT(CBOOL, c, true, 0),
                 TYPEDCALL_ARG_DEFAULT_FLOAT(F64, d, -0.5, 0), TYPEDCALL_ARG_DEFAULT_STR(e, "text", 0),
                 TYPEDCALL_ARG_DEFAULT_OBJECT(OBJECT, f, &fallback_object, 0),
                 TYPEDCALL_ARG_DEFAULT_NONE(OBJECT, g, TYPEDCALL_KEYWORD_ONLY));
TYPEDCALL_METHOD(unused, any_impl, TYPEDCALL_RESULT(VOID, NEVER, 0));

/* Written out where no macro is short enough. */
TYPEDCALL_METHOD(spelled, any_impl, TYPEDCALL_RESULT(VOID, NEVER, 0),
                 TYPEDCALL_VALUE(TYPEDCALL_KIND_F32, TYPEDCALL_OPTIONAL, 0, NULL, NULL, 0, 1.5, NULL));

#ifdef __cplusplus
extern "C" {
#endif

PyMethodDef *table(void);
void make_types(PyTypeObject *type);

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(inc, wrapper, METH_O, "inc(x)\n--\n\nOne more than x."),
    TYPEDCALL_DEF(clock_now, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(thread, thread, METH_O, NULL),
    {"plain", wrapper, METH_O, NULL},
    TYPEDCALL_DEF(absolute, wrapper, METH_O, NULL),
    TYPEDCALL_DEF(scalars, wrapper, METH_VARARGS, NULL),
    TYPEDCALL_DEF(objects, wrapper, METH_VARARGS, NULL),
    TYPEDCALL_DEF(give_none, wrapper, METH_O, NULL),
    TYPEDCALL_DEF(nothing, wrapper, METH_O, NULL),
    TYPEDCALL_DEF(users, wrapper, METH_VARARGS, NULL),
    TYPEDCALL_DEF(user_result, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(receiver, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(text, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(number, wrapper, METH_NOARGS, NULL),
    TYPEDCALL_DEF(defaults, wrapper, METH_VARARGS, NULL),
    TYPEDCALL_DEF(spelled, wrapper, METH_VARARGS, NULL),
    {NULL, NULL, 0, NULL},
};

PyMethodDef *table(void) { return methods; }

/* What a module's init function would do. */
void make_types(PyTypeObject *type) { point_type = type; }

#ifdef __cplusplus
}
#endif
