//! The C text of the matrix: one underlying function for each C signature and outcome, independent of the Python side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use typedcall::metadata::{Kind, PythonType, Raises, Scalar};

use super::axes::{Axes, Case, Form, Outcome, Part, Variant};
use super::extras::Effect;

/// The lookup key of a case's underlying function: the form, the C type under test, the outcome, and its use of
/// references and the GIL.
pub type Key = (Form, &'static str, usize, Effect);

/// The texts to compile, and the position of each function in the resulting table.
pub struct Source {
    /// Translation units of about equal size, each of which includes `matrix.h`.
    pub units: Vec<String>,
    /// The tables that refer to all of them.
    pub tables: String,
    /// Positions in the table of functions.
    pub functions: BTreeMap<Key, usize>,
    /// Positions in the table of callers, by form, C type under test and C type of the result.
    pub callers: BTreeMap<(Form, &'static str, &'static str), usize>,
}

/// The name of a C value in `matrix.h`: the member of the union, and the end of its hash function's name.
fn member(kind: &Kind) -> &'static str {
    match kind {
        Kind::Scalar(scalar) => match scalar {
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::Isize => "isize",
            Scalar::Usize => "usize",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
            Scalar::CBool => "cbool",
        },
        Kind::Object | Kind::Python { .. } | Kind::User { .. } => "ptr",
        Kind::Cstr => "cstr",
        Kind::Buffer => "buffer",
        Kind::Void => "void",
        Kind::Context => "context",
        Kind::Foreign(_) => unreachable!("methods of extensions have no such kinds"),
    }
}

/// The C type of a member.
fn c_type(member: &str) -> &'static str {
    match member {
        "i8" => "int8_t",
        "i16" => "int16_t",
        "i32" => "int32_t",
        "i64" => "int64_t",
        "u8" => "uint8_t",
        "u16" => "uint16_t",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "isize" => "Py_ssize_t",
        "usize" => "size_t",
        "f32" => "float",
        "f64" => "double",
        "cbool" => "bool",
        "ptr" => "PyObject *",
        "context" => "typedcall_context *",
        "text" => "const char *",
        "status" => "int",
        "void" => "void",
        "buffer" => "matrix_buffer",
        other => panic!("no C type for {other}"),
    }
}

/// The parts of a parameter: its C declaration, the arguments of its hash, and the expression that passes it from a
/// union.
fn pieces(member: &str, name: &str, index: usize) -> (String, String, String) {
    match member {
        "cstr" | "buffer" => {
            let start = if member == "cstr" { "const char *" } else { "const void *" };
            (
                format!("{start} {name}, Py_ssize_t {name}_length"),
                format!("{name}, {name}_length"),
                format!("v[{index}].{member}.start, v[{index}].{member}.length"),
            )
        }
        _ => (format!("{} {name}", c_type(member)), name.to_owned(), format!("v[{index}].{member}")),
    }
}

/// Parameters, hash and arguments of all parts of a form.
fn signature(form: Form, target: &str) -> (String, String, String) {
    let (mut declared, mut passed) = (Vec::new(), Vec::new());
    let mut hash = "id".to_owned();
    for (index, part) in form.parts().iter().enumerate() {
        let member = match part {
            Part::Target => target,
            Part::Receiver | Part::Object => "ptr",
            Part::I64 => "i64",
            Part::F32 => "f32",
            Part::F64 => "f64",
        };
        let (declaration, hashed, value) = pieces(member, &format!("p{index}"), index);
        declared.push(declaration);
        passed.push(value);
        hash = format!("matrix_mix({hash}, hash_{member}({hashed}))");
    }
    let declared = if declared.is_empty() { "void".to_owned() } else { declared.join(", ") };
    (declared, hash, passed.join(", "))
}

/// The part of a maker's name that says the kind.
fn result_name(kind: &Kind) -> String {
    let (name, subclasses) = match kind {
        Kind::Object => ("object", false),
        Kind::Python { class, subclasses } => (python_name(*class), *subclasses),
        Kind::User { subclasses, .. } => ("user", *subclasses),
        other => (member(other), false),
    };
    format!("{name}{}", if subclasses { "_sub" } else { "" })
}

fn python_name(class: PythonType) -> &'static str {
    match class {
        PythonType::Int => "int",
        PythonType::Float => "float",
        PythonType::Bool => "bool",
        PythonType::Str => "str",
        PythonType::Bytes => "bytes",
        PythonType::List => "list",
        PythonType::Tuple => "tuple",
        PythonType::Dict => "dict",
        PythonType::None => "none",
    }
}

/// The member that a result is stored in.
fn result_member(outcome: &Outcome) -> &'static str {
    match (&outcome.kind, outcome.raises) {
        (Kind::Void, Raises::Nonzero) => "status",
        (Kind::Cstr, _) => "text",
        (kind, _) => member(kind),
    }
}

fn raises_name(raises: Raises) -> &'static str {
    match raises {
        Raises::Never => "never",
        Raises::Null => "null",
        Raises::MinusOne => "minus_one",
        Raises::Nonzero => "nonzero",
        Raises::Check => "check",
    }
}

/// The key of a case's underlying function.
pub fn key(axes: &Axes, case: &Case) -> Key {
    // An effect that a function does not have needs no other function.
    let effect = if case.effect == Effect::NoPython { Effect::None } else { case.effect };
    (case.form, target_member(&axes.variants[case.variant]), case.outcome, effect)
}

/// The key of a case's caller.
pub fn caller_key(axes: &Axes, case: &Case) -> (Form, &'static str, &'static str) {
    (case.form, target_member(&axes.variants[case.variant]), result_member(&axes.outcomes[case.outcome]))
}

fn target_member(variant: &Variant) -> &'static str {
    variant.kind.as_ref().map_or("void", member)
}

/// Writes all of it, in this number of units.
pub fn write(axes: &Axes, unit_count: usize) -> Source {
    let keys: BTreeSet<_> = axes.cases.iter().map(|case| key(axes, case)).collect();
    let caller_keys: BTreeSet<_> = axes.cases.iter().map(|case| caller_key(axes, case)).collect();
    let mut units = vec!["#include \"matrix.h\"\n".to_owned(); unit_count];
    let mut tables = String::from("#include \"matrix.h\"\n");
    let mut list = String::from("const matrix_function matrix_functions[] = {\n");
    let mut signatures = BTreeMap::new();
    for (index, (form, target, outcome, effect)) in keys.iter().enumerate() {
        let unit = &mut units[index * unit_count / keys.len()];
        let (declared, hash, _) = signatures.entry((*form, *target)).or_insert_with(|| signature(*form, target));
        let outcome = &axes.outcomes[*outcome];
        let ty = c_type(result_member(outcome));
        let maker = format!("make_{}_{}", result_name(&outcome.kind), raises_name(outcome.raises));
        let made = if effect.lends() { format!("matrix_lend({maker}(h))") } else { format!("{maker}(h)") };
        let give = if ty == "void" { "" } else { "return " };
        let before = match form.target() {
            Some(target) if effect.steals() => format!("Py_XDECREF(p{target}); "),
            _ if *effect == Effect::Nogil => "matrix_released += !PyGILState_Check(); ".to_owned(),
            _ => String::new(),
        };
        writeln!(unit, "{ty} f{index}({declared}) {{ uint64_t id = {index}, h = {hash}; {before}{give}{made}; }}")
            .expect("a string grows");
        writeln!(tables, "void f{index}(void);").expect("a string grows");
        writeln!(list, "f{index},").expect("a string grows");
    }
    list.push_str("};\nconst matrix_caller matrix_callers[] = {\n");
    for (index, (form, target, result)) in caller_keys.iter().enumerate() {
        let unit = &mut units[index * unit_count / caller_keys.len()];
        let (declared, _, passed) = &signatures[&(*form, *target)];
        let ty = c_type(result);
        let store = if *result == "void" { String::new() } else { format!("r->{result} = ") };
        writeln!(
            unit,
            "void c{index}(matrix_function f, const matrix_value *v, matrix_value *r) {{ (void)v; (void)r; \
             {store}(({ty} (*)({declared}))f)({passed}); }}"
        )
        .expect("a string grows");
        writeln!(tables, "void c{index}(matrix_function f, const matrix_value *v, matrix_value *r);")
            .expect("a string grows");
        writeln!(list, "c{index},").expect("a string grows");
    }
    list.push_str("};\n");
    tables.push_str(&list);
    tables.push_str(&values(axes));
    Source {
        units,
        tables,
        functions: keys.into_iter().enumerate().map(|(index, key)| (key, index)).collect(),
        callers: caller_keys.into_iter().enumerate().map(|(index, key)| (key, index)).collect(),
    }
}

/// The values of the signatures, by the header's own macros, and the forms.
fn values(axes: &Axes) -> String {
    let mut text = String::from("const typedcall_value matrix_parameters[] = {\n");
    for variant in &axes.variants {
        let nullable = if variant.nullable { "TYPEDCALL_NULLABLE" } else { "0" };
        match &variant.kind {
            None => text.push_str("{0},\n"),
            Some(Kind::Context) => text.push_str("TYPEDCALL_CONTEXT,\n"),
            Some(Kind::User { subclasses, .. }) => {
                let subclasses = if *subclasses { " | TYPEDCALL_SUBCLASSES" } else { "" };
                writeln!(text, "TYPEDCALL_ARG_OF_TYPE_FLAGS(&matrix_point, x, {nullable}{subclasses}),")
                    .expect("a string grows");
            }
            Some(kind) => {
                let is_open = matches!(kind, Kind::Python { subclasses: true, .. });
                let subclasses = if is_open { " | TYPEDCALL_SUBCLASSES" } else { "" };
                writeln!(text, "TYPEDCALL_ARG_FLAGS({}, x, {nullable}{subclasses}),", macro_name(kind))
                    .expect("a string grows");
            }
        }
    }
    text.push_str("};\nconst typedcall_value matrix_results[] = {\n");
    for Outcome { kind, raises } in &axes.outcomes {
        let raises = raises_name(*raises).to_uppercase();
        let line = match kind {
            Kind::User { subclasses: false, .. } => format!("TYPEDCALL_RESULT_OF_TYPE(&matrix_point, {raises}, 0)"),
            Kind::User { subclasses: true, .. } => {
                format!("TYPEDCALL_RESULT_OF_TYPE_OR_SUBCLASS(&matrix_point, {raises}, 0)")
            }
            Kind::Python { subclasses: true, .. } => {
                format!("TYPEDCALL_RESULT_OR_SUBCLASS({}, {raises}, 0)", macro_name(kind))
            }
            kind => format!("TYPEDCALL_RESULT({}, {raises}, 0)", macro_name(kind)),
        };
        writeln!(text, "{line},").expect("a string grows");
    }
    text.push_str("};\n");
    text
}

/// How the header's macros name a kind.
fn macro_name(kind: &Kind) -> String {
    match kind {
        Kind::Object => "OBJECT".to_owned(),
        Kind::Python { class, .. } => python_name(*class).to_uppercase(),
        kind => member(kind).to_uppercase(),
    }
}
