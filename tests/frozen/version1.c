/* The source of version1-x86_64.so, which is never built again: readers must go on reading the version 1 that was
 * written when it was. Built once, with the header of that day:
 *
 *     cc -std=c99 -O1 -I include -shared -fPIC -nostdlib -s -Wl,-z,noseparate-code -Wl,--build-id=none \
 *         tests/frozen/version1.c -o tests/frozen/version1-x86_64.so
 */
#ifndef TYPEDCALL_SET_FLAG
#define TYPEDCALL_SET_FLAG
#endif
#include "typedcall.h"

/* What TYPEDCALL_DEF needs of Python.h. */
typedef void (*PyCFunction)(void);
struct method_def {
    const char *name;
    PyCFunction meth;
    int flags;
    const char *doc;
};
#define METH_O 0x0008

static int64_t inc_impl(int64_t x) { return x + 1; }
static double half_impl(double x) { return x / 2; }
static void *put_impl(void *self, typedcall_context *context, void *x, int32_t base, void *other) {
    return context->size >= 24 && base > 0 && other == NULL ? x : self;
}
static void wrapper(void) {}
static void *held;

TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON | TYPEDCALL_PURE),
                 TYPEDCALL_ARG(I64, x));
TYPEDCALL_METHOD(put, put_impl, TYPEDCALL_RESULT(OBJECT, NULL, TYPEDCALL_STEALS(2)), TYPEDCALL_SELF, TYPEDCALL_CONTEXT,
                 TYPEDCALL_ARG_DEFAULT_OBJECT(OBJECT, x, &held, 0), TYPEDCALL_ARG_DEFAULT_INT(I32, base, 10, 0),
                 TYPEDCALL_ARG_DEFAULT_NONE(STR, other, TYPEDCALL_KEYWORD_ONLY | TYPEDCALL_SUBCLASSES));
TYPEDCALL_SIGNATURE(either_int, inc_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, 0), TYPEDCALL_ARG_UNNAMED(I64));
TYPEDCALL_SIGNATURE(either_float, half_impl, TYPEDCALL_RESULT(F64, CHECK, 0), TYPEDCALL_ARG_UNNAMED(F64));
TYPEDCALL_OVERLOADS(either, "either", TYPEDCALL_OF(either_int), TYPEDCALL_OF(either_float));

extern struct method_def table[];
struct method_def table[] = {
    TYPEDCALL_DEF(inc, wrapper, METH_O, "doc"),
    TYPEDCALL_DEF(put, wrapper, METH_O, NULL),
    TYPEDCALL_DEF(either, wrapper, METH_O, NULL),
    {NULL, NULL, 0, NULL},
};
