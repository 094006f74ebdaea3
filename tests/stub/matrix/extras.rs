//! Parts of a signature that have no axis: effects, defaults, and which parameters may be passed by name. Each case
//! gets one of those that are valid for it, in turn, so that all of them meet all kinds, results, positions and shapes.

use typedcall::metadata::{DefaultValue, Effects, Kind, Overload, Parameter, Scalar, abi};

use super::axes::{Outcome, Position, Shape};

/// What a call can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    None,
    NoPython,
    Nogil,
    /// Takes over a reference to the parameter under test.
    Steals,
    /// Returns a borrowed object.
    Lends,
    StealsAndLends,
}

/// How the argument under test may be passed, in the order of `wrapper.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passing {
    Required,
    Optional,
    DefaultNone,
    KeywordOnly,
    KeywordOnlyOptional,
}

const EFFECTS: [Effect; 6] =
    [Effect::None, Effect::NoPython, Effect::Nogil, Effect::Steals, Effect::Lends, Effect::StealsAndLends];
const PASSINGS: [Passing; 5] =
    [Passing::Required, Passing::Optional, Passing::DefaultNone, Passing::KeywordOnly, Passing::KeywordOnlyOptional];

impl Effect {
    pub fn steals(self) -> bool {
        matches!(self, Self::Steals | Self::StealsAndLends)
    }

    pub fn lends(self) -> bool {
        matches!(self, Self::Lends | Self::StealsAndLends)
    }

    /// The effects of a signature whose parameter under test has this index.
    pub fn effects(self, target: Option<usize>) -> Effects {
        Effects {
            no_python: self == Self::NoPython,
            nogil: self == Self::Nogil,
            borrowed_result: self.lends(),
            steals: if self.steals() { 1 << target.unwrap_or(usize::from(u8::MAX)) } else { 0 },
            ..Effects::default()
        }
    }

    /// The same as bits of metadata.
    pub fn bits(self, target: Option<usize>) -> u32 {
        let Effects { no_python, nogil, borrowed_result, steals, .. } = self.effects(target);
        let bit = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        bit(no_python, abi::effect::NO_PYTHON)
            | bit(nogil, abi::effect::NOGIL)
            | bit(borrowed_result, abi::effect::BORROWED_RESULT)
            | u32::from(steals) << abi::effect::STEALS_SHIFT
    }
}

impl Passing {
    /// Makes a parameter one that is passed in this way.
    pub fn apply(self, parameter: &mut Parameter) {
        parameter.keyword_only = matches!(self, Self::KeywordOnly | Self::KeywordOnlyOptional);
        parameter.default = match self {
            Self::Required | Self::KeywordOnly => None,
            Self::DefaultNone => Some(DefaultValue::None),
            Self::Optional | Self::KeywordOnlyOptional => Some(match &parameter.kind {
                Kind::Scalar(Scalar::CBool) => DefaultValue::Bool(true),
                Kind::Scalar(Scalar::F32 | Scalar::F64) => DefaultValue::Float(1.5f64.to_bits()),
                Kind::Scalar(_) => DefaultValue::Int(7),
                Kind::Cstr => DefaultValue::Str("défaut".to_owned()),
                _ => DefaultValue::Object { address: None },
            }),
        };
    }

    /// Whether the convention can pass an argument in this way: with METH_O there is always one argument, and without
    /// METH_KEYWORDS there are no names.
    fn has_meaning(self, shape: Shape, position: Position) -> bool {
        let counted = matches!(shape, Shape::FastCall | Shape::FastCallKeywords | Shape::Method);
        match self {
            Self::Required => true,
            Self::Optional | Self::DefaultNone => counted && position != Position::Receiver,
            Self::KeywordOnly | Self::KeywordOnlyOptional => {
                counted && shape != Shape::FastCall && position != Position::Receiver
            }
        }
    }
}

/// The valid effect and passing that a case gets.
pub fn choose(
    target: Option<(usize, &Parameter)>,
    outcome: &Outcome,
    shape: Shape,
    position: Position,
    seed: usize,
) -> (Effect, Passing) {
    // Scattered, so that neighbours differ in both.
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    let is_valid = |effect: Effect, passing: Passing| {
        let mut parameters = vec![Parameter::positional(Kind::Object); target.map_or(0, |(index, _)| index)];
        parameters.extend(target.map(|(_, parameter)| {
            let mut parameter = parameter.clone();
            passing.apply(&mut parameter);
            parameter
        }));
        let effects = effect.effects(target.map(|(index, _)| index));
        let Outcome { kind, raises } = outcome.clone();
        Overload { parameters, result: kind, raises, effects }.check().is_ok()
    };
    let passing: Vec<_> = PASSINGS
        .into_iter()
        .filter(|passing| target.is_some() || *passing == Passing::Required)
        .filter(|passing| passing.has_meaning(shape, position) && is_valid(Effect::None, *passing))
        .collect();
    let effects: Vec<_> = EFFECTS
        .into_iter()
        .filter(|effect| target.is_some() || !effect.steals())
        .filter(|effect| is_valid(*effect, Passing::Required))
        .collect();
    (effects[seed % effects.len()], passing[seed / 64 % passing.len()])
}
