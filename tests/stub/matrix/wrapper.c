/* The wrappers: what CPython calls, as an extension's author would write them, but driven by the method's own metadata
 * instead of by hand. */

#include "matrix.h"

const matrix_method *matrix_current;
int matrix_lenient;
uint64_t matrix_wrapped;
uint64_t matrix_released;
PyObject *matrix_default[TYPEDCALL_KIND_NONE + 1];

/* The references and buffers that a call gives back when it is over. */
typedef struct {
    Py_buffer view;
    PyObject *kept;
} borrowed;

PyTypeObject *matrix_type_of(int kind) {
    switch (kind) {
    case TYPEDCALL_KIND_INT: return &PyLong_Type;
    case TYPEDCALL_KIND_FLOAT: return &PyFloat_Type;
    case TYPEDCALL_KIND_BOOL: return &PyBool_Type;
    case TYPEDCALL_KIND_STR: return &PyUnicode_Type;
    case TYPEDCALL_KIND_BYTES: return &PyBytes_Type;
    case TYPEDCALL_KIND_LIST: return &PyList_Type;
    case TYPEDCALL_KIND_TUPLE: return &PyTuple_Type;
    case TYPEDCALL_KIND_DICT: return &PyDict_Type;
    case TYPEDCALL_KIND_NONE: return Py_TYPE(Py_None);
    case TYPEDCALL_KIND_USER: return matrix_point;
    case TYPEDCALL_KIND_OBJECT: return &PyBaseObject_Type;
    case TYPEDCALL_KIND_F32:
    case TYPEDCALL_KIND_F64: return &PyFloat_Type;
    case TYPEDCALL_KIND_CBOOL: return &PyBool_Type;
    case TYPEDCALL_KIND_CSTR: return &PyUnicode_Type;
    case TYPEDCALL_KIND_BUFFER: return &PyBytes_Type;
    default: return &PyLong_Type;
    }
}

int matrix_proven(const typedcall_value *value, PyObject *object) {
    PyTypeObject *type = matrix_type_of(value->kind);
    if (object == Py_None && value->flags & TYPEDCALL_NULLABLE) return 1;
    if (value->kind == TYPEDCALL_KIND_OBJECT) return 1;
    return value->flags & TYPEDCALL_SUBCLASSES ? PyObject_TypeCheck(object, type) : Py_IS_TYPE(object, type);
}

/* ---- Arguments ---------------------------------------------------------------------------------------------------- */

static int refuse(const typedcall_value *parameter, PyObject *object) {
    PyErr_Format(PyExc_TypeError, "%s: kind %d does not take %.100s", parameter->name, parameter->kind,
                 Py_TYPE(object)->tp_name);
    return -1;
}

/* An int, or by __index__; a lenient wrapper wraps around what does not fit. */
static int integer(PyObject *object, int64_t least, uint64_t greatest, uint64_t *result) {
    PyObject *index = PyNumber_Index(object);
    if (index == NULL) return -1;
    int overflow = 0;
    int64_t number = PyLong_AsLongLongAndOverflow(index, &overflow);
    if (overflow == 0 && number >= least && (number < 0 || (uint64_t)number <= greatest)) {
        *result = (uint64_t)number;
    } else {
        *result = PyLong_AsUnsignedLongLongMask(index);
        /* What is beyond int64_t, but not beyond uint64_t. */
        int fits = 0;
        if (overflow > 0 && greatest == UINT64_MAX) {
            fits = PyLong_AsUnsignedLongLong(index) != UINT64_MAX || !PyErr_Occurred();
            PyErr_Clear();
        }
        if (!fits && !matrix_lenient) PyErr_SetString(PyExc_OverflowError, "the number does not fit");
    }
    Py_DECREF(index);
    return PyErr_Occurred() ? -1 : 0;
}

static int number(const typedcall_value *parameter, PyObject *object, double *result) {
    if (!matrix_lenient && !PyFloat_Check(object)) return refuse(parameter, object);
    *result = PyFloat_AsDouble(object);
    return *result == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static int text(const typedcall_value *parameter, PyObject *object, matrix_value *value, borrowed *borrowed) {
    if (!PyUnicode_Check(object)) return refuse(parameter, object);
    if (matrix_lenient) {
        borrowed->kept = PyUnicode_AsEncodedString(object, "utf-8", "surrogatepass");
        if (borrowed->kept == NULL) return -1;
        value->cstr.start = PyBytes_AS_STRING(borrowed->kept);
        value->cstr.length = PyBytes_GET_SIZE(borrowed->kept);
        return 0;
    }
    value->cstr.start = PyUnicode_AsUTF8AndSize(object, &value->cstr.length);
    if (value->cstr.start == NULL) return -1;
    if (strlen(value->cstr.start) == (size_t)value->cstr.length) return 0;
    PyErr_SetString(PyExc_ValueError, "embedded null character");
    return -1;
}

static int bytes(const typedcall_value *parameter, PyObject *object, matrix_value *value, borrowed *borrowed) {
    if (!matrix_lenient && !PyBytes_Check(object)) return refuse(parameter, object);
    if (PyObject_GetBuffer(object, &borrowed->view, PyBUF_SIMPLE) != 0) return -1;
    value->buffer.start = borrowed->view.buf;
    value->buffer.length = borrowed->view.len;
    return 0;
}

#define PARSE_INTEGER(T, NAME, KIND, MIN, MAX) \
    case TYPEDCALL_KIND_##KIND: \
        if (integer(object, MIN, MAX, &bits) != 0) return -1; \
        value->NAME = (T)bits; \
        return 0;

static int parse(const typedcall_value *parameter, PyObject *object, matrix_value *value, borrowed *borrowed) {
    uint64_t bits = 0;
    double real = 0;
    if (parameter->flags & TYPEDCALL_NULLABLE && object == Py_None) {
        memset(value, 0, sizeof(*value));
        return 0;
    }
    switch (parameter->kind) {
        PARSE_INTEGER(int8_t, i8, I8, INT8_MIN, INT8_MAX)
        PARSE_INTEGER(int16_t, i16, I16, INT16_MIN, INT16_MAX)
        PARSE_INTEGER(int32_t, i32, I32, INT32_MIN, INT32_MAX)
        PARSE_INTEGER(int64_t, i64, I64, INT64_MIN, INT64_MAX)
        PARSE_INTEGER(uint8_t, u8, U8, 0, UINT8_MAX)
        PARSE_INTEGER(uint16_t, u16, U16, 0, UINT16_MAX)
        PARSE_INTEGER(uint32_t, u32, U32, 0, UINT32_MAX)
        PARSE_INTEGER(uint64_t, u64, U64, 0, UINT64_MAX)
        PARSE_INTEGER(Py_ssize_t, isize, ISIZE, INT64_MIN, INT64_MAX)
        PARSE_INTEGER(size_t, usize, USIZE, 0, UINT64_MAX)
    case TYPEDCALL_KIND_F32:
        if (number(parameter, object, &real) != 0) return -1;
        value->f32 = (float)real;
        return 0;
    case TYPEDCALL_KIND_F64: return number(parameter, object, &value->f64);
    case TYPEDCALL_KIND_CBOOL: {
        if (!matrix_lenient && !PyBool_Check(object)) return refuse(parameter, object);
        int truth = PyObject_IsTrue(object);
        value->cbool = truth == 1;
        return truth < 0 ? -1 : 0;
    }
    case TYPEDCALL_KIND_CSTR: return text(parameter, object, value, borrowed);
    case TYPEDCALL_KIND_BUFFER: return bytes(parameter, object, value, borrowed);
    case TYPEDCALL_KIND_OBJECT: value->ptr = object; return 0;
    default: break;
    }
    /* A lenient one takes instances of subclasses where it need not, and anything where it must take these. */
    PyTypeObject *type = matrix_type_of(parameter->kind);
    int subclasses = (parameter->flags & TYPEDCALL_SUBCLASSES) != 0;
    int taken = subclasses || matrix_lenient ? PyObject_TypeCheck(object, type) : Py_IS_TYPE(object, type);
    if (!taken && !(subclasses && matrix_lenient)) return refuse(parameter, object);
    value->ptr = object;
    return 0;
}

#define DEFAULT_INTEGER(T, NAME, KIND) \
    case TYPEDCALL_KIND_##KIND: value->NAME = (T)parameter->default_int; break;

/* The C value of a default. */
static void default_of(const typedcall_value *parameter, matrix_value *value) {
    memset(value, 0, sizeof(*value));
    if (parameter->flags & TYPEDCALL_DEFAULT_NONE) return;
    switch (parameter->kind) {
        DEFAULT_INTEGER(int8_t, i8, I8)
        DEFAULT_INTEGER(int16_t, i16, I16)
        DEFAULT_INTEGER(int32_t, i32, I32)
        DEFAULT_INTEGER(int64_t, i64, I64)
        DEFAULT_INTEGER(uint8_t, u8, U8)
        DEFAULT_INTEGER(uint16_t, u16, U16)
        DEFAULT_INTEGER(uint32_t, u32, U32)
        DEFAULT_INTEGER(uint64_t, u64, U64)
        DEFAULT_INTEGER(Py_ssize_t, isize, ISIZE)
        DEFAULT_INTEGER(size_t, usize, USIZE)
        DEFAULT_INTEGER(bool, cbool, CBOOL)
    case TYPEDCALL_KIND_F32: value->f32 = (float)parameter->default_float; break;
    case TYPEDCALL_KIND_F64: value->f64 = parameter->default_float; break;
    case TYPEDCALL_KIND_CSTR:
        value->cstr.start = (const char *)parameter->default_address;
        value->cstr.length = (Py_ssize_t)strlen(value->cstr.start);
        break;
    default:
        value->ptr = *(PyObject *const *)parameter->default_address;
        /* As every None that such a parameter gets. */
        if (parameter->flags & TYPEDCALL_NULLABLE && value->ptr == Py_None) value->ptr = NULL;
    }
}

/* ---- Results ------------------------------------------------------------------------------------------------------ */

#define BOX_SIGNED(NAME, KIND) \
    case TYPEDCALL_KIND_##KIND: \
        if (raises == TYPEDCALL_RAISES_MINUS_ONE && result->NAME == -1 && PyErr_Occurred()) return NULL; \
        return PyLong_FromLongLong(result->NAME);
#define BOX_UNSIGNED(T, NAME, KIND) \
    case TYPEDCALL_KIND_##KIND: \
        if (raises == TYPEDCALL_RAISES_MINUS_ONE && result->NAME == (T)-1 && PyErr_Occurred()) return NULL; \
        return PyLong_FromUnsignedLongLong(result->NAME);
#define BOX_FLOAT(NAME, KIND) \
    case TYPEDCALL_KIND_##KIND: \
        if (raises == TYPEDCALL_RAISES_MINUS_ONE && result->NAME == -1 && PyErr_Occurred()) return NULL; \
        return PyFloat_FromDouble(result->NAME);

static PyObject *box(const typedcall_value *kind, const matrix_value *result) {
    int raises = kind->flags & 0xff;
    if (raises == TYPEDCALL_RAISES_CHECK && PyErr_Occurred()) {
        int is_object = kind->kind == TYPEDCALL_KIND_OBJECT || kind->kind == TYPEDCALL_KIND_USER ||
                        kind->kind >= TYPEDCALL_KIND_INT;
        if (is_object && !(kind->effects & TYPEDCALL_BORROWED_RESULT)) Py_XDECREF(result->ptr);
        return NULL;
    }
    switch (kind->kind) {
        BOX_SIGNED(i8, I8)
        BOX_SIGNED(i16, I16)
        BOX_SIGNED(i32, I32)
        BOX_SIGNED(i64, I64)
        BOX_SIGNED(isize, ISIZE)
        BOX_UNSIGNED(uint8_t, u8, U8)
        BOX_UNSIGNED(uint16_t, u16, U16)
        BOX_UNSIGNED(uint32_t, u32, U32)
        BOX_UNSIGNED(uint64_t, u64, U64)
        BOX_UNSIGNED(size_t, usize, USIZE)
        BOX_FLOAT(f32, F32)
        BOX_FLOAT(f64, F64)
    case TYPEDCALL_KIND_CBOOL: return PyBool_FromLong(result->cbool);
    case TYPEDCALL_KIND_VOID:
        if (raises == TYPEDCALL_RAISES_NONZERO && result->status != 0) return NULL;
        Py_RETURN_NONE;
    case TYPEDCALL_KIND_CSTR:
        if (result->text == NULL && raises == TYPEDCALL_RAISES_NULL) return NULL;
        if (result->text == NULL) Py_RETURN_NONE;
        return PyUnicode_FromString(result->text);
    case TYPEDCALL_KIND_BUFFER:
        if (result->buffer.start == NULL && raises == TYPEDCALL_RAISES_NULL) return NULL;
        if (result->buffer.start == NULL) Py_RETURN_NONE;
        return PyBytes_FromStringAndSize((const char *)result->buffer.start, result->buffer.length);
    default:
        if (kind->effects & TYPEDCALL_BORROWED_RESULT) Py_XINCREF(result->ptr);
        return result->ptr;
    }
}

/* ---- One wrapper for each calling convention ---------------------------------------------------------------------- */

static PyObject *by_name(const typedcall_value *parameter, PyObject *const *values, PyObject *names) {
    Py_ssize_t count = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t index = 0; index < count; index++) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, index), parameter->name) == 0) return values[index];
    }
    return NULL;
}

static PyObject *call(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    matrix_wrapped++;
    const matrix_method *method = matrix_current;
    const typedcall_value *values = method->signature->values;
    uint32_t count = method->signature->value_count - 1;
    matrix_value arguments[MATRIX_MAX_VALUES];
    typedcall_context context;
    borrowed borrowed = {{0}, NULL};
    matrix_value result;
    Py_ssize_t next = 0, named = 0;
    int failed = 0;
    memset(&result, 0, sizeof(result));
    for (uint32_t index = 0; index < count && !failed; index++) {
        const typedcall_value *parameter = &values[index + 1];
        PyObject *object = self;
        if (parameter->kind == TYPEDCALL_KIND_CONTEXT) {
            context = typedcall_context_here();
            arguments[index].context = &context;
            continue;
        }
        if (!(parameter->flags & TYPEDCALL_RECEIVER)) {
            PyObject *by_keyword = by_name(parameter, args + nargs, names);
            int is_next = next < nargs && !(parameter->flags & TYPEDCALL_KEYWORD_ONLY);
            int twice = by_keyword != NULL && is_next;
            object = is_next ? args[next++] : by_keyword;
            named += by_keyword != NULL;
            if (object == NULL && parameter->flags & TYPEDCALL_OPTIONAL) {
                default_of(parameter, &arguments[index]);
                continue;
            }
            if (object == NULL || twice) {
                PyErr_Format(PyExc_TypeError, twice ? "%s is given twice" : "%s is missing", parameter->name);
                failed = 1;
                continue;
            }
        }
        failed = parse(parameter, object, &arguments[index], &borrowed) != 0;
    }
    if (!failed && (next < nargs || named != (names == NULL ? 0 : PyTuple_GET_SIZE(names)))) {
        PyErr_Format(PyExc_TypeError, "%s() takes other arguments (%zd given)", method->def.ml_name, nargs);
        failed = 1;
    }
    PyObject *object = NULL;
    if (!failed) {
        for (uint32_t index = 0; index < count; index++) {
            if (values[0].effects & TYPEDCALL_STEALS(index)) Py_XINCREF(arguments[index].ptr);
        }
        PyThreadState *saved = values[0].effects & TYPEDCALL_NOGIL ? PyEval_SaveThread() : NULL;
        method->caller(method->function, arguments, &result);
        if (saved != NULL) PyEval_RestoreThread(saved);
        object = box(&values[0], &result);
    }
    if (borrowed.view.obj != NULL) PyBuffer_Release(&borrowed.view);
    Py_XDECREF(borrowed.kept);
    return object;
}

static PyObject *noargs(PyObject *self, PyObject *nothing) {
    (void)nothing;
    return call(self, NULL, 0, NULL);
}
static PyObject *one(PyObject *self, PyObject *arg) { return call(self, &arg, 1, NULL); }
static PyObject *fastcall(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    return call(self, args, nargs, NULL);
}
static PyObject *keywords(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    return call(self, args, nargs, names);
}
static PyObject *of_class(PyObject *self, PyTypeObject *class, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    if (class == NULL) return PyErr_Format(PyExc_SystemError, "no defining class");
    return call(self, args, nargs, names);
}

/* ---- Making methods ----------------------------------------------------------------------------------------------- */

/* Where a table of the parameters of a form says "the one under test" and "the object that the method is called on". */
enum { TARGET = 0xffff, RECEIVER = 0xfffe };

static void make_optional(typedcall_value *value) {
    value->flags |= TYPEDCALL_OPTIONAL;
    switch (value->kind) {
    case TYPEDCALL_KIND_CBOOL: value->default_int = 1; break;
    case TYPEDCALL_KIND_F32:
    case TYPEDCALL_KIND_F64: value->default_float = 1.5; break;
    case TYPEDCALL_KIND_CSTR: value->default_address = "d\xc3\xa9" "faut"; break;
    case TYPEDCALL_KIND_OBJECT:
    case TYPEDCALL_KIND_USER: value->default_address = &matrix_default[value->kind]; break;
    default:
        if (value->kind >= TYPEDCALL_KIND_INT) {
            value->default_address = &matrix_default[value->kind];
        } else {
            value->default_int = 7;
        }
    }
}

static void make_passed(typedcall_value *value, int passing) {
    /* In the order of the generator's. */
    enum { REQUIRED, OPTIONAL, DEFAULT_NONE, KEYWORD_ONLY, KEYWORD_ONLY_OPTIONAL };
    if (passing == OPTIONAL || passing == KEYWORD_ONLY_OPTIONAL) make_optional(value);
    if (passing == DEFAULT_NONE) value->flags |= TYPEDCALL_OPTIONAL | TYPEDCALL_DEFAULT_NONE;
    if (passing == KEYWORD_ONLY || passing == KEYWORD_ONLY_OPTIONAL) value->flags |= TYPEDCALL_KEYWORD_ONLY;
}

/* Fills in a method, in memory that stays: what is known about a method holds its definition's address. */
matrix_method *matrix_make(const typedcall_value *target, int target_is_receiver, const uint16_t *form, int form_length,
                           const typedcall_value *result, int convention, matrix_function function,
                           matrix_caller caller, uint32_t effects, int passing) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"};
    typedef struct {
        typedcall_head head;
        char name[8];
        const typedcall_signature *signatures[1];
        typedcall_signature signature;
        matrix_method method;
        typedcall_value values[];
    } parts;
    parts *made = calloc(1, sizeof(parts) + sizeof(typedcall_value) * (size_t)(form_length + 1));
    if (made == NULL) return NULL;
    made->head = (typedcall_head){made->signatures, 1,  0, TYPEDCALL_MAGIC, TYPEDCALL_VERSION, sizeof(typedcall_head),
                                  &made->head};
    memcpy(made->name, "method", 7);
    made->signatures[0] = &made->signature;
    made->signature = (typedcall_signature){function, made->values, (uint32_t)form_length + 1, 0};
    made->method.target = -1;
    made->values[0] = *result;
    made->values[0].effects = effects;
    for (int index = 0; index < form_length; index++) {
        typedcall_value *value = &made->values[index + 1];
        if (form[index] == TARGET) {
            *value = *target;
            make_passed(value, passing);
            if (target_is_receiver) {
                value->flags |= TYPEDCALL_RECEIVER;
                value->name = "self";
            }
            made->method.target = index;
        } else if (form[index] == RECEIVER) {
            *value = (typedcall_value)TYPEDCALL_SELF;
        } else {
            *value = (typedcall_value)TYPEDCALL_ARG_UNNAMED(OBJECT);
            value->kind = form[index];
            value->name = names[index];
        }
    }
    /* In the order of the generator's calling conventions. */
    static const int flags[] = {METH_NOARGS, METH_O, METH_FASTCALL, METH_FASTCALL | METH_KEYWORDS,
                                METH_METHOD | METH_FASTCALL | METH_KEYWORDS};
    const matrix_function wrappers[] = {(matrix_function)noargs, (matrix_function)one, (matrix_function)fastcall,
                                        (matrix_function)keywords, (matrix_function)of_class};
    made->method.function = function;
    made->method.caller = caller;
    made->method.signature = &made->signature;
    made->method.def = (PyMethodDef){made->name, (PyCFunction)wrappers[convention], flags[convention], NULL};
    return &made->method;
}

/* A callable of this method: of a type where there is one, else of the module or, by METH_METHOD, bound to a point. */
PyObject *matrix_callable(matrix_method *method, PyObject *bound_to, PyTypeObject *type) {
    if (type != NULL) return PyDescr_NewMethod(type, &method->def);
    if (method->def.ml_flags & METH_METHOD) return PyCMethod_New(&method->def, bound_to, NULL, Py_TYPE(bound_to));
    PyObject *name = PyObject_GetAttrString(bound_to, "__name__");
    PyObject *function = name == NULL ? NULL : PyCFunction_NewEx(&method->def, bound_to, name);
    Py_XDECREF(name);
    return function;
}

/* The type that a method is made for whose receiver is under test, or any. */
PyTypeObject *matrix_class_for(const typedcall_value *receiver) {
    if (receiver == NULL || receiver->kind == TYPEDCALL_KIND_OBJECT) return matrix_point;
    return matrix_type_of(receiver->kind);
}
