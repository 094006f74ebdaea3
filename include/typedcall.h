/* typedcall.h: declare in C what a method's underlying function takes and returns, so that a compiler can call it
 * directly.
 *
 * C99 and C++17, only static data, nothing to link, no code at load time. Metadata that nobody reads costs a few bytes
 * of read-only data and no time. Licence: MIT or Apache-2.0.
 *
 *     #include <Python.h>
 *     #include "typedcall.h"
 *
 *     // The underlying function: C values in, a C value out.
 *     static int64_t inc_impl(int64_t x) { return x + 1; }
 *
 *     // The wrapper that CPython calls, as before.
 *     static PyObject *inc(PyObject *self, PyObject *arg) {
 *         long long x = PyLong_AsLongLong(arg);
 *         if (x == -1 && PyErr_Occurred()) return NULL;
 *         return PyLong_FromLongLong(inc_impl(x));
 *     }
 *
 *     // One line declares inc_impl: (x: i64) -> i64, never raises, runs no Python code.
 *     TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
 *
 *     // Its line in the method table becomes:
 *     static PyMethodDef methods[] = {
 *         TYPEDCALL_DEF(inc, inc, METH_O, "inc(x)\n--\n\nOne more than x."),
 *         {NULL, NULL, 0, NULL},
 *     };
 *
 * The wrapper and the underlying function must do the same: a compiler may use either. The underlying function is called
 * only with arguments of the kinds that the line names. For any other argument the wrapper is called, and raises or
 * converts as before.
 *
 * More lines:
 *
 *     // No parameters; the Python name "now" differs from the C identifier.
 *     TYPEDCALL_METHOD_NAMED(clock_now, "now", now_impl, TYPEDCALL_RESULT(F64, NEVER, 0));
 *
 *     // (self: str, x: object, *, base: i32 = 10) -> object raises null [steals(1)]
 *     TYPEDCALL_METHOD(put, put_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_STEALS(1)), TYPEDCALL_SELF_OF(STR),
 *                      TYPEDCALL_ARG(OBJECT, x), TYPEDCALL_ARG_DEFAULT_INT(I32, base, 10, TYPEDCALL_KEYWORD_ONLY));
 *
 *     // Two overloads under one name, tried in this order.
 *     TYPEDCALL_SIGNATURE(abs_int, llabs, TYPEDCALL_RESULT(I64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(I64));
 *     TYPEDCALL_SIGNATURE(abs_float, fabs, TYPEDCALL_RESULT(F64, NEVER, 0), TYPEDCALL_ARG_UNNAMED(F64));
 *     TYPEDCALL_OVERLOADS(absolute, "abs", TYPEDCALL_OF(abs_int), TYPEDCALL_OF(abs_float));
 *
 * docs/abi.md describes every byte that these lines make.
 */
#ifndef TYPEDCALL_H
#define TYPEDCALL_H

#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX != UINT64_MAX
#error "typedcall.h: version 1 is defined for 64-bit platforms only"
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "typedcall.h: version 1 is defined for little-endian platforms only"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The flag ------------------------------------------------------------------------------------------------- */

/* The bit of PyMethodDef.ml_flags that says "metadata stands before the name". Readers of this ABI do not need it: they
 * recognise the metadata itself. The bit slows down the interpreter's own calls, so TYPEDCALL_DEF sets it only if
 * TYPEDCALL_SET_FLAG is defined before this header is included. */
#define TYPEDCALL_METH_TYPED 0x0400

#ifdef TYPEDCALL_SET_FLAG
#define TYPEDCALL_FLAG TYPEDCALL_METH_TYPED
#else
#define TYPEDCALL_FLAG 0
#endif

/* ---- The structs ---------------------------------------------------------------------------------------------- */

/* The version of the ABI that this header writes. */
#define TYPEDCALL_VERSION 1

/* The bytes 89 'T' 'Y' 'P' 'E' 'D' 00 1A in memory: no text contains them. */
#define TYPEDCALL_MAGIC UINT64_C(0x1A00444550595489)

/* A parameter or a result, 48 bytes. */
typedef struct typedcall_value {
    uint16_t kind;                    /* TYPEDCALL_KIND_... */
    uint16_t flags;                   /* parameter: flags; result: the error convention and TYPEDCALL_SUBCLASSES */
    uint32_t effects;                 /* result: effects and stolen parameters; parameter: 0 */
    const char *name;                 /* parameter: NULL or a UTF-8 identifier of at most 255 bytes; result: NULL */
    struct _typeobject *const *type;  /* kind USER: where the PyTypeObject * is found; else NULL */
    int64_t default_int;              /* default of an integer kind or of CBOOL; U64 and USIZE: the same 64 bits */
    double default_float;             /* default of F32 and F64 */
    const void *default_address;      /* default of object kinds: a PyObject **; of CSTR: a const char * */
} typedcall_value;

/* One underlying function, 24 bytes. */
typedef struct typedcall_signature {
    void (*function)(void);         /* the underlying function */
    const typedcall_value *values;  /* the result first, then the parameters in the order of the C arguments */
    uint32_t value_count;           /* 1 + number of parameters, at most 17 */
    uint32_t reserved;              /* 0 */
} typedcall_signature;

/* The bytes before the name that ml_name points at, 40 of them. The last 24, the footer, keep their distance from the
 * name in every version; fields may be added at the front. */
typedef struct typedcall_head {
    const typedcall_signature *const *signatures; /* overloads, tried in this order */
    uint32_t signature_count;                     /* 1 to 16 */
    uint32_t reserved;                            /* 0 */
    uint64_t magic;                               /* TYPEDCALL_MAGIC */
    uint32_t version;                             /* TYPEDCALL_VERSION */
    uint32_t size;                                /* bytes from the container's first byte to the name: 40 */
    const void *self;                             /* the address of the container's first byte */
} typedcall_head;

/* The result of a function whose result kind is BUFFER. The memory stays the function's own. */
typedef struct typedcall_buffer {
    const void *start; /* NULL for None, or for an error if the convention is NULL */
    intptr_t length;   /* in bytes */
} typedcall_buffer;

/* ---- Kinds: what a C value is, and which Python values it stands for -------------------------------------------- */

/* 0 is not a kind, so zeroed memory is not a signature. */
#define TYPEDCALL_KIND_INVALID 0x00
#define TYPEDCALL_KIND_VOID 0x01    /* no value; results only */
#define TYPEDCALL_KIND_CONTEXT 0x02 /* typedcall_context *; parameters only */
#define TYPEDCALL_KIND_OBJECT 0x03  /* PyObject *, any */
#define TYPEDCALL_KIND_USER 0x04    /* PyObject *, of the type that the field `type` leads to */
/* Two C arguments: const char * (UTF-8, with a NUL at its end and no other) and Py_ssize_t, its length in bytes. As a
 * result one const char *; the memory stays the function's own. */
#define TYPEDCALL_KIND_CSTR 0x05
/* Two C arguments: const void * and Py_ssize_t, its length in bytes. As a result a typedcall_buffer. */
#define TYPEDCALL_KIND_BUFFER 0x06

#define TYPEDCALL_KIND_I8 0x10
#define TYPEDCALL_KIND_I16 0x11
#define TYPEDCALL_KIND_I32 0x12
#define TYPEDCALL_KIND_I64 0x13
#define TYPEDCALL_KIND_U8 0x14
#define TYPEDCALL_KIND_U16 0x15
#define TYPEDCALL_KIND_U32 0x16
#define TYPEDCALL_KIND_U64 0x17
#define TYPEDCALL_KIND_ISIZE 0x18 /* Py_ssize_t, intptr_t */
#define TYPEDCALL_KIND_USIZE 0x19 /* size_t, uintptr_t */
#define TYPEDCALL_KIND_F32 0x1A   /* float */
#define TYPEDCALL_KIND_F64 0x1B   /* double */
#define TYPEDCALL_KIND_CBOOL 0x1C /* bool, _Bool */

/* PyObject * of a type that CPython defines: exactly that type, or a subclass too with TYPEDCALL_SUBCLASSES. */
#define TYPEDCALL_KIND_INT 0x20
#define TYPEDCALL_KIND_FLOAT 0x21
#define TYPEDCALL_KIND_BOOL 0x22
#define TYPEDCALL_KIND_STR 0x23
#define TYPEDCALL_KIND_BYTES 0x24
#define TYPEDCALL_KIND_LIST 0x25
#define TYPEDCALL_KIND_TUPLE 0x26
#define TYPEDCALL_KIND_DICT 0x27
#define TYPEDCALL_KIND_NONE 0x28 /* None itself */

/* ---- Flags of a parameter --------------------------------------------------------------------------------------- */

#define TYPEDCALL_OPTIONAL 0x0001     /* may be left out: a default is given (the DEFAULT macros set this) */
#define TYPEDCALL_NULLABLE 0x0002     /* None is accepted, and passed as a null pointer */
#define TYPEDCALL_KEYWORD_ONLY 0x0004 /* may be passed by name only */
#define TYPEDCALL_RECEIVER 0x0008     /* the object that the method is called on (the SELF macros set this) */
#define TYPEDCALL_DEFAULT_NONE 0x0010 /* the default is None, passed as a null pointer */
#define TYPEDCALL_SUBCLASSES 0x0100   /* Python and user types, also of results: also instances of subclasses */

/* ---- Error conventions: how the function reports that it has set a Python exception ------------------------------- */

#define TYPEDCALL_RAISES_NEVER 0     /* it never raises */
#define TYPEDCALL_RAISES_NULL 1      /* by a null pointer */
#define TYPEDCALL_RAISES_MINUS_ONE 2 /* by -1, if PyErr_Occurred() agrees */
#define TYPEDCALL_RAISES_NONZERO 3   /* by a C int other than 0; there is no other result: kind VOID */
#define TYPEDCALL_RAISES_CHECK 4     /* only PyErr_Occurred() tells */

/* ---- Effects: promises about a call. Or them together; 0 promises nothing. ---------------------------------------- */

/* NO_PYTHON: runs no Python code, not even a destructor, and does not release the GIL (Py_BEGIN_ALLOW_THREADS), since
 * other threads may then run Python code. */
#define TYPEDCALL_NO_PYTHON UINT32_C(0x0001)
#define TYPEDCALL_PURE UINT32_C(0x0002)            /* may be dropped when unused, and merged with an equal call */
#define TYPEDCALL_NOGIL UINT32_C(0x0004)           /* the GIL may be released around it; it must not do so itself */
#define TYPEDCALL_BORROWED_RESULT UINT32_C(0x0008) /* the object that it returns is borrowed */
/* Takes over a reference to parameter n. n counts from 0, with self and context; CSTR and BUFFER count as one. */
#define TYPEDCALL_STEALS(n) (UINT32_C(1) << (16 + (n)))

/* ---- Results: the first of a signature's values ------------------------------------------------------------------- */

/* Any value, field by field. The macros below are short forms of it. */
#define TYPEDCALL_VALUE(kind, flags, effects, name, type, default_int, default_float, default_address) \
    { \
        (uint16_t)(kind), (uint16_t)(flags), (uint32_t)(effects), (name), (type), (int64_t)(default_int), \
            (double)(default_float), (const void *)(default_address) \
    }

/* kind: VOID, I64, OBJECT, STR, ...; raises: NEVER, NULL, MINUS_ONE, NONZERO or CHECK; effects: 0 or the above. */
#define TYPEDCALL_RESULT(kind, raises, effects) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_RAISES_##raises, effects, NULL, NULL, 0, 0, NULL)

/* A Python type or a subclass of it. */
#define TYPEDCALL_RESULT_OR_SUBCLASS(kind, raises, effects) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_RAISES_##raises | TYPEDCALL_SUBCLASSES, effects, NULL, NULL, 0, \
                    0, NULL)

/* A type of your own. `type` is the address of the variable that holds the PyTypeObject *, since most types are made
 * when the module is made. For a static type: static PyTypeObject *const point_type = &PointType; */
#define TYPEDCALL_RESULT_OF_TYPE(type, raises, effects) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, TYPEDCALL_RAISES_##raises, effects, NULL, type, 0, 0, NULL)

#define TYPEDCALL_RESULT_OF_TYPE_OR_SUBCLASS(type, raises, effects) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, TYPEDCALL_RAISES_##raises | TYPEDCALL_SUBCLASSES, effects, NULL, type, 0, 0, \
                    NULL)

/* The macros that paste or quote an argument do so themselves, never through another macro, since a parameter may have
 * the same name as one of your macros. */

/* ---- Parameters, in the order of the C arguments ------------------------------------------------------------------ */

/* A named one: TYPEDCALL_ARG(I64, x). FLAGS: any of NULLABLE, KEYWORD_ONLY, SUBCLASSES, or-ed together. */
#define TYPEDCALL_ARG(kind, name) TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, 0, 0, #name, NULL, 0, 0, NULL)
#define TYPEDCALL_ARG_FLAGS(kind, name, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, flags, 0, #name, NULL, 0, 0, NULL)

/* Without a name it can be passed by position only. */
#define TYPEDCALL_ARG_UNNAMED(kind) TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, 0, 0, NULL, NULL, 0, 0, NULL)
#define TYPEDCALL_ARG_UNNAMED_FLAGS(kind, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, flags, 0, NULL, NULL, 0, 0, NULL)

/* An instance of a type of your own; `type` as in TYPEDCALL_RESULT_OF_TYPE. */
#define TYPEDCALL_ARG_OF_TYPE(type, name) TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, 0, 0, #name, type, 0, 0, NULL)
#define TYPEDCALL_ARG_OF_TYPE_OR_SUBCLASS(type, name) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, TYPEDCALL_SUBCLASSES, 0, #name, type, 0, 0, NULL)
#define TYPEDCALL_ARG_OF_TYPE_FLAGS(type, name, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, flags, 0, #name, type, 0, 0, NULL)

/* With a default; flags: 0 or as above. INT for integer kinds and (0 or 1) for CBOOL. */
#define TYPEDCALL_ARG_DEFAULT_INT(kind, name, value, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_OPTIONAL | (flags), 0, #name, NULL, value, 0, NULL)

/* For F32 and F64. */
#define TYPEDCALL_ARG_DEFAULT_FLOAT(kind, name, value, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_OPTIONAL | (flags), 0, #name, NULL, 0, value, NULL)

/* For CSTR: a string literal of at most 4095 bytes, UTF-8, without NUL. */
#define TYPEDCALL_ARG_DEFAULT_STR(name, value, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_CSTR, TYPEDCALL_OPTIONAL | (flags), 0, #name, NULL, 0, 0, value)

/* For OBJECT and Python types: the address of the PyObject * variable that holds the default. */
#define TYPEDCALL_ARG_DEFAULT_OBJECT(kind, name, address, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_OPTIONAL | (flags), 0, #name, NULL, 0, 0, address)

/* None, passed as a null pointer like every None that this parameter gets. */
#define TYPEDCALL_ARG_DEFAULT_NONE(kind, name, flags) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_OPTIONAL | TYPEDCALL_NULLABLE | TYPEDCALL_DEFAULT_NONE | (flags), \
                    0, #name, NULL, 0, 0, NULL)

/* The object that the method is called on, for functions that take it: of any type, of a Python type, of your own. */
#define TYPEDCALL_SELF TYPEDCALL_VALUE(TYPEDCALL_KIND_OBJECT, TYPEDCALL_RECEIVER, 0, NULL, NULL, 0, 0, NULL)
#define TYPEDCALL_SELF_OF(kind) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_RECEIVER, 0, NULL, NULL, 0, 0, NULL)
#define TYPEDCALL_SELF_OF_OR_SUBCLASS(kind) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_##kind, TYPEDCALL_RECEIVER | TYPEDCALL_SUBCLASSES, 0, NULL, NULL, 0, 0, NULL)
#define TYPEDCALL_SELF_OF_TYPE(type) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, TYPEDCALL_RECEIVER, 0, NULL, type, 0, 0, NULL)
#define TYPEDCALL_SELF_OF_TYPE_OR_SUBCLASS(type) \
    TYPEDCALL_VALUE(TYPEDCALL_KIND_USER, TYPEDCALL_RECEIVER | TYPEDCALL_SUBCLASSES, 0, NULL, type, 0, 0, NULL)

/* The C argument of type `typedcall_context *`. */
#define TYPEDCALL_CONTEXT TYPEDCALL_VALUE(TYPEDCALL_KIND_CONTEXT, 0, 0, NULL, NULL, 0, 0, NULL)

/* ---- Methods ------------------------------------------------------------------------------------------------------ */

/* An unused method must give no warning. */
#if defined(__GNUC__) || defined(__clang__)
#define TYPEDCALL_UNUSED __attribute__((__unused__))
#else
#define TYPEDCALL_UNUSED
#endif

/* Write these at file scope, each with a semicolon after it. */

/* TYPEDCALL_METHOD(id, function, result, parameters...): a method with one signature, named as its C identifier. */
#define TYPEDCALL_METHOD(id, function, ...) TYPEDCALL_METHOD_NAMED(id, #id, function, __VA_ARGS__)

/* The same with a Python name of its own, a string literal. */
#define TYPEDCALL_METHOD_NAMED(id, method_name, function, ...) \
    TYPEDCALL_SIGNATURE(id, function, __VA_ARGS__); \
    TYPEDCALL_OVERLOADS(id, method_name, TYPEDCALL_OF(id))

/* TYPEDCALL_SIGNATURE(id, function, result, parameters...): one overload, for TYPEDCALL_OVERLOADS to name. */
#define TYPEDCALL_SIGNATURE(id, function, ...) \
    static const typedcall_value typedcall_values_##id[] TYPEDCALL_UNUSED = {__VA_ARGS__}; \
    static const typedcall_signature typedcall_signature_##id TYPEDCALL_UNUSED = { \
        (void (*)(void))(function), typedcall_values_##id, \
        (uint32_t)(sizeof(typedcall_values_##id) / sizeof(typedcall_value)), 0}

/* The overload of this identifier. */
#define TYPEDCALL_OF(id) &typedcall_signature_##id

/* TYPEDCALL_OVERLOADS(id, "name", TYPEDCALL_OF(a), TYPEDCALL_OF(b)...): a method with several signatures. */
#define TYPEDCALL_OVERLOADS(id, method_name, ...) \
    static const typedcall_signature *const typedcall_signatures_##id[] TYPEDCALL_UNUSED = {__VA_ARGS__}; \
    static const struct { \
        typedcall_head head; \
        char name[sizeof(method_name)]; \
    } typedcall_container_##id TYPEDCALL_UNUSED = { \
        {typedcall_signatures_##id, (uint32_t)(sizeof(typedcall_signatures_##id) / sizeof(void *)), 0, \
         TYPEDCALL_MAGIC, TYPEDCALL_VERSION, (uint32_t)sizeof(typedcall_head), &typedcall_container_##id}, \
        method_name}

/* TYPEDCALL_DEF(id, wrapper, METH_..., doc): the method's line in a PyMethodDef[]. Needs Python.h. */
#define TYPEDCALL_DEF(id, wrapper, meth_flags, doc) \
    {typedcall_container_##id.name, (PyCFunction)(void (*)(void))(wrapper), (meth_flags) | TYPEDCALL_FLAG, (doc)}

/* ---- The context -------------------------------------------------------------------------------------------------- */

#define TYPEDCALL_CONTEXT_VERSION 1

/* The argument for a TYPEDCALL_CONTEXT parameter, so that a function need not look for its thread. It is valid only
 * during the call and in its thread. Private fields may follow: read no field that ends beyond `size`. */
typedef struct typedcall_context {
    uint32_t version;   /* TYPEDCALL_CONTEXT_VERSION */
    uint32_t size;      /* bytes of the whole context, at least 24 */
    void *thread_state; /* the PyThreadState * of the calling thread */
    void *interpreter;  /* its PyInterpreterState * */
} typedcall_context;

#ifdef Py_PYTHON_H
/* For wrappers: the context of the calling thread, which holds the GIL. Include Python.h first.
 *
 *     typedcall_context context = typedcall_context_here();
 *     return box(f_impl(&context, x));
 */
static inline typedcall_context typedcall_context_here(void) {
    typedcall_context context;
    context.version = TYPEDCALL_CONTEXT_VERSION;
    context.size = (uint32_t)sizeof(context);
    context.thread_state = (void *)PyThreadState_Get();
    context.interpreter = (void *)PyInterpreterState_Get();
    return context;
}
#endif

/* ---- The layout holds, or nothing compiles ------------------------------------------------------------------------ */

#define TYPEDCALL_ASSERT(claim, condition) typedef char typedcall_assert_##claim[(condition) ? 1 : -1]

TYPEDCALL_ASSERT(value_is_48_bytes, sizeof(typedcall_value) == 48);
TYPEDCALL_ASSERT(value_name_at_8, offsetof(typedcall_value, name) == 8);
TYPEDCALL_ASSERT(value_default_address_at_40, offsetof(typedcall_value, default_address) == 40);
TYPEDCALL_ASSERT(signature_is_24_bytes, sizeof(typedcall_signature) == 24);
TYPEDCALL_ASSERT(signature_count_at_16, offsetof(typedcall_signature, value_count) == 16);
TYPEDCALL_ASSERT(head_is_40_bytes, sizeof(typedcall_head) == 40);
TYPEDCALL_ASSERT(footer_is_24_bytes, sizeof(typedcall_head) - offsetof(typedcall_head, magic) == 24);
TYPEDCALL_ASSERT(context_is_24_bytes, sizeof(typedcall_context) == 24);

#ifdef __cplusplus
}
#endif

#endif /* TYPEDCALL_H */
