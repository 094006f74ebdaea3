//! The text form of operations: `CallMethod<1, "base">`.

use std::fmt;
use std::sync::Arc;

use super::operation::{Immediate, Operation};
use crate::operators::{
    BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Special, UnaryOperator,
};
use crate::text::cursor::quote;

/// Lists every operation with its immediates. It gives the name of an operation, and finds an operation by its name.
macro_rules! operations {
    ($($name:ident $(($($field:ident),*))?;)*) => {
        impl Operation {
            /// Its name in the text form.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name),)*
                }
            }

            fn immediates(&self) -> Vec<Immediate> {
                #[allow(unused_mut, reason = "most have none")]
                let mut all = Vec::new();
                match self {
                    $(Self::$name $(($($field),*))? => { $($($field.write(&mut all);)*)? })*
                }
                all
            }

            /// The operation with this name and these immediates; `None` if there is none.
            pub(super) fn from_parts(name: &str, immediates: &[Immediate]) -> Option<Self> {
                #[allow(unused_mut, reason = "most have none")]
                let mut rest = immediates;
                let operation = match name {
                    $(stringify!($name) => Self::$name $(($({
                        let $field = Part::read(&mut rest)?;
                        $field
                    }),*))?,)*
                    _ => return None,
                };
                rest.is_empty().then_some(operation)
            }
        }
    };
}

operations! {
    BinaryOp(operator); InplaceOp(operator); UnaryOp(operator); Compare(operator);
    Is; IsTrue; IsNull; Not; Contains; GetItem; SetItem; DelItem;
    GetAttr(name); SetAttr(name); DelAttr(name); LoadMethod(name);
    LoadSuperAttr(name, implicit); LoadSuperMethod(name, implicit); LoadSpecial(which);
    LoadGlobal(name); StoreGlobal(name); DeleteGlobal(name); LoadBuildClass;
    CheckLocal(local); MakeCell; LoadClosureCell(index); LoadCell(local); StoreCell;
    BuildTuple(count); BuildList(count); BuildSet(count); BuildMap(count); BuildConstKeyMap(count); BuildString(count);
    BuildSlice; ListAppend; ListExtend; SetAdd; SetUpdate; MapAdd; DictUpdate; DictMerge; ListToTuple;
    FormatSimple; FormatWithSpec; Convert(conversion); BuildTemplate; BuildInterpolation(conversion, format);
    CallMethod(count, keywords); CallEx(keywords); MakeFunction; SetFunctionAttribute(attribute);
    UnpackSequence(count); UnpackEx(before, after); TupleItem(index); GetIter; IterNext;
    BeforeWith;
    GetLen; MatchMapping; MatchSequence; MatchKeys; MatchClass(count);
    ImportName(name); ImportFrom(name); Intrinsic1(which); Intrinsic2(which); Poll;
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let immediates = self.immediates();
        let texts: Vec<_> = immediates
            .iter()
            .map(|immediate| match immediate {
                Immediate::Number(number) => number.to_string(),
                Immediate::Text(text) => quote(text, '"'),
            })
            .collect();
        if texts.is_empty() { Ok(()) } else { write!(f, "<{}>", texts.join(", ")) }
    }
}

/// A field of an operation as text.
trait Part: Sized {
    fn write(&self, out: &mut Vec<Immediate>);
    fn read(rest: &mut &[Immediate]) -> Option<Self>;
}

impl Part for u32 {
    fn write(&self, out: &mut Vec<Immediate>) {
        out.push(Immediate::Number(*self));
    }

    fn read(rest: &mut &[Immediate]) -> Option<Self> {
        let (Immediate::Number(number), others) = rest.split_first()? else { return None };
        *rest = others;
        Some(*number)
    }
}

impl Part for bool {
    fn write(&self, out: &mut Vec<Immediate>) {
        u32::from(*self).write(out);
    }

    fn read(rest: &mut &[Immediate]) -> Option<Self> {
        match u32::read(rest)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Part for Arc<str> {
    fn write(&self, out: &mut Vec<Immediate>) {
        out.push(Immediate::Text(self.clone()));
    }

    fn read(rest: &mut &[Immediate]) -> Option<Self> {
        let (Immediate::Text(text), others) = rest.split_first()? else { return None };
        *rest = others;
        Some(text.clone())
    }
}

impl Part for Vec<Arc<str>> {
    fn write(&self, out: &mut Vec<Immediate>) {
        self.iter().for_each(|text| text.write(out));
    }

    fn read(rest: &mut &[Immediate]) -> Option<Self> {
        let mut texts = Self::new();
        while !rest.is_empty() {
            texts.push(Part::read(rest)?);
        }
        Some(texts)
    }
}

/// Enums print as one word of a list.
macro_rules! words {
    ($($type:ty: $list:expr;)*) => {
        $(impl Part for $type {
            fn write(&self, out: &mut Vec<Immediate>) {
                let word = $list.iter().find(|(value, _)| value == self).map_or("", |(_, word)| *word);
                out.push(Immediate::Text(word.into()));
            }

            fn read(rest: &mut &[Immediate]) -> Option<Self> {
                let text: Arc<str> = Part::read(rest)?;
                $list.iter().find(|(_, word)| **word == *text).map(|(value, _)| *value)
            }
        })*
    };
}

words! {
    BinaryOperator: Self::ALL;
    CompareOperator: Self::ALL;
    UnaryOperator: Self::ALL;
    Conversion: Self::ALL;
    Option<Conversion>: [(None, ""), (Some(Conversion::Str), "str"), (Some(Conversion::Repr), "repr"), (Some(Conversion::Ascii), "ascii")];
    Special: Self::ALL;
    FunctionAttribute: Self::ALL;
    Intrinsic1: Self::ALL;
    Intrinsic2: Self::ALL;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_all_there_and_all_different() {
        fn check<T: Part + PartialEq + std::fmt::Debug + Copy>(all: &[(T, &str)]) {
            for (value, _) in all {
                let mut out = Vec::new();
                value.write(&mut out);
                assert_eq!(T::read(&mut &out[..]), Some(*value));
            }
        }
        check(&BinaryOperator::ALL);
        check(&CompareOperator::ALL);
        check(&UnaryOperator::ALL);
        check(&Conversion::ALL);
        check(&Special::ALL);
        check(&FunctionAttribute::ALL);
        check(&Intrinsic1::ALL);
        check(&Intrinsic2::ALL);
    }
}
