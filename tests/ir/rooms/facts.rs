//! Facts about CPython's versions in code: declarations of C functions, questions for the version, numbers as offsets.

/// The first fact, as the tokens that tell it.
pub fn fact(tokens: &[String]) -> Option<String> {
    let place = (0..tokens.len()).find(|at| is_fact(&tokens[*at..], &tokens[..*at]))?;
    let end = tokens.len().min(place + 16);
    Some(tokens[place.saturating_sub(4)..end].join(" "))
}

/// Whether a fact begins here.
fn is_fact(tokens: &[String], before: &[String]) -> bool {
    declares_functions(tokens) || asks_for_version(tokens) || is_offset(tokens, before) || names_offset(tokens)
}

fn word(tokens: &[String], at: usize) -> &str {
    tokens.get(at).map_or("", String::as_str)
}

/// `extern "C" { … }`, with any convention or none.
fn declares_functions(tokens: &[String]) -> bool {
    let brace = if word(tokens, 1).starts_with('"') { 2 } else { 1 };
    word(tokens, 0) == "extern" && word(tokens, brace) == "{"
}

fn asks_for_version(tokens: &[String]) -> bool {
    let names = [
        "minor",
        "PY_VERSION_HEX",
        "PY_MINOR_VERSION",
        "PY_MAJOR_VERSION",
        "PY_VERSION",
        "Py_Version",
        "Py_GetVersion",
    ];
    let name = word(tokens, 0);
    name.starts_with("Py_3_") || names.contains(&name)
}

/// The value of an integer: its digits, without underscores and its type.
fn integer(token: &str) -> Option<u64> {
    let token = token.replace('_', "");
    for (start, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
        if let Some(rest) = token.strip_prefix(start) {
            let digits: String = rest.chars().take_while(|digit| digit.is_digit(radix)).collect();
            return u64::from_str_radix(&digits, radix).ok();
        }
    }
    let digits = token.trim_end_matches(|letter: char| !letter.is_ascii_digit()).len();
    let types = ["usize", "isize", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];
    let digits = types.iter().find_map(|ty| token.strip_suffix(ty)).unwrap_or(&token[..digits]);
    digits.parse().ok()
}

/// The arguments of a call whose parenthesis is the first token.
fn arguments(tokens: &[String]) -> Vec<Vec<&str>> {
    let mut arguments = vec![Vec::new()];
    let mut depth = 0;
    for token in tokens {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && token == "," {
            arguments.push(Vec::new());
        } else if let Some(last) = arguments.last_mut() {
            last.push(token.as_str());
        }
    }
    arguments[0].remove(0);
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

/// Whether a call moves a pointer, or reads or writes memory, by a number.
fn is_offset(tokens: &[String], before: &[String]) -> bool {
    if word(tokens, 1) != "(" {
        return false;
    }
    let number = |argument: &[&str]| match argument {
        [number] | ["-", number] => integer(number),
        _ => None,
    };
    let name = word(tokens, 0);
    let is_method = before.last().is_some_and(|last| last == ".");
    let arguments = arguments(&tokens[1..]);
    let last = arguments.last().and_then(|last| number(last));
    match name {
        "byte_add"
        | "byte_sub"
        | "byte_offset"
        | "wrapping_byte_add"
        | "wrapping_byte_sub"
        | "wrapping_byte_offset" => arguments.iter().flatten().any(|token| integer(token).is_some()),
        // The next item of an array is no offset in an object.
        "add" | "sub" | "offset" => is_method && last.is_some_and(|number| number > 1),
        "iadd_imm" | "iadd_imm_s" | "iadd_imm_u" => last.is_some_and(|number| number > 1),
        _ if name.contains("load") || name.contains("store") => {
            arguments.len() > 2 && last.is_some_and(|number| number != 0)
        }
        _ => false,
    }
}

/// Whether a constant that is named as an offset, or as a field of CPython, is a number.
fn names_offset(tokens: &[String]) -> bool {
    let name = word(tokens, 1);
    let fields = ["OB_", "TP_", "ML_", "MD_", "MA_", "LV_", "M_", "D_"];
    let is_named = name.contains("OFFSET") || fields.iter().any(|field| name.starts_with(field));
    let ty = word(tokens, 3);
    if word(tokens, 0) != "const" || !is_named || !["usize", "isize", "i32", "u32", "i64", "u64"].contains(&ty) {
        return false;
    }
    let value = tokens.iter().skip(4).take_while(|token| *token != ";");
    value.filter_map(|token| integer(token)).any(|number| number > 1)
}
