//! Python's operators, and other names that bytecode and IR share.

/// A special method of `with`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// `__enter__`
    Enter,
    /// `__exit__`
    Exit,
    /// `__aenter__`
    AsyncEnter,
    /// `__aexit__`
    AsyncExit,
}

impl Special {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Enter, "__enter__"),
        (Self::Exit, "__exit__"),
        (Self::AsyncEnter, "__aenter__"),
        (Self::AsyncExit, "__aexit__"),
    ];

    /// The name, as Python writes it.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Negative,
    /// `+`
    Positive,
    /// `~`
    Invert,
}

impl UnaryOperator {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Negative, "-"), (Self::Positive, "+"), (Self::Invert, "~")];

    /// The symbol, as Python writes it.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `&`
    And,
    /// `//`
    FloorDivide,
    /// `<<`
    LeftShift,
    /// `@`
    MatrixMultiply,
    /// `*`
    Multiply,
    /// `%`
    Remainder,
    /// `|`
    Or,
    /// `**`
    Power,
    /// `>>`
    RightShift,
    /// `-`
    Subtract,
    /// `/`
    TrueDivide,
    /// `^`
    Xor,
}

impl BinaryOperator {
    /// All, with their symbols.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Add, "+"),
        (Self::And, "&"),
        (Self::FloorDivide, "//"),
        (Self::LeftShift, "<<"),
        (Self::MatrixMultiply, "@"),
        (Self::Multiply, "*"),
        (Self::Remainder, "%"),
        (Self::Or, "|"),
        (Self::Power, "**"),
        (Self::RightShift, ">>"),
        (Self::Subtract, "-"),
        (Self::TrueDivide, "/"),
        (Self::Xor, "^"),
    ];

    /// The symbol, as Python writes it.
    pub fn symbol(self) -> &'static str {
        // `ALL` is in the order of the variants, as a test checks.
        Self::ALL[self as usize].1
    }
}

/// A comparison. The values are those of CPython's `Py_LT` to `Py_GE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CompareOperator {
    /// `<`
    Less = 0,
    /// `<=`
    LessEqual = 1,
    /// `==`
    Equal = 2,
    /// `!=`
    NotEqual = 3,
    /// `>`
    Greater = 4,
    /// `>=`
    GreaterEqual = 5,
}

impl CompareOperator {
    /// All, with their symbols, in CPython's order.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Less, "<"),
        (Self::LessEqual, "<="),
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
        (Self::Greater, ">"),
        (Self::GreaterEqual, ">="),
    ];

    /// The symbol, as Python writes it.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// The conversion that an f-string applies to a value before formatting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conversion {
    /// `!s`
    Str,
    /// `!r`
    Repr,
    /// `!a`
    Ascii,
}

impl Conversion {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Str, "str"), (Self::Repr, "repr"), (Self::Ascii, "ascii")];

    /// The name of the function that converts.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// An attribute that a function gets when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionAttribute {
    /// A tuple of defaults.
    Defaults,
    /// A dict of keyword-only defaults.
    KeywordDefaults,
    /// Annotations, a tuple of names and values in turn.
    Annotations,
    /// A tuple of cells.
    Closure,
    /// 3.14's function that computes the annotations.
    Annotate,
}

impl FunctionAttribute {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Defaults, "defaults"),
        (Self::KeywordDefaults, "kwdefaults"),
        (Self::Annotations, "annotations"),
        (Self::Closure, "closure"),
        (Self::Annotate, "annotate"),
    ];

    /// The name in snippets.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// CPython's intrinsic functions with one argument, except those that are instructions here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic1 {
    /// Prints for the interactive prompt.
    Print,
    /// `from … import *`.
    ImportStar,
    /// Turns a `StopIteration` that leaves a generator into a `RuntimeError`.
    StopIterationError,
    /// Wraps what an asynchronous generator yields.
    AsyncGenWrap,
    /// A type variable.
    TypeVar,
    /// A parameter specification.
    ParamSpec,
    /// A tuple of type variables.
    TypeVarTuple,
    /// `Generic[…]`.
    SubscriptGeneric,
    /// The object of a `type` statement.
    TypeAlias,
}

impl Intrinsic1 {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Print, "print"),
        (Self::ImportStar, "import_star"),
        (Self::StopIterationError, "stopiteration_error"),
        (Self::AsyncGenWrap, "async_gen_wrap"),
        (Self::TypeVar, "typevar"),
        (Self::ParamSpec, "paramspec"),
        (Self::TypeVarTuple, "typevartuple"),
        (Self::SubscriptGeneric, "subscript_generic"),
        (Self::TypeAlias, "typealias"),
    ];

    /// The name in snippets.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// CPython's intrinsic functions with two arguments, except those that are instructions here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic2 {
    /// A type variable with a bound.
    TypeVarWithBound,
    /// A type variable with constraints.
    TypeVarWithConstraints,
    /// Puts type parameters on a function.
    SetFunctionTypeParams,
    /// Gives a type variable a default.
    SetTypeParamDefault,
}

impl Intrinsic2 {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::TypeVarWithBound, "typevar_with_bound"),
        (Self::TypeVarWithConstraints, "typevar_with_constraints"),
        (Self::SetFunctionTypeParams, "set_function_type_params"),
        (Self::SetTypeParamDefault, "set_typeparam_default"),
    ];

    /// The name in snippets.
    pub fn symbol(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `symbol` looks up a variant by its number.
    #[test]
    fn tables_are_in_the_order_of_the_variants() {
        assert!(BinaryOperator::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(CompareOperator::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(UnaryOperator::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(Conversion::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(Special::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(FunctionAttribute::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(Intrinsic1::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(Intrinsic2::ALL.iter().enumerate().all(|(index, row)| row.0 as usize == index));
    }
}
