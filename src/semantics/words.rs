//! The names that operations look up, interned once.

use std::ffi::CStr;
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use crate::embed::{Object, Python};
use crate::thread::owned::Borrowed;
use crate::thread::{Owned, Result, once};

macro_rules! words {
    ($($word:ident $text:literal)*) => {
        /// A name that an operation looks up.
        #[derive(Clone, Copy, Debug)]
        pub enum Word {
            $(#[doc = $text] $word,)*
        }

        impl Word {
            fn text(self) -> &'static CStr {
                match self {
                    $(Self::$word => const {
                        match CStr::from_bytes_with_nul(concat!($text, "\0").as_bytes()) {
                            Ok(text) => text,
                            Err(_) => panic!("a name has no NUL in it"),
                        }
                    },)*
                }
            }

            /// The interned `str`.
            pub fn get(self, python: &Python) -> Result<Borrowed<'static>> {
                static WORDS: [OnceLock<Object>; [$(Word::$word),*].len()] =
                    [const { OnceLock::new() }; [$(Word::$word),*].len()];
                let word = once(&WORDS[self as usize], || {
                    // SAFETY: the thread is attached; a C string.
                    let word = unsafe { Owned::new(ffi::PyUnicode_InternFromString(self.text().as_ptr()))? };
                    Ok(word.into_object(python))
                })?;
                Ok(Borrowed::of(python, word))
            }
        }
    };
}

words! {
    BuildClass "__build_class__"
    Import "__import__"
    Enter "__enter__"
    Exit "__exit__"
    AsyncEnter "__aenter__"
    AsyncExit "__aexit__"
    Get "get"
    Name "name"
    Update "update"
    MatchArgs "__match_args__"
}
