//! Reading text from left to right, with columns for errors. Shared by the text forms of signatures and of IR.

/// A position in a text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    /// In bytes, always between two characters.
    offset: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, offset: 0 }
    }

    /// The column of the next character, counted in characters from 1.
    pub(crate) fn column(&self) -> usize {
        self.text[..self.offset].chars().count() + 1
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// Takes `token` if it comes next.
    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.offset += token.len();
        }
        found
    }

    /// Takes characters as long as `admitted` accepts them.
    pub(crate) fn take_while(&mut self, mut admitted: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !admitted(character)).unwrap_or(rest.len());
        self.offset += length;
        &rest[..length]
    }

    /// Takes a word: letters, digits and underscores of any script, not starting with a digit. Empty if there is none.
    pub(crate) fn word(&mut self) -> &'a str {
        match self.peek() {
            Some(first) if first == '_' || first.is_alphabetic() => {
                self.take_while(|character| character == '_' || character.is_alphanumeric())
            }
            _ => "",
        }
    }

    /// Takes the rest of a quoted text after its opening quote, with the closing quote. An error leaves the cursor
    /// where it is.
    pub(crate) fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            let before = self.offset;
            let Some(character) = self.next() else {
                return Err(format!("the closing {quote} is missing"));
            };
            let character = match character {
                '\\' => self.escape().ok_or_else(|| {
                    self.offset = before;
                    r#"unknown escape; known are \n \r \t \0 \\ \' \" \u{…}"#.to_owned()
                })?,
                character if character == quote => return Ok(text),
                character => character,
            };
            text.push(character);
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.offset += character.len_utf8();
        Some(character)
    }

    /// The character that an escape stands for, after its backslash.
    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            itself @ ('\\' | '\'' | '"') => itself,
            'u' if self.eat("{") => {
                let digits = self.take_while(|character| character.is_ascii_hexdigit());
                if !self.eat("}") {
                    return None;
                }
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        })
    }
}

/// The text in quotes, with escapes that [`Cursor::quoted`] reads. Control characters are always escaped.
pub(crate) fn quote(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for character in text.chars() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\0' => quoted.push_str("\\0"),
            '\\' => quoted.push_str("\\\\"),
            character if character == quote => quoted.extend(['\\', quote]),
            // Some readers of text end a line at the separators.
            character if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
            }
            character => quoted.push(character),
        }
    }
    quoted.push(quote);
    quoted
}

/// Prints a floating-point number so that [`parse_float`] gives back the same bits: `1.5`, `1e300`, `-0.0`, `inf`,
/// `nan`, `nan:0x7ff0000000000001`.
pub(crate) fn print_float(bits: u64) -> String {
    let number = f64::from_bits(bits);
    if !number.is_nan() {
        format!("{number:?}")
    } else if bits == CANONICAL_NAN {
        "nan".to_owned()
    } else {
        format!("nan:{bits:#x}")
    }
}

/// The bits of a floating-point literal, as printed or in Python's spelling.
pub(crate) fn parse_float(text: &str) -> Option<u64> {
    if text == "nan" {
        return Some(CANONICAL_NAN);
    }
    if let Some(bits) = text.strip_prefix("nan:0x") {
        return u64::from_str_radix(bits, 16).ok().filter(|&bits| f64::from_bits(bits).is_nan());
    }
    let is_known = matches!(text, "inf" | "-inf") || text.bytes().any(|byte| byte.is_ascii_digit());
    // Rust also reads "infinity" and the like in any case; the text form has one spelling.
    text.parse::<f64>().ok().filter(|_| is_known).map(f64::to_bits)
}

/// Python's own NaN: quiet, positive, without payload.
const CANONICAL_NAN: u64 = 0x7ff8_0000_0000_0000;
