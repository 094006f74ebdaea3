/* A method table as Cinder's headers let one write it. CPython would import no module with it, and nothing here needs
 * an interpreter: the defaults are stand-ins for objects. */
#include <Python.h>

typedef struct {
    int argtype;
    PyObject *default_value;
    const char *name;
} Element;

typedef struct {
    void *meth;
    const Element *const *sig;
    int ret;
} TypedDef;

#define TYPED 0x0400
#define OPTIONAL 1
#define PARAMETER(index) ((index) << 2 | 2)
enum { U8 = 0 << 2, I8 = 1 << 2, U16 = 2 << 2, I16 = 3 << 2, U32 = 4 << 2, I32 = 5 << 2, U64 = 6 << 2, I64 = 7 << 2,
       OBJECT = 8 << 2, VOID = 13 << 2, STRING = 14 << 2, ERROR = 15 << 2 };

static PyObject stand_in;

#define ELEMENT(name, ...) static const Element name = {__VA_ARGS__}
ELEMENT(u8, U8, NULL, NULL);
ELEMENT(i8, I8, NULL, NULL);
ELEMENT(u16, U16, NULL, NULL);
ELEMENT(i16, I16, NULL, NULL);
ELEMENT(u32, U32, NULL, NULL);
ELEMENT(i32, I32, NULL, NULL);
ELEMENT(u64, U64, NULL, NULL);
ELEMENT(i64, I64, NULL, "number");
ELEMENT(object, OBJECT, NULL, NULL);
ELEMENT(string, STRING, NULL, "text");
ELEMENT(object_default, OBJECT | OPTIONAL, &stand_in, "other");
ELEMENT(object_optional, OBJECT | OPTIONAL, NULL, NULL);
ELEMENT(string_optional, STRING | OPTIONAL, &stand_in, NULL);
ELEMENT(t0, PARAMETER(0), NULL, NULL);
ELEMENT(t1_optional, PARAMETER(1) | OPTIONAL, &stand_in, NULL);
ELEMENT(unknown, 9 << 2, NULL, NULL);
ELEMENT(nothing, VOID, NULL, NULL);
ELEMENT(int_optional, I32 | OPTIONAL, &stand_in, NULL);
ELEMENT(far_parameter, PARAMETER(99), NULL, NULL);
ELEMENT(far_default, OBJECT | OPTIONAL, (PyObject *)64, NULL);
ELEMENT(odd_name, OBJECT, NULL, "no name");

static void function(void) {}
void *underlying(void) { return (void *)function; }

#define METHOD(name, ret, ...)                                 \
    static const Element *const name##_sig[] = {__VA_ARGS__};  \
    static TypedDef name##_def = {(void *)function, name##_sig, ret}
METHOD(none, VOID, NULL);
METHOD(raising, ERROR, &object, &object, NULL);
METHOD(ints, I64, &u8, &i8, &u16, &i16, &u32, &i32, &u64, &i64, NULL);
METHOD(text, STRING, &string, NULL);
METHOD(some_text, STRING | OPTIONAL, NULL);
METHOD(defaults, OBJECT, &object, &object_default, NULL);
METHOD(left_out, OBJECT, &object_optional, NULL);
METHOD(maybe_text, OBJECT, &string_optional, NULL);
METHOD(generic, PARAMETER(0) | OPTIONAL, &t0, &t1_optional, NULL);
METHOD(wide_result, PARAMETER(1), NULL);
METHOD(bad_code, VOID, &object, &unknown, NULL);
METHOD(bad_result, 16 << 2, NULL);
METHOD(void_parameter, VOID, &nothing, NULL);
METHOD(optional_int, VOID, &int_optional, NULL);
METHOD(many_parameters, VOID, &far_parameter, NULL);
METHOD(bad_default, VOID, &far_default, NULL);
METHOD(bad_name, VOID, &odd_name, NULL);
METHOD(bad_element, VOID, (const Element *)64, NULL);
METHOD(endless, VOID, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, &i8, NULL);
METHOD(twice, VOID, &i64, &i64, NULL);
static TypedDef no_sig_def = {(void *)function, NULL, VOID};
static TypedDef no_function_def = {NULL, none_sig, VOID};

#define DEF(name, flags) {#name, (PyCFunction)(void *)&name##_def, TYPED | flags, NULL}

static PyMethodDef methods[] = {
    DEF(none, 0),
    DEF(raising, METH_STATIC),
    DEF(ints, 0),
    DEF(text, 0),
    DEF(some_text, 0),
    DEF(defaults, METH_CLASS),
    DEF(wide_result, 0),
    {"plain", (PyCFunction)(void *)function, METH_NOARGS, NULL},
    DEF(left_out, 0),
    DEF(maybe_text, 0),
    DEF(generic, 0),
    DEF(bad_code, 0),
    DEF(bad_result, 0),
    DEF(void_parameter, 0),
    DEF(optional_int, 0),
    DEF(many_parameters, 0),
    DEF(bad_default, 0),
    DEF(bad_name, 0),
    DEF(bad_element, 0),
    DEF(endless, 0),
    DEF(twice, 0),
    DEF(no_sig, 0),
    DEF(no_function, 0),
    {"no_definition", NULL, TYPED, NULL},
    {"wrapped", (PyCFunction)(void *)function, TYPED | METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyMethodDef *table(void) { return methods; }
