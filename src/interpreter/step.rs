//! One instruction: its operation, and the places of its operands.

use super::activation::{Activation, Flow};
use crate::bytecode::{Condition, Name, Op};
use crate::semantics::{
    attributes, build, format, functions, imports, intrinsics, items, iteration, names, numbers, patterns,
};
use crate::thread::owned::{Borrowed, Owned};
use crate::thread::{Result, errors, interrupts};

impl Activation<'_> {
    /// Executes an instruction.
    pub(super) fn step(&mut self, op: &Op) -> Result<Flow> {
        let (python, code, globals, builtins) = (self.python, self.code, self.frame.globals, self.frame.builtins);
        let name = |name: Name| Borrowed::of(python, &code.names[name as usize]);
        let namespaces = self.frame.namespaces();
        match *op {
            Op::Nop => Ok(()),
            Op::Resume => interrupts::serve(python),
            Op::Pop => self.pop_slot().map(drop),
            Op::Copy(depth) => self.copy(depth),
            Op::Swap(depth) => self.swap(depth),

            Op::LoadConst(index) => self.apply(|[]| Ok(Owned::of(python, &code.consts[index as usize]))),
            Op::LoadFast(local) => self.load_fast(local),
            Op::LoadFastAndClear(local) => {
                let value = self.locals[local as usize].take();
                self.stack.push(value);
                Ok(())
            }
            Op::StoreFast(local) => self.store_fast(local),
            Op::DeleteFast(local) => self.delete_fast(local),
            Op::MakeCell(local) => self.make_cell(local),
            Op::CopyFreeVars(count) => self.copy_free_vars(count),
            Op::LoadClosure(local) => self.load_fast(local),
            Op::LoadDeref(local) => self.load_deref(local),
            Op::StoreDeref(local) => self.store_deref(local),
            Op::DeleteDeref(local) => self.delete_deref(local),
            Op::LoadFromDictOrDeref(local) => self.load_from_dict_or_deref(local),
            Op::LoadFromDictOrGlobals(index) => {
                self.apply(|[mapping]| names::load_from_mapping_or_global(python, namespaces, mapping, &name(index)))
            }
            Op::LoadGlobal(index) => self.apply(|[]| names::load_global(python, namespaces, &name(index))),
            Op::StoreGlobal(index) => self.ask(|[value]| names::store_global(globals, &name(index), value)),
            Op::DeleteGlobal(index) => names::delete_global(python, globals, &name(index)),
            Op::LoadBuildClass => self.apply(|[]| names::load_build_class(python, builtins)),

            Op::LoadAttr(index) => self.apply(|[object]| attributes::get(object, &name(index))),
            Op::LoadMethod(index) => self.find_method(|object| attributes::method(object, &name(index))),
            Op::LoadSuperAttr { name: index, zero_arguments } => self.load_super_attr(&name(index), zero_arguments),
            Op::LoadSuperMethod { name: index, zero_arguments } => {
                self.load_super_attr(&name(index), zero_arguments).map(|()| self.stack.push(None))
            }
            Op::LoadSpecial(special) => {
                self.find_method(|object| attributes::special(python, globals, object, special))
            }
            Op::StoreAttr(index) => self.ask(|[value, object]| attributes::set(object, &name(index), value)),
            Op::DeleteAttr(index) => self.ask(|[object]| attributes::delete(object, &name(index))),

            Op::LoadSubscr => self.apply_operator(|[container, key]| items::get(container, key)),
            Op::StoreSubscr => self.ask(|[value, container, key]| items::set(container, key, value)),
            Op::DeleteSubscr => self.ask(|[container, key]| items::delete(container, key)),
            Op::Unary(operator) => self.apply(|[operand]| numbers::unary(operator, operand)),
            Op::Not => self.test(|[value]| numbers::truth(value).map(|truth| !truth)),
            Op::ToBool => self.test(|[value]| numbers::truth(value)),
            Op::Binary { operator, in_place } => {
                self.apply_operator(|[left, right]| numbers::binary(operator, in_place, left, right))
            }
            Op::Compare(operator) => self.apply(|[left, right]| numbers::compare(operator, left, right)),
            Op::Is { inverted } => self.test(|[left, right]| Ok((left.as_ptr() == right.as_ptr()) != inverted)),
            Op::Contains { inverted } => {
                self.test(|[value, container]| numbers::contains(value, container).map(|is_in| is_in != inverted))
            }

            Op::BuildTuple(count) => self.build(count, build::tuple),
            Op::BuildList(count) => self.build(count, build::list),
            Op::BuildSet(count) => self.build(count, build::set),
            Op::BuildMap(count) => self.build(count.saturating_mul(2), build::map),
            Op::BuildConstKeyMap(count) => {
                let keys = self.pop()?;
                self.build(count, |values| build::const_key_map(values, &keys))
            }
            Op::BuildString(count) => self.build(count, |strings| format::join(python, strings)),
            Op::BuildSlice { step: false } => self.apply(|[start, stop]| build::slice(start, stop, None)),
            Op::BuildSlice { step: true } => self.apply(|[start, stop, step]| build::slice(start, stop, Some(step))),
            Op::ListAppend(depth) => self.fill(depth, |list, [value]| build::list_append(list, value)),
            Op::ListExtend(depth) => self.fill(depth, |list, [iterable]| build::list_extend(list, iterable)),
            Op::SetAdd(depth) => self.fill(depth, |set, [value]| build::set_add(set, value)),
            Op::SetUpdate(depth) => self.fill(depth, |set, [iterable]| build::set_update(python, set, iterable)),
            Op::MapAdd(depth) => self.fill(depth, |dict, [key, value]| build::map_add(dict, key, value)),
            Op::DictUpdate(depth) => self.fill(depth, |dict, [mapping]| build::dict_update(dict, mapping)),
            Op::DictMerge { depth, callable } => self.dict_merge(depth, callable),
            Op::ListToTuple => self.apply(|[list]| build::list_to_tuple(list)),
            Op::FormatSimple => self.apply(|[value]| format::simple(value)),
            Op::FormatWithSpec => self.apply(|[value, specification]| format::with_specification(value, specification)),
            Op::Convert(conversion) => self.apply(|[value]| format::convert(conversion, value)),
            Op::BuildTemplate => {
                self.apply(|[strings, interpolations]| format::template(python, globals, strings, interpolations))
            }
            Op::BuildInterpolation { conversion, format: false } => {
                self.apply(|[value, expression]| format::interpolation(python, value, expression, conversion, None))
            }
            Op::BuildInterpolation { conversion, format: true } => self.apply(|[value, expression, format]| {
                format::interpolation(python, value, expression, conversion, Some(format))
            }),

            Op::Call(ref arguments) => self.call(arguments),
            Op::CallMethod(ref arguments) => self.call_method(arguments),
            Op::CallEx { keywords } => self.call_ex(keywords),
            Op::MakeFunction => self.apply(|[code]| functions::make(globals, code)),
            Op::SetFunctionAttribute(attribute) => {
                let function = self.pop()?;
                let value = self.pop()?;
                functions::set_attribute(python, attribute, &function, &value)?;
                self.push(function);
                Ok(())
            }

            Op::UnpackSequence(count) => self.spread(|sequence| iteration::unpack(sequence, count)),
            Op::UnpackEx { before, after } => {
                self.spread(|sequence| iteration::unpack_with_rest(sequence, before, after))
            }
            Op::GetIter => self.apply(|[iterable]| iteration::iterator(iterable)),
            Op::ForIter(target) => return Ok(if self.next_item()? { Flow::Next } else { Flow::Jump(target) }),

            Op::Jump(target) => return self.jump(target),
            Op::JumpIf { condition, target } => {
                let holds = self.ask(|[value]| match condition {
                    Condition::True => numbers::truth(value),
                    Condition::False => numbers::truth(value).map(|truth| !truth),
                    Condition::None => Ok(value.is_none()),
                    Condition::NotNone => Ok(!value.is_none()),
                })?;
                return if holds { self.jump(target) } else { Ok(Flow::Next) };
            }
            Op::Return => return self.pop().map(Flow::Return),
            Op::Raise(operands) => return Err(self.raise(operands)),
            Op::Reraise(depth) => return Err(self.reraise(depth)?),
            Op::PushExcInfo => self.push_exc_info(),
            Op::PopExcept => self.pop_except(),
            Op::CheckExcMatch => self.check_exc_match(),
            Op::CheckEgMatch => self.check_eg_match(),
            Op::PrepReraiseStar => self.prep_reraise_star(),
            Op::BeforeWith => self.before_with(),
            Op::WithExceptStart { has_self } => self.with_except_start(has_self),

            Op::GetLen => self.look(|[object]| patterns::length(object)),
            Op::MatchMapping => self.look(|[object]| Ok(Owned::bool(python, patterns::is_mapping(object)))),
            Op::MatchSequence => self.look(|[object]| Ok(Owned::bool(python, patterns::is_sequence(object)))),
            Op::MatchKeys => self.look(|[subject, keys]| patterns::match_keys(python, subject, keys)),
            Op::MatchClass(positional) => self.match_class(positional),

            Op::ImportName(index) => {
                self.apply(|[level, names]| imports::module(python, namespaces, &name(index), level, names))
            }
            Op::ImportFrom(index) => self.look(|[module]| imports::from(python, globals, module, &name(index))),
            Op::Intrinsic1(intrinsic) => self.apply(|[operand]| intrinsics::one(python, globals, intrinsic, operand)),
            Op::Intrinsic2(intrinsic) => {
                self.apply(|[first, second]| intrinsics::two(python, globals, intrinsic, first, second))
            }

            Op::LoadClassDeref(_)
            | Op::LoadLocals
            | Op::LoadName(_)
            | Op::StoreName(_)
            | Op::DeleteName(_)
            | Op::SetupAnnotations
            | Op::Suspend(_) => Err(errors::system_error(c"an instruction that is refused")),
        }
        .map(|()| Flow::Next)
    }

    fn copy(&mut self, depth: u32) -> Result {
        let index = self.index(depth)?;
        let Some(slot) = self.stack.get(index) else {
            return Err(errors::system_error(c"nothing at that depth of the stack"));
        };
        let slot = slot.as_ref().map(Owned::again);
        self.stack.push(slot);
        Ok(())
    }

    fn swap(&mut self, depth: u32) -> Result {
        let (index, top) = (self.index(depth)?, self.index(1)?);
        if index > top {
            return Err(errors::system_error(c"nothing at that depth of the stack"));
        }
        self.stack.swap(index, top);
        Ok(())
    }

    /// `object -- method self`, or `object -- attribute null`
    fn find_method(&mut self, find: impl FnOnce(&Owned) -> Result<attributes::Method>) -> Result {
        let object = self.pop()?;
        let method = find(&object)?;
        self.push(method.callable);
        self.stack.push(method.takes_object.then_some(object));
        Ok(())
    }

    /// `super class self -- value`
    fn load_super_attr(&mut self, name: &Owned, zero_arguments: bool) -> Result {
        let [function, class, object] = self.pop_array()?;
        let value = attributes::of_super(&function, &class, &object, name, zero_arguments);
        drop((function, class, object));
        self.push(value?);
        Ok(())
    }

    /// `subject class names -- attributes`
    fn match_class(&mut self, positional: u32) -> Result {
        let [subject, class, names] = self.pop_array()?;
        let attributes = patterns::match_class(self.python, &subject, &class, positional, &names);
        drop((subject, class, names));
        self.push(attributes?);
        Ok(())
    }

    /// `iterator -- iterator item`; if the iterator is exhausted, it is popped, and there is no item.
    fn next_item(&mut self) -> Result<bool> {
        match iteration::next(self.peek(1)?)? {
            Some(item) => self.push(item),
            None => {
                drop(self.pop()?);
                return Ok(false);
            }
        }
        Ok(true)
    }
}
