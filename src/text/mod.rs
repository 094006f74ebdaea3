//! Shared parts of everything that is parsed from text: the cursor, and the form of numbers and strings.

pub(crate) mod cursor;
