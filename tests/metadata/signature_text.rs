//! The text form of signatures: how it is read and printed, and the column of errors.

use proptest::prelude::*;
use typedcall::metadata::{
    DefaultValue, Effects, Kind, Overload, Parameter, PythonType, Raises, Scalar, Signature, UserType,
};

fn parse(text: &str) -> Signature {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn canonical_signatures_print_as_they_are_read() {
    for text in [
        "(i64) -> i64",
        "() -> void",
        "(self: str) -> str raises null",
        "(x: f64, y: f64 = 0.0) -> f64 [pure, no_python]",
        "(context, object, n: i64, *, base: i32 = 10) -> i64 raises minus_one",
        "(int?, list+) -> None | (float) -> float",
        "(self, type: int, type:mod.sub.Name+?) -> object raises null [borrowed_result, steals(1), steals(2)]",
        "(type: type:m.T) -> type:m.T raises null",
        "(cstr = 'it\\'s \\n\\u{7f}', cbool = True, f32 = -inf, f64 = nan, object = <object>, str? = None) -> cbool",
        "(i8 = -128, u64 = 18446744073709551615) -> void raises nonzero",
        "(*, context, a: i64, self, b: object) -> f64 raises check [nogil]",
        "(größe: i64) -> usize",
    ] {
        assert_eq!(parse(text).to_string(), text.replace("(*, context, a", "(context, *, a"));
    }
}

#[test]
fn spaces_and_integer_literals_for_floats_are_forgiven() {
    assert_eq!(parse(" ( x :f64=0,self : str )->f64 raises  check[ pure ] ").to_string(), {
        "(x: f64 = 0.0, self: str) -> f64 raises check [pure]"
    });
}

#[test]
fn errors_point_at_the_column() {
    for (text, column, part) in [
        ("", 1, "expected `(`"),
        ("i64", 1, "expected `(`"),
        ("(i64", 5, "expected `,` or `)`"),
        ("(i64,) -> void", 6, "expected a kind"),
        ("(i65) -> void", 2, "unknown kind `i65`"),
        ("(i64) i64", 7, "expected `->`"),
        ("(i64) ->", 9, "expected a kind"),
        ("(i64) -> i64 raises null", 21, "can't report an error by null"),
        ("(i64) -> object raises minus_one", 24, "by minus_one"),
        ("(i64) -> i64 raises nonzero", 21, "by nonzero"),
        ("(i64) -> i64 raises never", 21, "expected null"),
        ("(context, i64, context) -> i64", 16, "a second context"),
        ("(self, self: str) -> i64", 8, "a second receiver"),
        ("(i64 = 1, i64) -> i64", 11, "without a default"),
        ("(void) -> i64", 2, "results only"),
        ("() -> context", 7, "parameters only"),
        ("(i8 = 128) -> i64", 2, "does not fit into i8"),
        ("(i8 = 1.5) -> i64", 2, "no default for i8"),
        ("(f32 = 1e300) -> i64", 2, "does not fit into f32"),
        ("(i64?) -> i64", 2, "can't be None"),
        ("(str = None) -> i64", 2, "admits it"),
        ("(x: i64, x: i64) -> i64", 10, "second parameter named x"),
        ("(*, i64) -> i64", 5, "needs a name"),
        ("(i64, *) -> i64", 7, "follows `*`"),
        ("(*, a: i64, *, b: i64) -> i64", 13, "a second `*`"),
        ("(self = 1) -> i64", 2, "can't have a default"),
        ("(c: context) -> i64", 2, "no name"),
        ("(type:name) -> i64", 7, "unknown kind `name`"),
        ("(type:m.) -> i64", 9, "expected a name"),
        ("(i64+) -> i64", 5, "no subclasses"),
        ("() -> i64 [borrowed_result]", 12, "can't be borrowed"),
        ("(i64) -> i64 [pure, steals(0)]", 21, "is not an object"),
        ("(cstr, object) -> i64 [steals(0)]", 24, "is not an object"),
        ("(object) -> i64 [steals(1)]", 18, "no parameter 1"),
        ("(object) -> i64 [steals(16)]", 25, "at most 15"),
        ("() -> i64 [pure, pure]", 18, "second time"),
        ("() -> i64 []", 12, "expected pure"),
        ("() -> i64 x", 11, "expected `|`"),
        ("(cstr = 'ä\\q') -> i64", 11, "unknown escape"),
        ("(ä: i64, ö: i65) -> i64", 13, "unknown kind"),
        ("() -> i64 | (i64 = ) -> i64", 20, "expected a number"),
    ] {
        let error = text.parse::<Signature>().expect_err(text);
        assert!(error.message.contains(part), "{text}\n{error}");
        assert_eq!(error.column, column, "{text}\n{error}");
    }
}

#[test]
fn an_error_shows_the_text_with_a_caret() {
    let error = "(i64) -> i64 raises null".parse::<Signature>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "column 21: a result of kind i64 can't report an error by null\n  (i64) -> i64 raises null\n                      ^"
    );
}

#[test]
fn too_much_is_an_error() {
    let parameters = vec!["i64"; 17].join(", ");
    assert_eq!(format!("({parameters}) -> i64").parse::<Signature>().unwrap_err().column, 82);
    assert!(vec!["() -> i64"; 17].join(" | ").parse::<Signature>().is_err());
    assert!(vec!["() -> i64"; 16].join(" | ").parse::<Signature>().is_ok());
    // A caret far to the right does not exceed the width that formatting can do.
    assert!(format!("{}x", " ".repeat(100_000)).parse::<Signature>().unwrap_err().to_string().ends_with('^'));
}

#[test]
fn steals_counts_a_string_as_one_parameter() {
    let signature = parse("(cstr, object) -> i64 [steals(1)]");
    assert_eq!(signature.overloads[0].effects.steals, 1 << 1);
}

#[test]
fn a_parameter_may_bear_the_name_of_a_python_keyword() {
    let signature = parse("(class: i64) -> i64");
    assert_eq!(signature.to_string(), "(class: i64) -> i64");
}

fn kinds() -> impl Strategy<Value = Kind> {
    use PythonType::{Bool, Bytes, Dict, Float, Int, List, None, Str, Tuple};
    use Scalar::{CBool, F32, F64, I8, I16, I32, I64, Isize, U8, U16, U32, U64, Usize};
    let scalars = [I8, I16, I32, I64, U8, U16, U32, U64, Isize, Usize, F32, F64, CBool];
    let classes = [Int, Float, Bool, Str, Bytes, List, Tuple, Dict, None];
    prop_oneof![
        prop::sample::select(scalars.to_vec()).prop_map(Kind::Scalar),
        Just(Kind::Object),
        Just(Kind::Cstr),
        Just(Kind::Buffer),
        (prop::sample::select(classes.to_vec()), any::<bool>())
            .prop_map(|(class, subclasses)| Kind::Python { class, subclasses }),
        ("[a-z]{1,3}(\\.[A-Za-z_ä]{1,4}){1,2}", any::<bool>()).prop_map(|(name, subclasses)| Kind::User {
            class: UserType { name, place: Option::None, builtin: Option::None },
            subclasses
        }),
    ]
}

/// Some default that fits the kind.
fn default_for(kind: &Kind, seed: u64, text: &str) -> Option<DefaultValue> {
    Some(match kind {
        Kind::Scalar(Scalar::CBool) => DefaultValue::Bool(seed.is_multiple_of(2)),
        Kind::Scalar(Scalar::F64) => DefaultValue::Float(seed),
        Kind::Scalar(Scalar::F32) => DefaultValue::Float(f64::from(f32::from_bits(seed as u32)).to_bits()),
        Kind::Scalar(scalar) => {
            let (least, greatest) = scalar.integer_range()?;
            DefaultValue::Int(least + i128::from(seed) % (greatest - least + 1))
        }
        Kind::Cstr => DefaultValue::Str(text.to_owned()),
        kind if kind.is_object() => DefaultValue::Object { address: Option::None },
        _ => return None,
    })
}

fn overloads() -> impl Strategy<Value = Overload> {
    let parameter = (kinds(), any::<[bool; 3]>(), any::<u64>(), any::<String>());
    let effects = (any::<[bool; 4]>(), any::<u16>(), 0..5_usize, 0..4_usize, 0..4_usize);
    (prop::collection::vec(parameter, 0..12), prop_oneof![kinds(), Just(Kind::Void)], effects).prop_map(
        |(generated, result, (flags, steals, raises, context, receiver))| {
            let keywords_from = generated.len() / 2;
            let mut defaults = false;
            let mut parameters = Vec::new();
            for (index, (kind, [nullable, named, optional], seed, text)) in generated.into_iter().enumerate() {
                if index == context {
                    parameters.push(Parameter::positional(Kind::Context));
                }
                if index == receiver {
                    let name = Some("self".to_owned());
                    parameters.push(Parameter { name, receiver: true, ..Parameter::positional(Kind::Object) });
                }
                let keyword_only = index >= keywords_from && seed % 3 > 0 || parameters.iter().any(|p| p.keyword_only);
                let nullable = nullable && (kind.is_object() || matches!(kind, Kind::Cstr | Kind::Buffer));
                let default = match default_for(&kind, seed, &text) {
                    _ if nullable && (optional || defaults) => Some(DefaultValue::None),
                    default if optional || defaults => default,
                    _ => None,
                };
                let (kind, default) = match default {
                    None if defaults && !keyword_only => (Kind::Scalar(Scalar::I64), Some(DefaultValue::Int(-1))),
                    default => (kind, default),
                };
                defaults |= default.is_some() && !keyword_only;
                let name = (named || keyword_only).then(|| format!("p{index}"));
                parameters.push(Parameter { name, kind, receiver: false, nullable, keyword_only, default });
            }
            let wishes = [Raises::Never, Raises::Null, Raises::MinusOne, Raises::Nonzero, Raises::Check];
            let [no_python, pure, nogil, borrowed] = flags;
            let borrowed_result = borrowed && result.is_object();
            let mut overload = Overload {
                parameters,
                result,
                raises: wishes[raises],
                effects: Effects { no_python, pure, nogil, borrowed_result, steals },
            };
            if overload.check().is_err() {
                overload.effects.steals = 0;
            }
            if overload.check().is_err() {
                overload.raises = Raises::Never;
            }
            overload
        },
    )
}

proptest! {
    #[test]
    fn what_prints_parses_to_the_same(overloads in prop::collection::vec(overloads(), 1..4)) {
        let signature = Signature { overloads };
        signature.check().map_err(|(index, error)| TestCaseError::fail(format!("{index}: {error}\n{signature}")))?;
        let text = signature.to_string();
        let parsed: Signature = text.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(&parsed, &signature);
        prop_assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Err(error) = text.parse::<Signature>() {
            error.to_string();
        }
    }

    #[test]
    fn any_text_of_tokens_is_read_or_refused(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "->", "i64", "self", "context", "*", ",", ":", "?", "=", "1", "'", "\\", "type:", "a.b", "+", " ",
            "raises", "null", "[", "]", "steals(", "pure", "|", "<object>", "nan:0x", "ä", "void", "x",
        ]), 0..30)
    ) {
        if let Ok(signature) = tokens.concat().parse::<Signature>() {
            prop_assert_eq!(signature.to_string().parse::<Signature>().unwrap(), signature);
        }
    }
}
