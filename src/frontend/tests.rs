//! Small functions, by hand.
