/* An extension whose typed methods are each broken in one way, and work as ordinary ones: each returns its argument.
 * Imports as the module `broken`. */
#include <Python.h>
#include "typedcall.h"

static int64_t identity_impl(int64_t x) { return x; }

static PyObject *wrapper(PyObject *self, PyObject *arg) {
    (void)self;
    Py_INCREF(arg);
    return arg;
}

#define RESULT TYPEDCALL_RESULT(I64, NEVER, 0)
#define PARAMETER TYPEDCALL_ARG(I64, x)
#define FUNCTION (void (*)(void))identity_impl

/* A method written out by hand, where the macros would not let one write nonsense. */
#define BY_HAND(id, function, count, function_reserved, overloads, head_reserved, magic, version, size, address, ...) \
    static const typedcall_value values_##id[] = {__VA_ARGS__}; \
    static const typedcall_signature signature_##id = {function, values_##id, count, function_reserved}; \
    static const typedcall_signature *const signatures_##id[] = {&signature_##id}; \
    static const struct { \
        typedcall_head head; \
        char name[sizeof(#id)]; \
    } typedcall_container_##id = {{signatures_##id, overloads, head_reserved, magic, version, size, address}, #id}

#define BROKEN_HEAD(id, overloads, reserved, version, size, address) \
    BY_HAND(id, FUNCTION, 2, 0, overloads, reserved, TYPEDCALL_MAGIC, version, size, address, RESULT, PARAMETER)
#define BROKEN_FUNCTION(id, function, count, reserved) \
    BY_HAND(id, function, count, reserved, 1, 0, TYPEDCALL_MAGIC, 1, 40, &typedcall_container_##id, RESULT, PARAMETER)
#define BROKEN_VALUES(id, ...) \
    BY_HAND(id, FUNCTION, 2, 0, 1, 0, TYPEDCALL_MAGIC, 1, 40, &typedcall_container_##id, __VA_ARGS__)

#define VALUE(kind, flags, effects) TYPEDCALL_VALUE(kind, flags, effects, NULL, NULL, 0, 0, NULL)

BROKEN_HEAD(wrong_version, 1, 0, 2, 40, &typedcall_container_wrong_version);
BROKEN_HEAD(wrong_size, 1, 0, 1, 41, &typedcall_container_wrong_size);
BROKEN_HEAD(wrong_self, 1, 0, 1, 40, &typedcall_container_wrong_version);
BROKEN_HEAD(no_overloads, 0, 0, 1, 40, &typedcall_container_no_overloads);
BROKEN_HEAD(used_reserve, 1, 5, 1, 40, &typedcall_container_used_reserve);
BROKEN_FUNCTION(null_function, NULL, 2, 0);
BROKEN_FUNCTION(no_values, FUNCTION, 0, 0);
BROKEN_FUNCTION(many_values, FUNCTION, 18, 0);
BROKEN_VALUES(unknown_kind, RESULT, VALUE(99, 0, 0));
BROKEN_VALUES(unknown_flag, RESULT, VALUE(TYPEDCALL_KIND_I64, 0x0800, 0));
BROKEN_VALUES(unknown_raises, VALUE(TYPEDCALL_KIND_I64, 9, 0), PARAMETER);
BROKEN_VALUES(unknown_effect, VALUE(TYPEDCALL_KIND_I64, 0, 0x100), PARAMETER);
BY_HAND(flag_alone, FUNCTION, 2, 0, 1, 0, 0, 1, 40, &typedcall_container_flag_alone, RESULT, PARAMETER);
/* And one that is as it should be. */
BROKEN_VALUES(good, RESULT, PARAMETER);

#define LONG_64 "long_long_long_long_long_long_long_long_long_long_long_long_long_"
BROKEN_VALUES(long_name, RESULT,
              TYPEDCALL_VALUE(TYPEDCALL_KIND_I64, 0, 0, LONG_64 LONG_64 LONG_64 LONG_64, NULL, 0, 0, NULL));

#define DEF(id) \
    {typedcall_container_##id.name, (PyCFunction)(void (*)(void))wrapper, METH_O | TYPEDCALL_METH_TYPED, NULL}

PyMODINIT_FUNC PyInit_broken(void);
PyMethodDef *table(void);

static PyMethodDef methods[] = {
    DEF(good),         DEF(wrong_version), DEF(wrong_size),   DEF(wrong_self),   DEF(no_overloads),
    DEF(used_reserve), DEF(null_function), DEF(no_values),    DEF(many_values),  DEF(unknown_kind),
    DEF(unknown_flag), DEF(unknown_raises), DEF(unknown_effect), DEF(long_name), DEF(flag_alone),
    {NULL, NULL, 0, NULL},
};

PyMethodDef *table(void) { return methods; }

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "broken", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_broken(void) { return PyModule_Create(&module); }
