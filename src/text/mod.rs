//! What everything that is parsed from text shares: the cursor, and how numbers and strings are written.

pub(crate) mod cursor;
