//! The axes of the matrix: the values of a parameter, its position, a result with its error convention, and a shape,
//! and which of their combinations are methods. The product decides what is valid (`Overload::check`), this file what
//! has a meaning. Combinations that are left out are counted with the reason.

use std::collections::BTreeMap;

use typedcall::metadata::{Effects, Kind, Overload, Parameter, PythonType, Raises, Rule, Scalar, UserType};

use super::extras::{Effect, Passing, choose};

/// The parameter under test: a kind with its `+` and `?`; nothing for a method without parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub kind: Option<Kind>,
    pub nullable: bool,
}

/// Its position among the C arguments. If a method's receiver is not under test, it is the first of them, and the first
/// argument of the call is the second. `Bare` is the first if the C function does not take the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    First,
    Seventh,
    Sixteenth,
    Receiver,
    Bare,
}

/// A calling convention of `ml_meth`, in the order of `wrapper.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    NoArgs,
    O,
    FastCall,
    FastCallKeywords,
    Method,
}

/// A function of a module, or a method of a type. With METH_METHOD the function is bound to an instance, since no
/// module has such functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Function,
    Type,
}

/// What a method returns, and how it raises.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub kind: Kind,
    pub raises: Raises,
}

/// The C parameters around the one under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `()`
    Empty,
    /// `(x)`
    Alone,
    /// `(x, object)`
    Leading,
    /// `(self, x)`
    Behind,
    /// `(self, x, object)`
    Between,
    /// Six parameters, x: it takes the last integer register, or the first two stack slots if it has two words.
    SeventhOfFunction,
    SeventhOfMethod,
    /// Fifteen parameters, x: no integer and no float registers are left.
    SixteenthOfFunction,
    SixteenthOfMethod,
}

/// A parameter of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Target,
    Receiver,
    Object,
    I64,
    F32,
    F64,
}

/// One method of the matrix, by positions in [`Axes`].
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub variant: usize,
    pub position: Position,
    pub outcome: usize,
    pub shape: Shape,
    pub holder: Holder,
    pub form: Form,
    pub effect: Effect,
    pub passing: Passing,
}

/// The number of combinations that were left out, by stage and reason.
pub type LeftOut = BTreeMap<(&'static str, String), u64>;

/// All axes.
pub struct Axes {
    pub variants: Vec<Variant>,
    pub outcomes: Vec<Outcome>,
    pub cases: Vec<Case>,
    pub combinations: u64,
    pub left_out: LeftOut,
}

pub const POSITIONS: [Position; 5] =
    [Position::First, Position::Seventh, Position::Sixteenth, Position::Receiver, Position::Bare];
pub const SHAPES: [Shape; 5] = [Shape::NoArgs, Shape::O, Shape::FastCall, Shape::FastCallKeywords, Shape::Method];
pub const HOLDERS: [Holder; 2] = [Holder::Function, Holder::Type];
const RAISES: [Raises; 5] = [Raises::Never, Raises::Null, Raises::MinusOne, Raises::Nonzero, Raises::Check];
const SCALARS: [Scalar; 13] = [
    Scalar::I8,
    Scalar::I16,
    Scalar::I32,
    Scalar::I64,
    Scalar::U8,
    Scalar::U16,
    Scalar::U32,
    Scalar::U64,
    Scalar::Isize,
    Scalar::Usize,
    Scalar::F32,
    Scalar::F64,
    Scalar::CBool,
];

/// Every kind of the grammar, without subclasses.
fn kinds() -> Vec<Kind> {
    // The reader gives this name to a type that a class statement made.
    let point = UserType { name: "unknown.Point".to_owned(), place: None, builtin: None };
    let mut kinds: Vec<_> = SCALARS.into_iter().map(Kind::Scalar).collect();
    kinds.push(Kind::Object);
    kinds.extend(PythonType::ALL.into_iter().map(Kind::exact));
    kinds.push(Kind::User { class: point, subclasses: false });
    kinds.extend([Kind::Cstr, Kind::Buffer, Kind::Void, Kind::Context]);
    kinds
}

/// A kind with subclasses, if the grammar can express it.
fn with_subclasses(kind: &Kind) -> Option<Kind> {
    match kind.clone() {
        Kind::Python { class, .. } => Some(Kind::Python { class, subclasses: true }),
        Kind::User { class, .. } => Some(Kind::User { class, subclasses: true }),
        _ => None,
    }
}

fn parameter(kind: &Kind, nullable: bool, receiver: bool) -> Parameter {
    let name = match kind {
        Kind::Context => None,
        _ => Some(if receiver { "self" } else { "x" }.to_owned()),
    };
    Parameter { name, receiver, nullable, ..Parameter::positional(kind.clone()) }
}

/// The product's answer for a signature.
fn rule(parameters: Vec<Parameter>, result: Kind, raises: Raises) -> Result<(), Rule> {
    let overload = Overload { parameters, result, raises, effects: Effects::default() };
    overload.check().map_err(|nonsense| nonsense.rule)
}

impl Axes {
    /// Walks through the whole product. Without `full` each parameter, at each position and in each shape, is combined
    /// with a part of the outcomes, such that each parameter still meets each outcome in each shape, and each position
    /// does: a covering of all triples except (parameter, position, outcome) within one shape.
    pub fn new(full: bool) -> Self {
        let mut axes =
            Self { variants: vec![], outcomes: vec![], cases: vec![], combinations: 0, left_out: LeftOut::new() };
        let bad_outcomes = axes.outcomes();
        let outcome_count = axes.outcomes.len() as u64 + bad_outcomes.values().sum::<u64>();
        let per_variant = POSITIONS.len() as u64 * (SHAPES.len() * HOLDERS.len()) as u64;
        let mut raw = vec![(None, false, false)];
        for kind in kinds() {
            raw.extend(
                [(false, false), (false, true), (true, false), (true, true)]
                    .map(|(subclasses, nullable)| (Some(kind.clone()), subclasses, nullable)),
            );
        }
        for (kind, subclasses, nullable) in raw {
            axes.combinations += per_variant * outcome_count;
            let kind = match kind {
                Some(kind) if subclasses => match with_subclasses(&kind) {
                    Some(kind) => Some(kind),
                    None => {
                        let reason = "a parameter of this kind has no subclasses".to_owned();
                        *axes.left_out.entry(("no such text", reason)).or_default() += per_variant * outcome_count;
                        continue;
                    }
                },
                kind => kind,
            };
            axes.variant(Variant { kind, nullable }, &bad_outcomes, full);
        }
        axes
    }

    /// Keeps about a third of the cases, scattered, since neighbours differ by little.
    pub fn keep_third(&mut self, third: usize) {
        let before = self.cases.len();
        let mut number = 0usize;
        self.cases.retain(|_| {
            number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
            (number >> 32) % 3 == third
        });
        let gone = (before - self.cases.len()) as u64;
        self.left_out.insert(("thinned out", "this version of Python makes a third".to_owned()), gone);
    }

    /// Keeps every second case, beginning with the first or the second.
    pub fn keep_half(&mut self, half: usize) {
        let before = self.cases.len();
        let mut number = half;
        self.cases.retain(|_| {
            number += 1;
            number % 2 == 1
        });
        let gone = (before - self.cases.len()) as u64;
        self.left_out.insert(("in the other half", "another test makes these".to_owned()), gone);
    }

    /// Finds the outcomes, and the combinations that are none.
    fn outcomes(&mut self) -> LeftOut {
        let mut bad = LeftOut::new();
        for kind in kinds() {
            for subclasses in [false, true] {
                for raises in RAISES {
                    let kind = if subclasses { with_subclasses(&kind) } else { Some(kind.clone()) };
                    let Some(kind) = kind else {
                        *bad.entry(("no such text", "a result of this kind has no subclasses".to_owned()))
                            .or_default() += 1;
                        continue;
                    };
                    match rule(vec![], kind.clone(), raises) {
                        Ok(()) => self.outcomes.push(Outcome { kind, raises }),
                        Err(rule) => {
                            *bad.entry(("not valid", format!("result: {rule}"))).or_default() += 1;
                        }
                    }
                }
            }
        }
        bad
    }

    /// Adds all methods with this parameter.
    fn variant(&mut self, variant: Variant, bad_outcomes: &LeftOut, full: bool) {
        let number = self.variants.len();
        let outcomes = self.outcomes.len() as u64;
        let mut is_used = false;
        for (group, (shape, holder)) in
            SHAPES.into_iter().flat_map(|shape| HOLDERS.map(|holder| (shape, holder))).enumerate()
        {
            let mut forms = Vec::new();
            for position in POSITIONS {
                let form = match variant.check(position) {
                    Err(rule) => Err(("not valid", format!("parameter: {rule}"))),
                    Ok(()) => {
                        form(&variant, position, shape, holder).map_err(|reason| ("no meaning", reason.to_owned()))
                    }
                };
                match form {
                    Ok(form) => {
                        forms.push((position, form));
                        for (reason, count) in bad_outcomes {
                            *self.left_out.entry(reason.clone()).or_default() += count;
                        }
                    }
                    Err(reason) => {
                        *self.left_out.entry(reason).or_default() += outcomes + bad_outcomes.values().sum::<u64>();
                    }
                }
            }
            is_used |= !forms.is_empty();
            for (index, (position, form)) in forms.iter().copied().enumerate() {
                for outcome in 0..self.outcomes.len() {
                    if full || (outcome + number + group) % forms.len() == index {
                        let target = variant.parameter(position);
                        let target = target.as_ref().and_then(|target| Some((form.target()?, target)));
                        let seed = (number * self.outcomes.len() + outcome) * 64 + group * POSITIONS.len() + index;
                        let (effect, passing) = choose(target, &self.outcomes[outcome], shape, position, seed);
                        self.cases.push(Case {
                            variant: number,
                            position,
                            outcome,
                            shape,
                            holder,
                            form,
                            effect,
                            passing,
                        });
                    } else {
                        let reason = "another position has this outcome (TYPEDCALL_MATRIX=full makes all)".to_owned();
                        *self.left_out.entry(("thinned out", reason)).or_default() += 1;
                    }
                }
            }
        }
        if is_used {
            self.variants.push(variant);
        }
    }

    /// The signature of a case as the metadata's reader must find it.
    pub fn overload(&self, case: &Case) -> Overload {
        let variant = &self.variants[case.variant];
        let parameters = case.form.parts().iter().enumerate().map(|(index, part)| {
            let plain = |kind| Parameter { name: Some(letter(index)), ..Parameter::positional(kind) };
            match part {
                Part::Target => {
                    let target = variant.parameter(case.position);
                    let mut target = target.expect("only an empty form goes with no parameter");
                    case.passing.apply(&mut target);
                    target
                }
                Part::Receiver => parameter(&Kind::Object, false, true),
                Part::Object => plain(Kind::Object),
                Part::I64 => plain(Kind::Scalar(Scalar::I64)),
                Part::F32 => plain(Kind::Scalar(Scalar::F32)),
                Part::F64 => plain(Kind::Scalar(Scalar::F64)),
            }
        });
        let Outcome { kind, raises } = self.outcomes[case.outcome].clone();
        let effects = case.effect.effects(case.form.target());
        Overload { parameters: parameters.collect(), result: kind, raises, effects }
    }
}

/// The name of the parameter at this position.
fn letter(index: usize) -> String {
    char::from(b'a' + u8::try_from(index).expect("at most 16 parameters")).to_string()
}

impl Variant {
    /// The parameter, required.
    fn parameter(&self, position: Position) -> Option<Parameter> {
        let kind = self.kind.as_ref()?;
        Some(parameter(kind, self.nullable, position == Position::Receiver))
    }

    /// The product's answer for this parameter alone.
    fn check(&self, position: Position) -> Result<(), Rule> {
        rule(self.parameter(position).into_iter().collect(), Kind::Void, Raises::Never)
    }
}

/// The C parameters of a method, or why there is no such method.
fn form(variant: &Variant, position: Position, shape: Shape, holder: Holder) -> Result<Form, &'static str> {
    use {Holder::*, Position::*};
    let is_context = variant.kind == Some(Kind::Context);
    if variant.kind.is_none() {
        return match (position, shape) {
            (First, Shape::O) => Err("METH_O passes an argument, so there is a parameter"),
            (First, _) => Ok(Form::Empty),
            _ => Err("no parameter has no position"),
        };
    }
    match (shape, position, holder) {
        (_, Bare, Function) => Err("a function of a module takes no receiver anyway"),
        (_, Receiver, Function) => Err("a function of a module has no receiver of a kind"),
        (Shape::NoArgs, First | Bare, _) if !is_context => Err("METH_NOARGS passes no argument"),
        (Shape::NoArgs | Shape::O, Seventh | Sixteenth, _) => Err("the convention passes no arguments before it"),
        (Shape::O, First, Function) | (Shape::O, Bare, Type) if is_context => Ok(Form::Leading),
        (Shape::O, First, Type) if is_context => Ok(Form::Between),
        (Shape::O, Receiver, Type) => Ok(Form::Leading),
        (_, First, Function) | (_, Receiver | Bare, Type) => Ok(Form::Alone),
        (_, First, Type) => Ok(Form::Behind),
        (_, Seventh, Function) => Ok(Form::SeventhOfFunction),
        (_, Seventh, Type) => Ok(Form::SeventhOfMethod),
        (_, Sixteenth, Function) => Ok(Form::SixteenthOfFunction),
        (_, Sixteenth, Type) => Ok(Form::SixteenthOfMethod),
    }
}

impl Form {
    /// The index of the parameter under test.
    pub fn target(self) -> Option<usize> {
        self.parts().iter().position(|part| *part == Part::Target)
    }

    /// Its parameters, in the order of the C arguments.
    pub fn parts(self) -> &'static [Part] {
        use Part::{F32, F64, I64, Object, Receiver, Target};
        match self {
            Self::Empty => &[],
            Self::Alone => &[Target],
            Self::Leading => &[Target, Object],
            Self::Behind => &[Receiver, Target],
            Self::Between => &[Receiver, Target, Object],
            Self::SeventhOfFunction => &[Object, I64, Object, F64, Object, Object, Target],
            Self::SeventhOfMethod => &[Receiver, I64, Object, F64, Object, Object, Target],
            Self::SixteenthOfFunction => {
                &[F64, Object, F64, Object, F64, I64, F64, Object, F32, Object, F64, Object, F64, Object, F64, Target]
            }
            Self::SixteenthOfMethod => {
                &[Receiver, F64, F64, Object, F64, I64, F64, Object, F32, Object, F64, Object, F64, Object, F64, Target]
            }
        }
    }
}
