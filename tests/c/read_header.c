/* Prints what typedcall_read.h finds for a PyMethodDef; tests/metadata/read_header.rs prints what Rust finds in the same form. */
#include <inttypes.h>
#include <stdio.h>
#include "typedcall_read.h"

#ifdef __cplusplus
extern "C" {
#endif

int look(const void *def, size_t room, char *out, size_t out_size);
const char *rule_text(int rule);
int letter(uint32_t character);

static void line(char **to, char *end, const typedcall_overload *overload, uint32_t position) {
    const typedcall_value *value = &overload->values[position];
    const char *type_name = overload->type_names[position];
    const char *address = (const char *)value->default_address;
    const char *text = value->kind == TYPEDCALL_KIND_CSTR && address ? address : "";
    uintptr_t object = value->kind == TYPEDCALL_KIND_CSTR ? 0 : (uintptr_t)address;
    *to += snprintf(*to, (size_t)(end - *to), "%u %u %u %s %s %" PRIxPTR " ", value->kind, value->flags, value->effects,
                    value->name ? value->name : "-", type_name ? type_name : "-", (uintptr_t)overload->types[position]);
    *to += snprintf(*to, (size_t)(end - *to), "%" PRId64 " %" PRIx64 " %" PRIxPTR " %s\n", value->default_int,
                    typedcall_bits(value->default_float), object, text);
}

int look(const void *def, size_t room, char *out, size_t out_size) {
    static __thread typedcall_method method;
    static __thread char text[1 << 16];
    char *to = out, *end = out + out_size;
    typedcall_read_status status = typedcall_read_def(def, &method, text, room < sizeof(text) ? room : sizeof(text));
    if (status == TYPEDCALL_READ_REJECTED) {
        snprintf(out, out_size, "%s: %s: %s\n", method.name ? method.name : "-", method.field,
                 typedcall_rule_text(method.rule));
    } else if (status == TYPEDCALL_READ_TYPED) {
        to += snprintf(to, (size_t)(end - to), "%s %d %d %" PRIxPTR "\n", method.name, method.flags, method.flagged,
                       (uintptr_t)method.meth);
        for (uint32_t index = 0; index < method.overload_count; index++) {
            const typedcall_overload *overload = &method.overloads[index];
            to += snprintf(to, (size_t)(end - to), "%" PRIxPTR "\n", (uintptr_t)overload->function);
            for (uint32_t position = 0; position < overload->value_count; position++) {
                line(&to, end, overload, position);
            }
        }
    } else {
        *out = 0;
    }
    return (int)status;
}

const char *rule_text(int rule) { return typedcall_rule_text((typedcall_rule)rule); }

/* 2 for letters, 1 for what may follow them. */
int letter(uint32_t character) {
    return typedcall_is_letter(character) ? 2 : typedcall_is_letter_or_number(character);
}

#ifdef __cplusplus
}
#endif
