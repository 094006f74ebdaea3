/* typedcall_read.h: read the metadata that typedcall.h writes, so that a runtime of your own can call the functions.
 *
 * C99 and C++17, Linux, 64-bit. It needs typedcall.h and typedcall_letters.h in the same folder, nothing to link, no
 * Python.h, no allocation. Licence: MIT or Apache-2.0. It makes the checks of the Rust crate, in the same order
 * (docs/abi.md, "What a reader checks"): both accept the same metadata, and name the same field if they reject it.
 *
 *     #include <Python.h>
 *     #include "typedcall_read.h"
 *
 *     // 18 KB, and room for the names: too large for a small stack.
 *     static typedcall_method method;
 *     static char text[4096];
 *
 *     PyMethodDef *def = ((PyCFunctionObject *)callable)->m_ml;
 *     switch (typedcall_read_def(def, &method, text, sizeof(text))) {
 *     case TYPEDCALL_READ_PLAIN:
 *         break; // An ordinary method without metadata.
 *     case TYPEDCALL_READ_TYPED:
 *         for (uint32_t i = 0; i < method.overload_count; i++) {
 *             const typedcall_overload *overload = &method.overloads[i];
 *             // values[0] is the result, values[1] to values[value_count - 1] are the parameters.
 *             consider(method.name, overload->function, overload->values, overload->value_count);
 *         }
 *         break;
 *     case TYPEDCALL_READ_REJECTED:
 *         // It works as an ordinary method.
 *         log("%s: %s: %s", method.name, method.field, typedcall_rule_text(method.rule));
 *         break;
 *     case TYPEDCALL_READ_NO_ROOM:
 *         break; // `text` is too small for its names. TYPEDCALL_READ_TEXT bytes are enough for any method.
 *     }
 *
 * Any address may be given, with any bytes there. The kernel reads the memory, so unmapped memory gives an answer and
 * never a fault. The result is a copy: only `function`, `meth`, `type`, `types` and the addresses of default objects
 * point into the extension. It shows the memory as it was during the read. So keep the module alive, and call none of the
 * functions when the module may be gone.
 *
 * No reader can check that `meth` has the calling convention that `ml_flags` says.
 */
#ifndef TYPEDCALL_READ_H
#define TYPEDCALL_READ_H

#ifndef __linux__
#error "typedcall_read.h: reading safely is written for Linux"
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "typedcall.h"
#include "typedcall_letters.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What comes out ---------------------------------------------------------------------------------------------- */

/* The rules that metadata can break, with their texts. New ones are added at the end. */
#define TYPEDCALL_RULES(RULE) \
    RULE(UNREADABLE, "it leads to memory that can't be read") \
    RULE(UNTERMINATED, "the text does not end within its bound") \
    RULE(NO_WAY, "the system offers no safe way to look") \
    RULE(ENDLESS_TABLE, "the method table does not end within its bound") \
    RULE(NO_CONTAINER, "the flag is set, but no container stands before the name") \
    RULE(UNKNOWN_VERSION, "the version is unknown") \
    RULE(WRONG_SIZE, "the size is no multiple of 8 within its bounds") \
    RULE(WRONG_SELF, "it is not the address of the container") \
    RULE(NOT_ZERO, "it is not in use here: it must be 0") \
    RULE(WRONG_COUNT, "the count is not within its bounds") \
    RULE(NULL, "null") \
    RULE(MISALIGNED, "it is not aligned to 8 bytes") \
    RULE(SIGNATURE_UNREADABLE, "the signature can't be read") \
    RULE(NOT_UTF8, "not UTF-8") \
    RULE(NO_IDENTIFIER, "no identifier") \
    RULE(NO_KIND, "0 is no kind") \
    RULE(UNKNOWN_KIND, "unknown kind") \
    RULE(VOID_PARAMETER, "a parameter can't be void") \
    RULE(CONTEXT_RESULT, "a result can't be the context") \
    RULE(UNKNOWN_BITS, "unknown bits") \
    RULE(UNKNOWN_CONVENTION, "unknown error convention") \
    RULE(NO_SUBCLASSES, "subclasses are for Python types and user types only") \
    RULE(NOT_MADE, "the type is not made yet") \
    RULE(TYPE_UNREADABLE, "the type can't be read") \
    RULE(TYPE_NAME_UNREADABLE, "the type's name can't be read") \
    RULE(NO_TYPE_NAME, "no name of a type") \
    RULE(RECEIVER_NAMED, "the receiver is always named self") \
    RULE(CONTEXT_NAMED, "the context has no name") \
    RULE(NOT_OPTIONAL, "a default of None, but not optional") \
    RULE(NO_DEFAULT, "the kind has no such default") \
    RULE(NO_TRUTH_VALUE, "a truth value is 0 or 1") \
    RULE(OUT_OF_RANGE, "the number does not fit the kind") \
    RULE(CONTEXT_RECEIVER, "the context can't be the receiver") \
    RULE(SPECIAL_NULLABLE, "the receiver and the context can't be None") \
    RULE(SPECIAL_KEYWORD, "the receiver and the context can't be passed by name") \
    RULE(SPECIAL_DEFAULT, "the receiver and the context can't have a default") \
    RULE(SELF_NOT_RECEIVER, "a parameter named self is always the receiver") \
    RULE(NAMELESS, "a keyword-only parameter needs a name") \
    RULE(NOT_NULLABLE, "the kind can't be None") \
    RULE(NONE_NOT_NULLABLE, "the default None needs a parameter that admits it") \
    RULE(SECOND_RECEIVER, "a second receiver") \
    RULE(SECOND_CONTEXT, "a second context") \
    RULE(SECOND_NAME, "a second parameter of the same name") \
    RULE(POSITIONAL_AFTER_KEYWORD, "a positional parameter after a keyword-only one") \
    RULE(REQUIRED_AFTER_DEFAULT, "a parameter without a default after one with a default") \
    RULE(WRONG_CONVENTION, "the result can't report an error so") \
    RULE(NOT_BORROWED, "only an object can be borrowed") \
    RULE(NOT_STEALABLE, "only an object can be stolen") \
    RULE(NOTHING_TO_STEAL, "there is no such parameter to steal")

#define TYPEDCALL_RULE_MEMBER(rule, text) TYPEDCALL_RULE_##rule,
typedef enum typedcall_rule {
    TYPEDCALL_RULE_OK = 0,
    TYPEDCALL_RULES(TYPEDCALL_RULE_MEMBER) TYPEDCALL_RULE_END
} typedcall_rule;
#undef TYPEDCALL_RULE_MEMBER

/* Bounds of version 1. */
#define TYPEDCALL_MAX_OVERLOADS 16
#define TYPEDCALL_MAX_VALUES 17
#define TYPEDCALL_MAX_SIZE 4096
#define TYPEDCALL_MAX_NAME 255
#define TYPEDCALL_MAX_TEXT 4095
#define TYPEDCALL_MAX_TYPE_NAME 1023

/* Bytes that hold the texts of any method: its name, and a type's name, a name and a default for each value. */
#define TYPEDCALL_READ_TEXT ((size_t)4096 + TYPEDCALL_MAX_OVERLOADS * TYPEDCALL_MAX_VALUES * (256 + 1040 + 4096))

typedef enum typedcall_read_status {
    TYPEDCALL_READ_PLAIN,    /* there is no metadata */
    TYPEDCALL_READ_TYPED,    /* there is metadata, and all of it is valid */
    TYPEDCALL_READ_REJECTED, /* there is metadata, but a field is invalid: see `field` and `rule` */
    TYPEDCALL_READ_NO_ROOM   /* the texts do not fit */
} typedcall_read_status;

typedef struct typedcall_overload {
    void (*function)(void);
    uint32_t value_count;
    uint32_t reserved;
    /* The result and the parameters; `name` and the default of a CSTR are copies. A receiver is named "self". */
    typedcall_value values[TYPEDCALL_MAX_VALUES];
    /* For values of kind USER: the PyTypeObject * that the variable `values[].type` held when it was read, and its name with a
     * dot in it ("geometry.Point"); else NULL. Guards compare with what the variable holds at the time of a call: a module
     * that is imported again makes another type, and the address of the first may be used again for any. */
    const void *types[TYPEDCALL_MAX_VALUES];
    const char *type_names[TYPEDCALL_MAX_VALUES];
} typedcall_overload;

typedef struct typedcall_method {
    const char *name; /* NULL if it can't be read */
    void (*meth)(void);
    int flags;   /* ml_flags, without the flag */
    int flagged; /* whether it was set */
    uint32_t overload_count;
    /* For a rejection: which rule is broken, by which field, such as "signatures[0].values[2].kind". */
    typedcall_rule rule;
    char field[48];
    typedcall_overload overloads[TYPEDCALL_MAX_OVERLOADS];
    /* Private to the reader. */
    typedcall_read_status status;
    int signature, value;
    char *text;
    size_t text_size, text_used;
} typedcall_method;

/* A rule as text. */
static inline const char *typedcall_rule_text(typedcall_rule rule) {
#define TYPEDCALL_RULE_TEXT(rule, text) text,
    static const char *const texts[] = {"", TYPEDCALL_RULES(TYPEDCALL_RULE_TEXT)};
#undef TYPEDCALL_RULE_TEXT
    return (unsigned)rule < (unsigned)TYPEDCALL_RULE_END ? texts[rule] : "";
}

/* ---- Memory that may not be there -------------------------------------------------------------------------------- */

#ifndef __cplusplus
/* The C library declares it only if that was asked for before the first header was included. */
long syscall(long number, ...);
#endif

/* O_CLOEXEC | O_NONBLOCK; strict C99 has no names for them. */
#ifdef O_CLOEXEC
#define TYPEDCALL_PIPE_FLAGS (O_CLOEXEC | O_NONBLOCK)
#else
#define TYPEDCALL_PIPE_FLAGS (02000000 | O_NONBLOCK)
#endif

/* Pages are at least this large, so an aligned block of this size never crosses from one page to another. */
#define TYPEDCALL_BLOCK 4096

/* Reads `wanted` bytes: 1 if all were read, 0 if some memory can't be read, -1 if the system refuses the call. */
static inline int typedcall_transferred(long count, size_t wanted) {
    if (count >= 0) return (size_t)count == wanted;
    return errno == EFAULT ? 0 : -1;
}

static inline int typedcall_read_by_kernel(uintptr_t address, void *buffer, size_t length) {
    struct iovec local, remote;
    local.iov_base = buffer;
    remote.iov_base = (void *)address;
    local.iov_len = remote.iov_len = length;
    return typedcall_transferred(syscall(SYS_process_vm_readv, (long)getpid(), &local, 1L, &remote, 1L, 0L), length);
}

/* If a sandbox refuses the above, writing to a pipe gives the same answer. */
static inline int typedcall_read_by_pipe(uintptr_t address, void *buffer, size_t length) {
    int ends[2], done = 1;
    if (syscall(SYS_pipe2, ends, (long)TYPEDCALL_PIPE_FLAGS) != 0) return -1;
    /* An empty pipe always has room for a block. */
    for (size_t at = 0; at < length && done == 1; at += TYPEDCALL_BLOCK) {
        size_t part = length - at < TYPEDCALL_BLOCK ? length - at : TYPEDCALL_BLOCK;
        done = typedcall_transferred((long)write(ends[1], (const void *)(address + at), part), part);
        if (done == 1) done = typedcall_transferred((long)read(ends[0], (char *)buffer + at, part), part);
    }
    close(ends[0]);
    close(ends[1]);
    return done;
}

static inline typedcall_rule typedcall_read_bytes(uintptr_t address, void *buffer, size_t length) {
    static int refused; /* a sandbox does not change its mind */
    int done = -1, error = errno;
    if (length > UINTPTR_MAX - address) return TYPEDCALL_RULE_UNREADABLE;
    if (length == 0) return TYPEDCALL_RULE_OK;
    if (!__atomic_load_n(&refused, __ATOMIC_RELAXED)) {
        done = typedcall_read_by_kernel(address, buffer, length);
        if (done < 0) __atomic_store_n(&refused, 1, __ATOMIC_RELAXED);
    }
    if (done < 0) done = typedcall_read_by_pipe(address, buffer, length);
    errno = error;
    return done > 0 ? TYPEDCALL_RULE_OK : done == 0 ? TYPEDCALL_RULE_UNREADABLE : TYPEDCALL_RULE_NO_WAY;
}

/* ---- Rejecting --------------------------------------------------------------------------------------------------- */

static inline char *typedcall_append(char *to, const char *text) {
    while (*text) *to++ = *text++;
    *to = 0;
    return to;
}

/* "[12]" */
static inline char *typedcall_append_index(char *to, int index) {
    *to++ = '[';
    if (index >= 10) *to++ = (char)('0' + index / 10);
    *to++ = (char)('0' + index % 10);
    *to++ = ']';
    *to = 0;
    return to;
}

/* Returns 0, which means "not read" in all functions below. */
static inline int typedcall_reject(typedcall_method *method, typedcall_rule rule, const char *field) {
    char *to = method->field;
    method->status = TYPEDCALL_READ_REJECTED;
    method->rule = rule;
    *to = 0;
    if (method->signature >= 0) to = typedcall_append_index(typedcall_append(to, "signatures"), method->signature);
    if (method->value >= 0) to = typedcall_append_index(typedcall_append(to, ".values"), method->value);
    if (to != method->field && *field) to = typedcall_append(to, ".");
    typedcall_append(to, field);
    return 0;
}

static inline int typedcall_no_room(typedcall_method *method) {
    method->status = TYPEDCALL_READ_NO_ROOM;
    return 0;
}

/* Reads pointers to pointers and to structs, which are all aligned to 8 bytes. */
static inline int typedcall_aligned(typedcall_method *method, const char *field, uintptr_t address) {
    if (address == 0) return typedcall_reject(method, TYPEDCALL_RULE_NULL, field);
    if (address % 8 != 0) return typedcall_reject(method, TYPEDCALL_RULE_MISALIGNED, field);
    return 1;
}

static inline int typedcall_fetch(typedcall_method *method, const char *field, uintptr_t address, void *to,
                                  size_t size) {
    typedcall_rule rule = typedcall_read_bytes(address, to, size);
    return rule == TYPEDCALL_RULE_OK ? 1 : typedcall_reject(method, rule, field);
}

/* The same, with another rule for memory that can't be read. */
static inline int typedcall_fetch_by(typedcall_method *method, const char *field, uintptr_t address, void *to,
                                     size_t size, typedcall_rule unreadable) {
    typedcall_rule rule = typedcall_read_bytes(address, to, size);
    if (rule == TYPEDCALL_RULE_UNREADABLE) rule = unreadable;
    return rule == TYPEDCALL_RULE_OK ? 1 : typedcall_reject(method, rule, field);
}

/* The address of an element of an array. Past the end of the address space it gives an address that can't be read. */
static inline uintptr_t typedcall_element(uintptr_t array, size_t index, size_t size) {
    return index * size > UINTPTR_MAX - array ? UINTPTR_MAX : array + index * size;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* Copies the text at `address` after the others; NULL and no rule if there is no room. */
static inline const char *typedcall_copy_text(typedcall_method *method, uintptr_t address, size_t bound,
                                              typedcall_rule *rule) {
    char block[512];
    size_t length = 0, start = method->text_used;
    *rule = TYPEDCALL_RULE_OK;
    while (length <= bound) {
        uintptr_t from = address + length;
        /* Never read past the end of a page before the text itself does. */
        size_t part = TYPEDCALL_BLOCK - from % TYPEDCALL_BLOCK;
        const char *end;
        if (part > sizeof(block)) part = sizeof(block);
        if (part > bound + 1 - length) part = bound + 1 - length;
        *rule = typedcall_read_bytes(from, block, part);
        if (*rule != TYPEDCALL_RULE_OK) return NULL;
        end = (const char *)memchr(block, 0, part);
        if (end) part = (size_t)(end - block) + 1;
        if (part > method->text_size - start - length) {
            typedcall_no_room(method);
            return NULL;
        }
        memcpy(method->text + start + length, block, part);
        length += part;
        if (end) {
            method->text_used = start + length;
            return method->text + start;
        }
    }
    *rule = TYPEDCALL_RULE_UNTERMINATED;
    return NULL;
}

/* The character at `text`, and where the next one begins; NULL if it is not UTF-8. */
static inline const char *typedcall_character(const char *text, uint32_t *character) {
    const unsigned char *bytes = (const unsigned char *)text;
    int more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xE0 ? 1 : bytes[0] < 0xF0 ? 2 : 3;
    if ((bytes[0] >= 0x80 && bytes[0] < 0xC2) || bytes[0] > 0xF4) return NULL;
    *character = more == 0 ? bytes[0] : bytes[0] & (0x3FU >> more);
    for (int at = 1; at <= more; at++) {
        if ((bytes[at] & 0xC0) != 0x80) return NULL;
        *character = *character << 6 | (bytes[at] & 0x3FU);
    }
    if (more == 2 && (*character < 0x800 || (*character >= 0xD800 && *character < 0xE000))) return NULL;
    if (more == 3 && (*character < 0x10000 || *character > 0x10FFFF)) return NULL;
    return text + more + 1;
}

static inline int typedcall_is_utf8(const char *text) {
    uint32_t character;
    while (text && *text) text = typedcall_character(text, &character);
    return text != NULL;
}

/* Whether the text, which is UTF-8, is one identifier, or several with dots between them. */
static inline int typedcall_is_identifier(const char *text, int dotted) {
    int first = 1;
    while (*text) {
        uint32_t character = 0;
        text = typedcall_character(text, &character);
        if (dotted && character == '.' && !first) {
            first = 1;
            continue;
        }
        if (character != '_' && !(first ? typedcall_is_letter(character) : typedcall_is_letter_or_number(character))) {
            return 0;
        }
        first = 0;
    }
    return !first;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* PyTypeObject: equal in CPython 3.11 to 3.15. */
#define TYPEDCALL_TP_NAME 24
#define TYPEDCALL_TP_FLAGS 168
#define TYPEDCALL_HEAP_TYPE (UINT64_C(1) << 9)

static inline int typedcall_is_scalar(uint16_t kind) {
    return kind >= TYPEDCALL_KIND_I8 && kind <= TYPEDCALL_KIND_CBOOL;
}

static inline int typedcall_is_python_type(uint16_t kind) {
    return kind >= TYPEDCALL_KIND_INT && kind <= TYPEDCALL_KIND_NONE;
}

/* Whether the C value is a PyObject *. */
static inline int typedcall_is_object(uint16_t kind) {
    return kind == TYPEDCALL_KIND_OBJECT || kind == TYPEDCALL_KIND_USER || typedcall_is_python_type(kind);
}

static inline uint64_t typedcall_bits(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

/* Follows the pointer to the variable that holds the type, to find the type's name. */
static inline int typedcall_read_type(typedcall_method *method, const typedcall_value *value, const void **type,
                                      const char **type_name) {
    uintptr_t variable = (uintptr_t)value->type, address = 0, name = 0;
    uint64_t flags = 0;
    typedcall_rule rule;
    const char *text, *prefix;
    if (!typedcall_aligned(method, "type", variable)) return 0;
    if (!typedcall_fetch(method, "type", variable, &address, sizeof(address))) return 0;
    if (address == 0) return typedcall_reject(method, TYPEDCALL_RULE_NOT_MADE, "type");
    if (!typedcall_fetch_by(method, "type", address + TYPEDCALL_TP_NAME, &name, sizeof(name),
                            TYPEDCALL_RULE_TYPE_UNREADABLE)) {
        return 0;
    }
    text = typedcall_copy_text(method, name, TYPEDCALL_MAX_TYPE_NAME, &rule);
    if (!text && rule == TYPEDCALL_RULE_OK) return 0;
    if (rule == TYPEDCALL_RULE_UNREADABLE) rule = TYPEDCALL_RULE_TYPE_NAME_UNREADABLE;
    if (!text) return typedcall_reject(method, rule, "type");
    if (!typedcall_is_utf8(text)) return typedcall_reject(method, TYPEDCALL_RULE_NOT_UTF8, "type");
    if (!typedcall_is_identifier(text, 1)) return typedcall_reject(method, TYPEDCALL_RULE_NO_TYPE_NAME, "type");
    *type = (const void *)address;
    *type_name = text;
    if (strchr(text, '.')) return 1;
    if (!typedcall_fetch_by(method, "type", address + TYPEDCALL_TP_FLAGS, &flags, sizeof(flags),
                            TYPEDCALL_RULE_TYPE_UNREADABLE)) {
        return 0;
    }
    /* A class statement's module is an attribute, which only running Python code could look up. */
    prefix = flags & TYPEDCALL_HEAP_TYPE ? "unknown." : "builtins.";
    if (strlen(prefix) > method->text_size - method->text_used) return typedcall_no_room(method);
    memmove(method->text + (text - method->text) + strlen(prefix), text, strlen(text) + 1);
    memcpy(method->text + (text - method->text), prefix, strlen(prefix));
    method->text_used += strlen(prefix);
    return 1;
}

static inline int typedcall_read_kind(typedcall_method *method, const typedcall_value *value, const void **type,
                                      const char **type_name) {
    uint16_t kind = value->kind;
    if (kind == TYPEDCALL_KIND_USER) {
        return typedcall_read_type(method, value, type, type_name);
    } else if (kind == TYPEDCALL_KIND_INVALID) {
        return typedcall_reject(method, TYPEDCALL_RULE_NO_KIND, "kind");
    } else if (kind > TYPEDCALL_KIND_BUFFER && !typedcall_is_scalar(kind) && !typedcall_is_python_type(kind)) {
        return typedcall_reject(method, TYPEDCALL_RULE_UNKNOWN_KIND, "kind");
    } else if (value->flags & TYPEDCALL_SUBCLASSES && !typedcall_is_python_type(kind)) {
        return typedcall_reject(method, TYPEDCALL_RULE_NO_SUBCLASSES, "flags");
    }
    return value->type ? typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "type") : 1;
}

/* Fields of defaults that are not in use are zero. */
static inline int typedcall_refuse_defaults(typedcall_method *method, const typedcall_value *value, int integer,
                                            int floating, int address) {
    if (!integer && value->default_int != 0) return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "default_int");
    if (!floating && typedcall_bits(value->default_float) != 0) {
        return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "default_float");
    }
    if (!address && value->default_address) return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "default_address");
    return 1;
}

/* Whether an integer default fits. */
static inline int typedcall_fits(uint16_t kind, int64_t number) {
    switch (kind) {
    case TYPEDCALL_KIND_I8: return number >= INT8_MIN && number <= INT8_MAX;
    case TYPEDCALL_KIND_I16: return number >= INT16_MIN && number <= INT16_MAX;
    case TYPEDCALL_KIND_I32: return number >= INT32_MIN && number <= INT32_MAX;
    case TYPEDCALL_KIND_U8: return number >= 0 && number <= UINT8_MAX;
    case TYPEDCALL_KIND_U16: return number >= 0 && number <= UINT16_MAX;
    case TYPEDCALL_KIND_U32: return number >= 0 && number <= (int64_t)UINT32_MAX;
    default: return 1;
    }
}

/* Checks the default, and that the fields it does not use are zero. */
static inline int typedcall_read_default(typedcall_method *method, typedcall_value *value) {
    uint16_t kind = value->kind;
    int floating = kind == TYPEDCALL_KIND_F32 || kind == TYPEDCALL_KIND_F64;
    uintptr_t object;
    typedcall_rule rule;
    const char *text;
    if (!(value->flags & TYPEDCALL_OPTIONAL) && value->flags & TYPEDCALL_DEFAULT_NONE) {
        return typedcall_reject(method, TYPEDCALL_RULE_NOT_OPTIONAL, "flags");
    }
    if (!(value->flags & TYPEDCALL_OPTIONAL) || value->flags & TYPEDCALL_DEFAULT_NONE) {
        return typedcall_refuse_defaults(method, value, 0, 0, 0);
    }
    if (kind == TYPEDCALL_KIND_CBOOL) {
        if (value->default_int != 0 && value->default_int != 1) {
            return typedcall_reject(method, TYPEDCALL_RULE_NO_TRUTH_VALUE, "default_int");
        }
    } else if (typedcall_is_scalar(kind)) {
        if (!floating && !typedcall_fits(kind, value->default_int)) {
            return typedcall_reject(method, TYPEDCALL_RULE_OUT_OF_RANGE, "default_int");
        }
    } else if (kind == TYPEDCALL_KIND_CSTR) {
        text = typedcall_copy_text(method, (uintptr_t)value->default_address, TYPEDCALL_MAX_TEXT, &rule);
        if (!text && rule == TYPEDCALL_RULE_OK) return 0;
        if (!text) return typedcall_reject(method, rule, "default_address");
        if (!typedcall_is_utf8(text)) return typedcall_reject(method, TYPEDCALL_RULE_NOT_UTF8, "default_address");
        value->default_address = text;
    } else if (typedcall_is_object(kind)) {
        if (!typedcall_aligned(method, "default_address", (uintptr_t)value->default_address)) return 0;
        if (!typedcall_fetch(method, "default_address", (uintptr_t)value->default_address, &object, sizeof(object))) {
            return 0;
        }
    } else {
        return typedcall_reject(method, TYPEDCALL_RULE_NO_DEFAULT, "flags");
    }
    return typedcall_refuse_defaults(method, value, typedcall_is_scalar(kind) && !floating, floating,
                                     !typedcall_is_scalar(kind));
}

static inline int typedcall_read_parameter(typedcall_method *method, typedcall_value *value, const void **type,
                                           const char **type_name) {
    const int known = TYPEDCALL_OPTIONAL | TYPEDCALL_NULLABLE | TYPEDCALL_KEYWORD_ONLY | TYPEDCALL_RECEIVER |
                      TYPEDCALL_DEFAULT_NONE | TYPEDCALL_SUBCLASSES;
    int receiver = value->flags & TYPEDCALL_RECEIVER;
    typedcall_rule rule;
    if (value->kind == TYPEDCALL_KIND_VOID) return typedcall_reject(method, TYPEDCALL_RULE_VOID_PARAMETER, "kind");
    if (!typedcall_read_kind(method, value, type, type_name)) return 0;
    if (value->flags & ~known) return typedcall_reject(method, TYPEDCALL_RULE_UNKNOWN_BITS, "flags");
    if (value->effects != 0) return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "effects");
    if (value->name) {
        value->name = typedcall_copy_text(method, (uintptr_t)value->name, TYPEDCALL_MAX_NAME, &rule);
        if (!value->name && rule == TYPEDCALL_RULE_OK) return 0;
        if (!value->name) return typedcall_reject(method, rule, "name");
        if (!typedcall_is_utf8(value->name)) return typedcall_reject(method, TYPEDCALL_RULE_NOT_UTF8, "name");
        if (!typedcall_is_identifier(value->name, 0)) {
            return typedcall_reject(method, TYPEDCALL_RULE_NO_IDENTIFIER, "name");
        }
        if (receiver && strcmp(value->name, "self") != 0) {
            return typedcall_reject(method, TYPEDCALL_RULE_RECEIVER_NAMED, "name");
        }
        if (value->kind == TYPEDCALL_KIND_CONTEXT) {
            return typedcall_reject(method, TYPEDCALL_RULE_CONTEXT_NAMED, "name");
        }
    } else if (receiver) {
        value->name = "self";
    }
    return typedcall_read_default(method, value);
}

static inline int typedcall_read_result(typedcall_method *method, const typedcall_value *value, const void **type,
                                        const char **type_name) {
    const uint32_t known =
        TYPEDCALL_NO_PYTHON | TYPEDCALL_PURE | TYPEDCALL_NOGIL | TYPEDCALL_BORROWED_RESULT | UINT32_C(0xFFFF0000);
    if (value->kind == TYPEDCALL_KIND_CONTEXT) return typedcall_reject(method, TYPEDCALL_RULE_CONTEXT_RESULT, "kind");
    if (!typedcall_read_kind(method, value, type, type_name)) return 0;
    if ((value->flags & ~TYPEDCALL_SUBCLASSES) > TYPEDCALL_RAISES_CHECK) {
        return typedcall_reject(method, TYPEDCALL_RULE_UNKNOWN_CONVENTION, "flags");
    }
    if (value->name) return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "name");
    if (!typedcall_refuse_defaults(method, value, 0, 0, 0)) return 0;
    return value->effects & ~known ? typedcall_reject(method, TYPEDCALL_RULE_UNKNOWN_BITS, "effects") : 1;
}

/* ---- What makes sense as a whole --------------------------------------------------------------------------------- */

/* A parameter by itself. */
static inline typedcall_rule typedcall_check_parameter(const typedcall_value *value) {
    int receiver = value->flags & TYPEDCALL_RECEIVER, context = value->kind == TYPEDCALL_KIND_CONTEXT;
    uint64_t magnitude = typedcall_bits(value->default_float) & (UINT64_MAX >> 1);
    if (receiver && context) return TYPEDCALL_RULE_CONTEXT_RECEIVER;
    if (receiver || context) {
        if (value->flags & TYPEDCALL_NULLABLE) return TYPEDCALL_RULE_SPECIAL_NULLABLE;
        if (value->flags & TYPEDCALL_KEYWORD_ONLY) return TYPEDCALL_RULE_SPECIAL_KEYWORD;
        if (value->flags & TYPEDCALL_OPTIONAL) return TYPEDCALL_RULE_SPECIAL_DEFAULT;
    }
    if (!receiver && value->name && strcmp(value->name, "self") == 0) return TYPEDCALL_RULE_SELF_NOT_RECEIVER;
    if (!value->name && value->flags & TYPEDCALL_KEYWORD_ONLY) return TYPEDCALL_RULE_NAMELESS;
    if (value->flags & TYPEDCALL_NULLABLE && !typedcall_is_object(value->kind) &&
        value->kind != TYPEDCALL_KIND_CSTR && value->kind != TYPEDCALL_KIND_BUFFER) {
        return TYPEDCALL_RULE_NOT_NULLABLE;
    }
    if (value->flags & TYPEDCALL_DEFAULT_NONE && !(value->flags & TYPEDCALL_NULLABLE)) {
        return TYPEDCALL_RULE_NONE_NOT_NULLABLE;
    }
    /* A finite double from halfway between the greatest float and the next power of two on rounds to an infinity. */
    if (value->kind == TYPEDCALL_KIND_F32 && magnitude >= UINT64_C(0x47EFFFFFF0000000) &&
        magnitude < UINT64_C(0x7FF0000000000000)) {
        return TYPEDCALL_RULE_OUT_OF_RANGE;
    }
    return TYPEDCALL_RULE_OK;
}

/* A parameter against those before it. */
static inline typedcall_rule typedcall_check_order(const typedcall_value *values, uint32_t position) {
    const typedcall_value *value = &values[position];
    int receivers = 0, contexts = 0, same = 0, keywords = 0, defaults = 0;
    for (uint32_t at = 1; at < position; at++) {
        const typedcall_value *other = &values[at];
        receivers |= (other->flags & TYPEDCALL_RECEIVER) != 0;
        contexts |= other->kind == TYPEDCALL_KIND_CONTEXT;
        same |= value->name && other->name && strcmp(value->name, other->name) == 0;
        keywords |= (other->flags & TYPEDCALL_KEYWORD_ONLY) != 0;
        defaults |= (other->flags & TYPEDCALL_OPTIONAL) != 0;
    }
    if (value->flags & TYPEDCALL_RECEIVER && receivers) return TYPEDCALL_RULE_SECOND_RECEIVER;
    if (value->kind == TYPEDCALL_KIND_CONTEXT && contexts) return TYPEDCALL_RULE_SECOND_CONTEXT;
    if (same) return TYPEDCALL_RULE_SECOND_NAME;
    if (value->flags & (TYPEDCALL_RECEIVER | TYPEDCALL_KEYWORD_ONLY) || value->kind == TYPEDCALL_KIND_CONTEXT) {
        return TYPEDCALL_RULE_OK;
    }
    if (keywords) return TYPEDCALL_RULE_POSITIONAL_AFTER_KEYWORD;
    if (!(value->flags & TYPEDCALL_OPTIONAL) && defaults) return TYPEDCALL_RULE_REQUIRED_AFTER_DEFAULT;
    return TYPEDCALL_RULE_OK;
}

static inline int typedcall_check(typedcall_method *method, const typedcall_overload *overload) {
    const typedcall_value *result = overload->values;
    uint16_t kind = result->kind, raises = (uint16_t)(result->flags & ~TYPEDCALL_SUBCLASSES);
    int fits = 1;
    for (uint32_t position = 1; position < overload->value_count; position++) {
        typedcall_rule rule = typedcall_check_parameter(&overload->values[position]);
        if (rule == TYPEDCALL_RULE_OK) rule = typedcall_check_order(overload->values, position);
        method->value = (int)position;
        if (rule != TYPEDCALL_RULE_OK) return typedcall_reject(method, rule, "");
    }
    method->value = 0;
    if (raises == TYPEDCALL_RAISES_NULL) {
        fits = typedcall_is_object(kind) || kind == TYPEDCALL_KIND_CSTR || kind == TYPEDCALL_KIND_BUFFER;
    } else if (raises == TYPEDCALL_RAISES_MINUS_ONE) {
        fits = typedcall_is_scalar(kind) && kind != TYPEDCALL_KIND_CBOOL;
    } else if (raises == TYPEDCALL_RAISES_NONZERO) {
        fits = kind == TYPEDCALL_KIND_VOID;
    }
    if (!fits) return typedcall_reject(method, TYPEDCALL_RULE_WRONG_CONVENTION, "flags");
    if (result->effects & TYPEDCALL_BORROWED_RESULT && !typedcall_is_object(kind)) {
        return typedcall_reject(method, TYPEDCALL_RULE_NOT_BORROWED, "effects");
    }
    for (uint32_t stolen = 0; stolen < 16; stolen++) {
        if (!(result->effects & TYPEDCALL_STEALS(stolen))) continue;
        if (stolen + 1 >= overload->value_count) {
            return typedcall_reject(method, TYPEDCALL_RULE_NOTHING_TO_STEAL, "effects");
        }
        if (!typedcall_is_object(overload->values[stolen + 1].kind)) {
            return typedcall_reject(method, TYPEDCALL_RULE_NOT_STEALABLE, "effects");
        }
    }
    return 1;
}

/* ---- The container ----------------------------------------------------------------------------------------------- */

static inline int typedcall_read_overload(typedcall_method *method, uintptr_t signatures, uint32_t index) {
    typedcall_overload *overload = &method->overloads[index];
    typedcall_signature found;
    uintptr_t address = 0, values;
    char byte;
    uintptr_t pointer = typedcall_element(signatures, index, sizeof(address));
    method->signature = (int)index;
    method->value = -1;
    if (!typedcall_fetch(method, "", pointer, &address, sizeof(address)) ||
        !typedcall_aligned(method, "", address) ||
        !typedcall_fetch_by(method, "", address, &found, sizeof(found), TYPEDCALL_RULE_SIGNATURE_UNREADABLE)) {
        return 0;
    }
    if (!found.function) return typedcall_reject(method, TYPEDCALL_RULE_NULL, "function");
    if (!typedcall_fetch(method, "function", (uintptr_t)found.function, &byte, 1)) return 0;
    if (found.reserved != 0) return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "reserved");
    if (found.value_count < 1 || found.value_count > TYPEDCALL_MAX_VALUES) {
        return typedcall_reject(method, TYPEDCALL_RULE_WRONG_COUNT, "value_count");
    }
    values = (uintptr_t)found.values;
    if (!typedcall_aligned(method, "values", values)) return 0;
    overload->function = found.function;
    overload->value_count = found.value_count;
    overload->reserved = 0;
    for (uint32_t position = 0; position < found.value_count; position++) {
        typedcall_value *value = &overload->values[position];
        const void **type = &overload->types[position];
        const char **type_name = &overload->type_names[position];
        *type = *type_name = NULL;
        method->value = (int)position;
        if (!typedcall_fetch(method, "", typedcall_element(values, position, sizeof(*value)), value, sizeof(*value))) {
            return 0;
        }
        if (!(position == 0 ? typedcall_read_result(method, value, type, type_name)
                            : typedcall_read_parameter(method, value, type, type_name))) {
            return 0;
        }
    }
    return typedcall_check(method, overload);
}

/* Only the footer of the head has been read so far. */
static inline int typedcall_read_container(typedcall_method *method, uintptr_t name, typedcall_head head) {
    const uint32_t least = sizeof(typedcall_head);
    char front[TYPEDCALL_MAX_SIZE];
    if (head.version != TYPEDCALL_VERSION) return typedcall_reject(method, TYPEDCALL_RULE_UNKNOWN_VERSION, "version");
    if (head.size < least || head.size > TYPEDCALL_MAX_SIZE || head.size % 8 != 0) {
        return typedcall_reject(method, TYPEDCALL_RULE_WRONG_SIZE, "size");
    }
    if (head.size > name || name - head.size != (uintptr_t)head.self) {
        return typedcall_reject(method, TYPEDCALL_RULE_WRONG_SELF, "self");
    }
    /* The whole container must be readable, not only its known fields. */
    if (!typedcall_fetch(method, "size", (uintptr_t)head.self, front, head.size - least) ||
        !typedcall_fetch(method, "size", name - least, &head, least)) {
        return 0;
    }
    if (head.reserved != 0) return typedcall_reject(method, TYPEDCALL_RULE_NOT_ZERO, "reserved");
    if (head.signature_count < 1 || head.signature_count > TYPEDCALL_MAX_OVERLOADS) {
        return typedcall_reject(method, TYPEDCALL_RULE_WRONG_COUNT, "signature_count");
    }
    if (!typedcall_aligned(method, "signatures", (uintptr_t)head.signatures)) return 0;
    for (uint32_t index = 0; index < head.signature_count; index++) {
        if (!typedcall_read_overload(method, (uintptr_t)head.signatures, index)) return 0;
    }
    method->overload_count = head.signature_count;
    method->signature = method->value = -1;
    return 1;
}

/* Reads the metadata of a method by the fields of its PyMethodDef; `text` gets the texts. */
static inline typedcall_read_status typedcall_read(const char *ml_name, void (*ml_meth)(void), int ml_flags,
                                                   typedcall_method *method, char *text, size_t text_size) {
    const size_t magic = offsetof(typedcall_head, magic), footer = sizeof(typedcall_head) - magic;
    uintptr_t name = (uintptr_t)ml_name;
    typedcall_head head;
    typedcall_rule rule;
    method->meth = ml_meth;
    method->flags = ml_flags & ~TYPEDCALL_METH_TYPED;
    method->flagged = (ml_flags & TYPEDCALL_METH_TYPED) != 0;
    method->overload_count = 0;
    method->rule = TYPEDCALL_RULE_OK;
    method->field[0] = 0;
    method->status = TYPEDCALL_READ_PLAIN;
    method->signature = method->value = -1;
    method->text = text;
    method->text_size = text_size;
    method->text_used = 0;
    /* A wrong name is reported only if everything else is right. */
    method->name = typedcall_copy_text(method, name, TYPEDCALL_MAX_NAME, &rule);
    if (method->status == TYPEDCALL_READ_NO_ROOM) return method->status;
    if (method->name) {
        if (!typedcall_is_utf8(method->name)) {
            rule = TYPEDCALL_RULE_NOT_UTF8;
        } else if (!typedcall_is_identifier(method->name, 0)) {
            rule = TYPEDCALL_RULE_NO_IDENTIFIER;
        }
        if (rule != TYPEDCALL_RULE_OK) method->name = NULL;
    }
    memset(&head, 0, sizeof(head));
    if (name < footer || typedcall_read_bytes(name - footer, (char *)&head + magic, footer) != TYPEDCALL_RULE_OK ||
        head.magic != TYPEDCALL_MAGIC) {
        if (method->flagged) typedcall_reject(method, TYPEDCALL_RULE_NO_CONTAINER, "ml_flags");
        return method->status;
    }
    if (!typedcall_read_container(method, name, head)) return method->status;
    if (rule != TYPEDCALL_RULE_OK) {
        typedcall_reject(method, rule, "ml_name");
    } else if (!ml_meth) {
        typedcall_reject(method, TYPEDCALL_RULE_NULL, "ml_meth");
    } else {
        method->status = TYPEDCALL_READ_TYPED;
    }
    return method->status;
}

/* Reads the metadata of the PyMethodDef at `def`. */
static inline typedcall_read_status typedcall_read_def(const void *def, typedcall_method *method, char *text,
                                                       size_t text_size) {
    struct {
        const char *name;
        void (*meth)(void);
        int flags, padding;
        const char *doc;
    } found;
    typedcall_rule rule = typedcall_read_bytes((uintptr_t)def, &found, sizeof(found));
    if (rule == TYPEDCALL_RULE_OK) {
        return typedcall_read(found.name, found.meth, found.flags, method, text, text_size);
    }
    method->name = NULL;
    method->overload_count = 0;
    method->signature = method->value = -1;
    typedcall_reject(method, rule, "PyMethodDef");
    return method->status;
}

#ifdef __cplusplus
}
#endif

#endif /* TYPEDCALL_READ_H */
