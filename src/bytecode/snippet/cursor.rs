//! A position in a text.

/// Reads a text from its start.
#[derive(Clone, Copy, Debug)]
pub(in crate::bytecode) struct SnippetCursor<'a> {
    text: &'a str,
    position: usize,
    /// The number of open parentheses.
    pub(super) nesting: usize,
}

impl<'a> SnippetCursor<'a> {
    pub(in crate::bytecode) fn new(text: &'a str) -> Self {
        Self { text, position: 0, nesting: 0 }
    }

    /// The byte offset.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The rest of the text.
    pub(in crate::bytecode) fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    /// Advances by this many bytes, which must end a character.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.position += bytes;
    }

    /// Takes a character, if it is the next.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.position += expected.len_utf8();
        }
        found
    }

    /// Skips spaces and tabs, but not line ends, which end statements.
    pub(super) fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
    }

    /// Skips the separators of statements: line ends, semicolons, comments.
    pub(super) fn skip_separators(&mut self) {
        loop {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', ';']).len();
            if self.peek() != Some('#') {
                return;
            }
            let rest = self.rest();
            self.position += rest.find('\n').unwrap_or(rest.len());
        }
    }

    /// Whether the statement ends here.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_spaces();
        matches!(self.peek(), None | Some('\n' | ';' | '#'))
    }

    /// A name, which may contain dots; empty if there is none.
    pub(super) fn name(&mut self) -> &'a str {
        self.skip_spaces();
        self.take(|char| char.is_alphanumeric() || matches!(char, '_' | '.'))
    }

    /// Everything up to a space or the end of the statement.
    pub(super) fn symbol(&mut self) -> &'a str {
        self.skip_spaces();
        self.take(|char| !char.is_whitespace() && !matches!(char, ';' | '#'))
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|char| !belongs(char)).unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }

    /// Line and column of a byte offset, from 1.
    pub(super) fn line_and_column(&self, position: usize) -> (u32, u32) {
        let before = &self.text[..position.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&char| char != '\n').count() + 1;
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        (number(line), number(column))
    }
}
