/* The shared declarations of the matrix's extension: C values, the parts of underlying functions, and the methods. */
#ifndef MATRIX_H
#define MATRIX_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "typedcall.h"

/* A result of kind `buffer`. */
typedef struct {
    const void *start;
    Py_ssize_t length;
} matrix_buffer;

/* Any C value: of a parameter, or a result. */
typedef union {
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    Py_ssize_t isize;
    size_t usize;
    float f32;
    double f64;
    bool cbool;
    PyObject *ptr;
    typedcall_context *context;
    struct {
        const char *start;
        Py_ssize_t length;
    } cstr;
    matrix_buffer buffer;
    const char *text; /* a result of kind `cstr` */
    int status;       /* of a function that raises by `nonzero` */
} matrix_value;

typedef void (*matrix_function)(void);
/* Calls an underlying function of one C signature. */
typedef void (*matrix_caller)(matrix_function function, const matrix_value *arguments, matrix_value *result);

/* What underlying functions do, whatever their arguments: raise, or return what looks like an error and is none. */
enum { MATRIX_NORMAL, MATRIX_RAISE, MATRIX_ODD };
extern int matrix_mode;

/* Whether wrappers take more than their kinds say: they decide that, and stubs go along. */
extern int matrix_lenient;

/* ---- What underlying functions are made of: numbers from arguments, results from numbers (values.c) --------------- */

uint64_t hash_i8(int8_t value);
uint64_t hash_i16(int16_t value);
uint64_t hash_i32(int32_t value);
uint64_t hash_i64(int64_t value);
uint64_t hash_u8(uint8_t value);
uint64_t hash_u16(uint16_t value);
uint64_t hash_u32(uint32_t value);
uint64_t hash_u64(uint64_t value);
uint64_t hash_isize(Py_ssize_t value);
uint64_t hash_usize(size_t value);
uint64_t hash_f32(float value);
uint64_t hash_f64(double value);
uint64_t hash_cbool(bool value);
uint64_t hash_ptr(PyObject *value);
uint64_t hash_context(typedcall_context *value);
uint64_t hash_cstr(const char *start, Py_ssize_t length);
uint64_t hash_buffer(const void *start, Py_ssize_t length);
uint64_t matrix_mix(uint64_t hash, uint64_t next);
/* Keeps the object, and gives a borrowed reference to it. */
PyObject *matrix_lend(PyObject *object);

#define MATRIX_INTEGERS(EACH) \
    EACH(int8_t, i8, INT8_MIN, INT8_MAX) \
    EACH(int16_t, i16, INT16_MIN, INT16_MAX) \
    EACH(int32_t, i32, INT32_MIN, INT32_MAX) \
    EACH(int64_t, i64, INT64_MIN, INT64_MAX) \
    EACH(uint8_t, u8, 1, UINT8_MAX) \
    EACH(uint16_t, u16, 1, UINT16_MAX) \
    EACH(uint32_t, u32, 1, UINT32_MAX) \
    EACH(uint64_t, u64, 1, UINT64_MAX) \
    EACH(Py_ssize_t, isize, PY_SSIZE_T_MIN, PY_SSIZE_T_MAX) \
    EACH(size_t, usize, 1, SIZE_MAX)

/* name, number of its kind, whether subclasses too */
#define MATRIX_OBJECTS(EACH) \
    EACH(object, OBJECT, 0) \
    EACH(int, INT, 0) EACH(int_sub, INT, 1) \
    EACH(float, FLOAT, 0) EACH(float_sub, FLOAT, 1) \
    EACH(bool, BOOL, 0) EACH(bool_sub, BOOL, 1) \
    EACH(str, STR, 0) EACH(str_sub, STR, 1) \
    EACH(bytes, BYTES, 0) EACH(bytes_sub, BYTES, 1) \
    EACH(list, LIST, 0) EACH(list_sub, LIST, 1) \
    EACH(tuple, TUPLE, 0) EACH(tuple_sub, TUPLE, 1) \
    EACH(dict, DICT, 0) EACH(dict_sub, DICT, 1) \
    EACH(none, NONE, 0) EACH(none_sub, NONE, 1) \
    EACH(user, USER, 0) EACH(user_sub, USER, 1)

/* make_KIND_CONVENTION(hash): a result of this kind by this error convention. */
#define DECLARE_NUMBER(T, NAME) \
    T make_##NAME##_never(uint64_t hash); \
    T make_##NAME##_minus_one(uint64_t hash); \
    T make_##NAME##_check(uint64_t hash);
#define DECLARE_INTEGER(T, NAME, MIN, MAX) DECLARE_NUMBER(T, NAME)
#define DECLARE_OBJECT(NAME, KIND, SUBCLASSES) \
    PyObject *make_##NAME##_never(uint64_t hash); \
    PyObject *make_##NAME##_null(uint64_t hash); \
    PyObject *make_##NAME##_check(uint64_t hash);
MATRIX_INTEGERS(DECLARE_INTEGER)
DECLARE_NUMBER(float, f32)
DECLARE_NUMBER(double, f64)
MATRIX_OBJECTS(DECLARE_OBJECT)
bool make_cbool_never(uint64_t hash);
bool make_cbool_check(uint64_t hash);
const char *make_cstr_never(uint64_t hash);
const char *make_cstr_null(uint64_t hash);
const char *make_cstr_check(uint64_t hash);
matrix_buffer make_buffer_never(uint64_t hash);
matrix_buffer make_buffer_null(uint64_t hash);
matrix_buffer make_buffer_check(uint64_t hash);
void make_void_never(uint64_t hash);
int make_void_nonzero(uint64_t hash);
void make_void_check(uint64_t hash);

/* ---- Methods (wrapper.c) ------------------------------------------------------------------------------------------ */

enum { MATRIX_MAX_VALUES = 17 };

/* One method: its metadata, its definition, and how to call its underlying function. */
typedef struct {
    matrix_function function;
    matrix_caller caller;
    const typedcall_signature *signature;
    PyMethodDef def;
    int32_t target; /* position of the parameter under test among the parameters, or -1 */
} matrix_method;

/* The method that the wrappers stand for: there is one wrapper a calling convention. */
extern const matrix_method *matrix_current;
/* How many calls the wrappers have seen. */
extern uint64_t matrix_wrapped;

/* Types of the module that setup made. */
extern PyTypeObject *matrix_point;
/* A subclass for the number of each kind that has one, else NULL. */
extern PyTypeObject *matrix_subclass[TYPEDCALL_KIND_NONE + 1];
/* The default of a parameter of each object kind. */
extern PyObject *matrix_default[TYPEDCALL_KIND_NONE + 1];
/* How often a function ran without the GIL. */
extern uint64_t matrix_released;
/* How often a conversion of an argument's own ran. */
extern uint64_t matrix_conversions;

PyTypeObject *matrix_type_of(int kind);
/* Whether a caller that has looked may pass the object to a boxed stub. */
int matrix_proven(const typedcall_value *value, PyObject *object);
/* With the GIL or without. Gives NULL. */
PyObject *matrix_raise(uint64_t hash);

#endif
