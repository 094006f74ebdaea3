//! Calls of constants become static, and those of callees with a known signature direct: guards and unboxing for the
//! arguments, the C function, boxing for the result.
//!
//! First a plan (which overload, what each argument needs), as plain data; then the instructions that it asks for. A
//! call that can't be planned stays as it is, with the reason.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ir::verify::{or_none, result_type};
use crate::ir::{
    Block, BlockCall, BlockData, Callee, CalleeTarget, Callees, ConstObject, Dominators, Function, Inst, Instruction,
    Operation, Spec, State, Type, Value,
};
use crate::metadata::{DefaultValue, Kind, Overload, Parameter, Scalar};

use super::{Knowledge, NotSpecialized};
use crate::ir::dispatch::admitted;

mod library;

/// Runs the pass; whether it changed anything.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, left_alone: &mut Vec<NotSpecialized>) -> bool {
    let callees = knowledge.callees;
    let Some(entry) = function.entry() else { return false };
    let dominators = Dominators::compute(function, entry);
    let mut narrowed = Narrowed::default();
    let mut changed = false;
    // Each block after those that dominate it, so that what these have proven is known.
    for &block in dominators.reverse_postorder() {
        let before = std::mem::take(&mut function.blocks[block].insts);
        let mut rewriter = Rewriter { function, callees, out: Vec::new(), state: None, guards: Vec::new() };
        let mut place = block;
        for inst in before {
            rewriter.state = rewriter.function.insts[inst].state;
            narrowed.substitute(rewriter.function, &dominators, block, inst);
            rewriter.make_static(inst);
            match plan(rewriter.function, callees, inst) {
                Ok(Some(plan)) => {
                    changed = true;
                    if let Some(next) = rewriter.emit(inst, plan, place) {
                        place = next;
                    }
                }
                Ok(None) => rewriter.out.push(inst),
                Err(reason) => {
                    left_alone.push(NotSpecialized { inst, reason });
                    rewriter.out.push(inst);
                }
            }
            for (value, checked) in rewriter.guards.drain(..) {
                narrowed.of.entry(value).or_default().push((block, checked));
            }
        }
        rewriter.finish(place);
    }
    changed
}

/// What guards have proven so far.
#[derive(Debug, Default)]
struct Narrowed {
    /// For each value, where it was checked, and what it is from there on.
    of: HashMap<Value, Vec<(Block, Value)>>,
}

impl Narrowed {
    /// Lets an operation or a call use what is checked already.
    fn substitute(&self, function: &mut Function, dominators: &Dominators, block: Block, inst: Inst) {
        use Instruction::{Operate, VectorCall, VectorCallStatic};
        if self.of.is_empty() {
            return;
        }
        let mut instruction = function.insts[inst].instruction.clone();
        if !matches!(instruction, Operate { .. } | VectorCall { .. } | VectorCallStatic { .. }) {
            return;
        }
        instruction.for_each_operand(|value| {
            let known = self.of.get(value).into_iter().flatten().rev();
            if let Some((_, checked)) = known.into_iter().find(|(at, _)| dominators.dominates(*at, block)) {
                *value = *checked;
            }
        });
        function.insts[inst].instruction = instruction;
    }
}

/// How to make one call directly.
#[derive(Debug)]
struct Plan {
    callee: std::sync::Arc<str>,
    /// In the order of the callee's arguments.
    args: Vec<Arg>,
    result: ResultStep,
    /// The parameters of which the callee takes over a reference.
    steals: u16,
    borrowed_result: bool,
    /// Whether its result stands for the call's only where it is finite.
    finite: bool,
}

#[derive(Debug)]
struct Arg {
    source: Source,
    conversion: Conversion,
    /// Whether what was checked is passed on as it came, as to a wrapper.
    as_it_came: bool,
}

/// What a parameter needs.
#[derive(Debug)]
struct Conversion {
    /// `None` is admitted, and becomes null.
    nullable: bool,
    /// Checked, unless already proven.
    guard: Type,
    /// The C value that is passed for the object.
    unbox: Option<Type>,
    /// Whether that is its provider's to make.
    foreign: bool,
}

#[derive(Debug)]
enum Source {
    Value(Value),
    Receiver,
    Context,
    /// The default, a C number.
    Default(Type),
}

#[derive(Debug)]
enum ResultStep {
    /// The callee's result is the call's.
    Object(Type),
    /// The object of a C value of this type.
    Box(Type),
    /// The object that the provider makes of a C value of this type.
    Foreign(Type),
    /// The callee returns nothing: `None`.
    Nothing,
}

/// The plan for an instruction; `None` if it is no call of a constant.
fn plan(function: &Function, callees: &Callees, inst: Inst) -> Result<Option<Plan>, String> {
    let data = &function.insts[inst];
    let Instruction::VectorCallStatic { callable, args, keywords } = &data.instruction else {
        return not_static(function, inst).map_or(Ok(None), Err);
    };
    let ty = function.ty(*callable);
    let Some(object) = ty.const_object() else { return Ok(None) };
    let name = &object.label;
    let callee = callees.get(name).ok_or_else(|| format!("no signature of {name} is known"))?;
    let is_method = ty.is_subtype(&Type::METHOD_DESCR);
    if data.state.is_some() && callee.target == CalleeTarget::Method {
        let receivers = usize::from(is_method);
        return library::plan(function, callees, name, args, receivers, keywords)
            .map(Some)
            .map_err(|reason| format!("{name}: {reason}"));
    }
    let mut reasons = Vec::new();
    for (index, overload) in callee.signature.overloads.iter().enumerate() {
        let site = Site { is_method, in_function: data.state.is_some() };
        match plan_overload(function, callee, overload, site, args, keywords) {
            Ok((args, result)) => {
                let effects = overload.effects;
                let is_underlying = callee.target == CalleeTarget::Underlying;
                let borrowed_result = is_underlying && effects.borrowed_result;
                if borrowed_result && data.handler.is_some() {
                    return Err(format!("{name}: its result is borrowed, and an error of it is handled here"));
                }
                return Ok(Some(Plan {
                    callee: callees.overload_name(name, index),
                    args,
                    result,
                    // What the wrapper does with references is between it and its underlying function.
                    steals: if is_underlying { effects.steals } else { 0 },
                    borrowed_result,
                    finite: false,
                }));
            }
            Err(unfit) => {
                let is_last_word = matches!(unfit, Unfit::Unsupported(_));
                let (Unfit::Impossible(reason) | Unfit::Unsupported(reason)) = unfit;
                let many = callee.signature.overloads.len() > 1;
                reasons.push(if many { format!("overload {index}: {reason}") } else { reason });
                // This overload may be the one that the call means: a later one must not take its place.
                if is_last_word {
                    break;
                }
            }
        }
    }
    Err(format!("{name}: {}", reasons.join("; ")))
}

/// Why a call in a function is not one of a known object; `None` if it is no call, or one in a stub.
fn not_static(function: &Function, inst: Inst) -> Option<String> {
    let data = &function.insts[inst];
    data.state?;
    match &data.instruction {
        Instruction::VectorCall { .. } => Some("what is called is not known".to_owned()),
        Instruction::Operate { operation: Operation::CallEx(_), .. } => {
            Some("the number of its arguments is not known".to_owned())
        }
        Instruction::Operate { operation: Operation::CallMethod(..), args } => match function.definition(args[0])? {
            Instruction::Operate { operation: Operation::LoadMethod(name), args } => {
                Some(format!("what {name} is for {} is not known", function.ty(args[0])))
            }
            _ => Some("what is called is not known".to_owned()),
        },
        _ => None,
    }
}

/// Where a call is.
#[derive(Clone, Copy, Debug)]
struct Site {
    /// The first argument is the receiver.
    is_method: bool,
    /// In a function, and not in a stub.
    in_function: bool,
}

/// Why an overload is not what is called.
enum Unfit {
    /// The call can't be one of this overload.
    Impossible(String),
    /// It may be one, of a form that is not specialized yet.
    Unsupported(String),
}

/// What an overload needs, if the call may be one of it.
fn plan_overload(
    function: &Function,
    callee: &Callee,
    overload: &Overload,
    site: Site,
    args: &[Value],
    keywords: &[Arc<str>],
) -> Result<(Vec<Arg>, ResultStep), Unfit> {
    let Site { is_method, in_function } = site;
    let (receiver, args) = match (is_method, args) {
        (true, [receiver, args @ ..]) if args.len() >= keywords.len() => (Some(*receiver), args),
        (true, _) => return Err(Unfit::Impossible("the call has no receiver".to_owned())),
        (false, args) => (None, args),
    };
    let given = given_arguments(overload, args, keywords)?;
    // An underlying function may do without it; `ml_meth` always gets it.
    if is_method && !overload.has_receiver() && callee.target == CalleeTarget::Method {
        return Err(Unfit::Unsupported("it does not take the receiver".to_owned()));
    }
    let mut given = given.into_iter();
    let mut unsupported = None;
    let mut planned = Vec::with_capacity(overload.parameters.len());
    for (position, parameter) in overload.parameters.iter().enumerate() {
        let source = if parameter.receiver {
            if receiver.is_none() && in_function {
                return Err(Unfit::Unsupported("what it is bound to is not at hand".to_owned()));
            }
            receiver.map_or(Source::Receiver, Source::Value)
        } else if parameter.kind == Kind::Context {
            Source::Context
        } else {
            match given.next().expect("one for each such parameter") {
                Some(value) => Source::Value(value),
                None => match default_number(parameter).filter(|_| callee.target == CalleeTarget::Underlying) {
                    Some(constant) => Source::Default(constant),
                    None => {
                        let reason =
                            at_parameter(position, parameter, "it is left out, and its default is no C number");
                        unsupported = unsupported.or(Some(reason));
                        continue;
                    }
                },
            }
        };
        let known = match &source {
            Source::Value(value) => function.ty(*value).clone(),
            Source::Receiver => Type::OBJECT,
            Source::Context => Type::C_PTR,
            Source::Default(constant) => {
                let conversion = Conversion { nullable: false, guard: constant.clone(), unbox: None, foreign: false };
                planned.push(Arg { source, conversion, as_it_came: false });
                continue;
            }
        };
        let at_parameter = |reason: &str| at_parameter(position, parameter, reason);
        match conversion(parameter) {
            Err(reason) => unsupported = unsupported.or(Some(at_parameter(&reason))),
            Ok(conversion) if !conversion.admits(&known) => {
                let guard = or_none(conversion.guard, conversion.nullable);
                let reason = at_parameter(&format!("takes {guard}, the argument is {known}"));
                if parameter.receiver || !known.may_overlap(&admitted(parameter)) {
                    return Err(Unfit::Impossible(reason));
                }
                // The callee converts it, so that no later overload is meant.
                unsupported = unsupported.or(Some(reason));
            }
            Ok(conversion) => planned.push(Arg { source, conversion, as_it_came: false }),
        }
    }
    // Only now: a later parameter may have shown that the call can't be one of this overload.
    if let Some(reason) = unsupported {
        return Err(Unfit::Unsupported(reason));
    }
    let result = result_step(overload, callee.target).map_err(Unfit::Unsupported)?;
    if callee.target == CalleeTarget::Method {
        planned = boxed_order(overload, planned);
    }
    Ok((planned, result))
}

/// The value for each argument of an overload, in their order; `None` for one that is left out.
fn given_arguments(overload: &Overload, args: &[Value], keywords: &[Arc<str>]) -> Result<Vec<Option<Value>>, Unfit> {
    let parameters: Vec<_> = overload.arguments().map(|(_, parameter)| parameter).collect();
    let positional = parameters.iter().filter(|parameter| !parameter.keyword_only).count();
    // A function that is not verified may have more names than arguments.
    let by_position = args.len().saturating_sub(keywords.len());
    if by_position > positional {
        let reason = format!("it takes {} arguments, the call has {}", parameters.len(), args.len());
        return Err(Unfit::Impossible(reason));
    }
    let mut given = vec![None; parameters.len()];
    for (place, value) in given.iter_mut().zip(&args[..by_position]) {
        *place = Some(*value);
    }
    for (name, value) in keywords.iter().zip(&args[by_position..]) {
        let named = parameters.iter().position(|parameter| parameter.name.as_deref() == Some(name));
        match named {
            None => return Err(Unfit::Impossible(format!("it has no parameter {name}"))),
            Some(index) if given[index].is_some() => {
                return Err(Unfit::Impossible(format!("the call gives {name} twice")));
            }
            Some(index) => given[index] = Some(*value),
        }
    }
    let missing =
        parameters.iter().zip(&given).find(|(parameter, given)| parameter.default.is_none() && given.is_none());
    match missing {
        Some((parameter, _)) => Err(Unfit::Impossible(match (&parameter.name, keywords) {
            (Some(name), [_, ..]) => format!("the call does not give {name}"),
            _ => format!("it takes {} arguments, the call has {}", parameters.len(), args.len()),
        })),
        None => Ok(given),
    }
}

/// The default of a parameter, where it is a C number: the type of the constant.
fn default_number(parameter: &Parameter) -> Option<Type> {
    let Kind::Scalar(scalar) = parameter.kind else { return None };
    let spec = match parameter.default.as_ref()? {
        DefaultValue::Int(number) => Spec::Int(*number),
        // An `f32` is passed as C rounds the constant.
        DefaultValue::Float(bits) if scalar == Scalar::F32 => {
            Spec::Double(f64::from(f64::from_bits(*bits) as f32).to_bits())
        }
        DefaultValue::Float(bits) => Spec::Double(*bits),
        DefaultValue::Bool(truth) => Spec::Bool(*truth),
        DefaultValue::Str(_) | DefaultValue::None | DefaultValue::Object { .. } => return None,
    };
    Type::of_scalar(scalar).specialized(spec)
}

impl Conversion {
    /// Whether an argument of this type may be one that the parameter takes.
    fn admits(&self, known: &Type) -> bool {
        known.may_overlap(&self.guard) || self.nullable && known.may_overlap(&Type::NONE_TYPE)
    }
}

fn conversion(parameter: &Parameter) -> Result<Conversion, String> {
    let (guard, unbox) = match &parameter.kind {
        kind @ (Kind::Scalar(_) | Kind::Cstr | Kind::Buffer | Kind::Foreign(_)) => {
            (Type::unboxed_from(kind), Some(Type::of_kind(kind)))
        }
        kind @ (Kind::Object | Kind::Python { .. } | Kind::User { .. } | Kind::Context) => (Type::of_kind(kind), None),
        Kind::Void => return Err("void is no kind of parameter".to_owned()),
    };
    let foreign = matches!(parameter.kind, Kind::Foreign(_));
    Ok(Conversion { nullable: parameter.nullable, guard, unbox, foreign })
}

fn at_parameter(position: usize, parameter: &Parameter, reason: &str) -> String {
    format!("{}: {reason}", describe(position, parameter))
}

fn describe(position: usize, parameter: &Parameter) -> String {
    match &parameter.name {
        Some(name) => format!("parameter {name}"),
        None => format!("parameter {position}"),
    }
}

fn result_step(overload: &Overload, target: CalleeTarget) -> Result<ResultStep, String> {
    match (&overload.result, target) {
        (Kind::Context, _) => Err("the context is no result".to_owned()),
        (Kind::Void, CalleeTarget::Underlying) => Ok(ResultStep::Nothing),
        (kind @ (Kind::Scalar(_) | Kind::Cstr | Kind::Buffer), CalleeTarget::Underlying) => {
            Ok(ResultStep::Box(Type::of_kind(kind)))
        }
        (kind @ Kind::Foreign(_), CalleeTarget::Underlying) => Ok(ResultStep::Foreign(Type::of_kind(kind))),
        (Kind::Object | Kind::Python { .. } | Kind::User { .. }, _) | (_, CalleeTarget::Method) => {
            Ok(ResultStep::Object(result_type(overload, target).unwrap_or(Type::OBJECT)))
        }
    }
}

/// The arguments of a wrapper: the receiver first, then the call's own, all objects, no context.
fn boxed_order(overload: &Overload, planned: Vec<Arg>) -> Vec<Arg> {
    let mut receiver = Vec::new();
    let mut others = Vec::new();
    for (parameter, mut arg) in overload.parameters.iter().zip(planned) {
        arg.conversion.unbox = None;
        arg.as_it_came = arg.conversion.nullable;
        if parameter.receiver {
            receiver.push(arg);
        } else if parameter.kind != Kind::Context {
            others.push(arg);
        }
    }
    receiver.append(&mut others);
    receiver
}

/// Builds the new list of a block's instructions.
struct Rewriter<'a> {
    function: &'a mut Function,
    callees: &'a Callees,
    out: Vec<Inst>,
    /// That of the instruction which is replaced.
    state: Option<State>,
    /// What was checked for it, and what that gave.
    guards: Vec<(Value, Value)>,
}

impl Rewriter<'_> {
    /// A call of a value that is one object, written as what it is.
    fn make_static(&mut self, inst: Inst) {
        let Instruction::VectorCall { callable, args, keywords } = &self.function.insts[inst].instruction else {
            return;
        };
        if self.function.ty(*callable).const_object().is_some() {
            let (args, keywords) = (args.clone(), keywords.clone());
            let instruction = Instruction::VectorCallStatic { callable: *callable, args, keywords };
            self.function.insts[inst].instruction = instruction;
        }
    }

    fn add(&mut self, instruction: Instruction, ty: Type) -> Value {
        let leaves = !matches!(instruction, Instruction::LoadConst | Instruction::NullIfNone { .. });
        let inst = self.function.add_inst(instruction, Some(ty));
        self.function.insts[inst].state = self.state.filter(|_| leaves);
        self.out.push(inst);
        self.function.insts[inst].result.expect("an instruction added with a type has a result")
    }

    fn add_void(&mut self, instruction: Instruction) {
        let leaves = matches!(instruction, Instruction::CallCFunction { .. });
        let inst = self.function.add_inst(instruction, None);
        self.function.insts[inst].state = self.state.filter(|_| leaves);
        self.out.push(inst);
    }

    /// Replaces a call. The call's result stays the same value, so that its uses need no change. Where the call has to end
    /// its block, for errors of it are handled, it gives the block that the rest is in.
    fn emit(&mut self, inst: Inst, plan: Plan, block: Block) -> Option<Block> {
        let handler = self.function.insts[inst].handler.clone();
        // The context first: making one may collect garbage, and so run code that changes what guards look at.
        let is_context = |arg: &&Arg| matches!(arg.source, Source::Context);
        let context = plan.args.iter().find(is_context).map(|_| self.add(Instruction::LoadContext, Type::C_PTR));
        // All guards come before all unboxing: a call that is not of these types leaves before any work is done.
        let guard = |arg: &Arg| match context {
            Some(context) if is_context(&arg) => context,
            _ => self.emit_guard(arg),
        };
        let guarded: Vec<_> = plan.args.iter().map(guard).collect();
        let unbox = |(position, (arg, value)): (usize, (&Arg, Value))| {
            self.emit_unbox(arg, value, &plan.callee, u16::try_from(position).expect("at most 16 parameters"))
        };
        let args: Vec<_> = plan.args.iter().zip(guarded).enumerate().map(unbox).collect();
        // What the callee takes over is only borrowed here. Nothing between this and the call leaves the function.
        for (position, &value) in args.iter().enumerate() {
            if plan.steals >> position & 1 == 1 {
                self.add_void(Instruction::Incref { value });
            }
        }
        let call = Instruction::CallCFunction { callee: plan.callee.clone(), args };
        let (value, last) = match plan.result {
            ResultStep::Object(ty) => {
                self.finish_call(inst, call, ty);
                if plan.borrowed_result
                    && let Some(value) = self.function.insts[inst].result
                {
                    self.add_void(Instruction::Incref { value });
                }
                return None;
            }
            ResultStep::Box(ctype) => {
                let object = ctype.of_objects().expect("only C values that objects hold are boxed");
                let object = or_none(object, ctype.scalar().is_none());
                let value = self.add(call, ctype.clone());
                (value, (Instruction::Box { value }, object))
            }
            ResultStep::Foreign(ctype) => {
                let value = self.add(call, ctype);
                (value, (Instruction::FromForeign { callee: plan.callee, value }, Type::OBJECT))
            }
            ResultStep::Nothing => {
                self.add_void(call);
                let none = Type::NONE_TYPE.constant(ConstObject::symbolic("None"));
                self.finish_call(inst, Instruction::LoadConst, none);
                if handler.is_some() {
                    // What has a handler comes last.
                    let last = self.out.len() - 1;
                    self.out.swap(last - 1, last);
                    self.function.insts[self.out[last]].handler = handler;
                }
                self.function.insts[inst].handler = None;
                return None;
            }
        };
        let call = *self.out.last().expect("the call was added above");
        let mut next = None;
        if let Some(handler) = handler.filter(|_| self.function.effects(self.callees, call).raises) {
            self.function.insts[call].handler = Some(handler);
            next = Some(self.split(block));
        }
        if plan.finite {
            let finite = self.add(Instruction::GuardFinite { value }, Type::C_DOUBLE);
            self.finish_call(inst, Instruction::Box { value: finite }, last.1);
        } else {
            self.finish_call(inst, last.0, last.1);
        }
        next
    }

    /// Ends the block with what is there so far; what follows is for a new one.
    fn split(&mut self, block: Block) -> Block {
        let next = self.function.blocks.push(BlockData::default());
        let place = self.function.layout.iter().position(|&other| other == block);
        self.function.layout.insert(place.map_or(self.function.layout.len(), |place| place + 1), next);
        self.add_void(Instruction::Jump { target: BlockCall { block: next, args: Vec::new() } });
        self.function.blocks[block].insts = std::mem::take(&mut self.out);
        next
    }

    /// Puts an instruction in the place of the call, with the call's result.
    fn finish_call(&mut self, inst: Inst, instruction: Instruction, ty: Type) {
        self.function.insts[inst].instruction = instruction;
        if let Some(result) = self.function.insts[inst].result {
            self.function.values[result].ty = ty;
        }
        self.out.push(inst);
    }

    fn emit_guard(&mut self, arg: &Arg) -> Value {
        let value = match &arg.source {
            Source::Value(value) => *value,
            Source::Receiver => self.add(Instruction::LoadSelf, Type::OBJECT),
            Source::Context => unreachable!("contexts come before guards"),
            Source::Default(constant) => return self.add(Instruction::LoadConst, constant.clone()),
        };
        let checked = if arg.conversion.nullable {
            let ty = self.function.ty(value).null_for_none();
            let maybe_null = self.add(Instruction::NullIfNone { value }, ty);
            self.guard(arg.conversion.guard.or_null(), maybe_null)
        } else {
            self.guard(arg.conversion.guard.clone(), value)
        };
        if arg.as_it_came { value } else { checked }
    }

    fn guard(&mut self, ty: Type, value: Value) -> Value {
        let known = self.function.ty(value).clone();
        if known.is_subtype(&ty) && (self.state.is_none() || is_lasting(&ty)) {
            return value;
        }
        let narrowed = known.intersection(&ty);
        let stays = is_lasting(&narrowed) && narrowed.is_object();
        let checked = self.add(Instruction::Guard { ty, value }, narrowed);
        if stays && self.state.is_some() {
            self.guards.push((value, checked));
        }
        checked
    }

    fn emit_unbox(&mut self, arg: &Arg, value: Value, callee: &Arc<str>, parameter: u16) -> Value {
        match &arg.conversion.unbox {
            None => value,
            Some(ctype) if arg.conversion.foreign => {
                self.add(Instruction::ToForeign { callee: callee.clone(), parameter, value }, ctype.clone())
            }
            Some(ctype) => self.add(Instruction::Unbox { ctype: ctype.clone(), value }, ctype.clone()),
        }
    }

    fn finish(self, block: Block) {
        self.function.blocks[block].insts = self.out;
    }
}

/// Whether an object that is of the type stays so whatever code runs: an object can be given another class, unless its own
/// is one of CPython's.
fn is_lasting(ty: &Type) -> bool {
    match ty.spec() {
        Some(Spec::Class(class) | Spec::Instance(class)) => class.label.starts_with("builtins."),
        _ => true,
    }
}
