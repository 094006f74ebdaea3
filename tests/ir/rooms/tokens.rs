//! The code of a file as a flat list of tokens, without comments and without tests.

use std::str::FromStr;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The tokens of a file. Tests are left out, since they may use anything; comments and the contents of strings are not
/// code.
///
/// A path separator is one token; every other mark is a token for each character.
pub fn tokens(text: &str) -> Vec<String> {
    let stream = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let mut found = Vec::new();
    flatten(stream, &mut found);
    found
}

fn flatten(stream: TokenStream, found: &mut Vec<String>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        if let Some(after) = after_test(&trees, at) {
            at = after;
            continue;
        }
        match &trees[at] {
            TokenTree::Ident(name) => found.push(name.to_string()),
            TokenTree::Literal(literal) => found.push(literal.to_string()),
            TokenTree::Punct(mark) => {
                let is_second = mark.as_char() == ':'
                    && found.last().is_some_and(|last| last == ":")
                    && matches!(&trees[at - 1], TokenTree::Punct(first) if first.spacing() == Spacing::Joint);
                match found.last_mut().filter(|_| is_second) {
                    Some(last) => last.push(':'),
                    None => found.push(mark.as_char().to_string()),
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                found.push(open.to_owned());
                flatten(group.stream(), found);
                found.push(close.to_owned());
            }
        }
        at += 1;
    }
}

/// The place after an item that only tests have, if one begins here with its attribute.
fn after_test(trees: &[TokenTree], at: usize) -> Option<usize> {
    let is_hash = |tree: &TokenTree| matches!(tree, TokenTree::Punct(mark) if mark.as_char() == '#');
    let is_test = |tree: &TokenTree| {
        let TokenTree::Group(group) = tree else { return false };
        let text: String = group.stream().to_string().split_whitespace().collect();
        text == "cfg(test)"
    };
    if !is_hash(&trees[at]) || !trees.get(at + 1).is_some_and(is_test) {
        return None;
    }
    // Fields and statements with the attribute are read as code: their end is hard to find.
    let items = ["fn", "mod", "use", "struct", "enum", "trait", "impl", "const", "static", "type"];
    let mut begun = false;
    for (after, tree) in trees.iter().enumerate().skip(at + 2) {
        match tree {
            TokenTree::Ident(name) if items.contains(&name.to_string().as_str()) => begun = true,
            TokenTree::Punct(mark) if mark.as_char() == ';' && begun => return Some(after + 1),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && begun => return Some(after + 1),
            TokenTree::Punct(mark) if ",:=".contains(mark.as_char()) && !begun => return None,
            _ => {}
        }
    }
    None
}

/// The modules that a file declares for tests only.
pub fn test_modules(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    pairs.filter_map(|pair| Some(pair[1].strip_prefix("mod ")?.strip_suffix(';')?.to_owned())).collect()
}
