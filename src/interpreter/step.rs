//! One instruction.

use pyo3_ffi as ffi;

use crate::bytecode::{Intrinsic1, Intrinsic2, Op};

use super::activation::{Activation, Flow};
use crate::cpython::functions as api;
use crate::thread::owned::Owned;
use crate::thread::{Result, errors, interrupts};

impl Activation<'_> {
    /// Executes an instruction.
    pub(super) fn step(&mut self, op: &Op) -> Result<Flow> {
        match *op {
            Op::Nop => Ok(()),
            Op::Resume => interrupts::serve(self.python),
            Op::Pop => self.pop_slot().map(drop),
            Op::Copy(depth) => self.copy(depth),
            Op::Swap(depth) => self.swap(depth),

            Op::LoadConst(index) => {
                let constant = Owned::of(self.python, &self.code.consts[index as usize]);
                self.push(constant);
                Ok(())
            }
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
            Op::LoadFromDictOrGlobals(name) => self.load_from_dict_or_globals(name),
            Op::LoadGlobal(name) => self.load_global(name),
            Op::StoreGlobal(name) => self.store_global(name),
            Op::DeleteGlobal(name) => self.delete_global(name),
            Op::LoadBuildClass => self.load_build_class(),

            Op::LoadAttr(name) => self.load_attr(name),
            Op::LoadMethod(name) => self.load_method(name),
            Op::LoadSuperAttr { name, zero_arguments } => self.load_super_attr(name, zero_arguments),
            Op::LoadSuperMethod { name, zero_arguments } => {
                self.load_super_attr(name, zero_arguments).map(|()| self.stack.push(None))
            }
            Op::LoadSpecial(special) => self.load_special(special),
            Op::StoreAttr(name) => self.store_attr(name),
            Op::DeleteAttr(name) => self.delete_attr(name),

            Op::LoadSubscr => self.load_subscr(),
            Op::StoreSubscr => self.store_subscr(),
            Op::DeleteSubscr => self.delete_subscr(),
            Op::Unary(operator) => self.unary(operator),
            Op::Not => self.pop_truth().map(|truth| self.push_bool(!truth)),
            Op::ToBool => self.pop_truth().map(|truth| self.push_bool(truth)),
            Op::Binary { operator, in_place } => self.binary(operator, in_place),
            Op::Compare(operator) => self.compare(operator),
            Op::Is { inverted } => self.is(inverted),
            Op::Contains { inverted } => self.contains(inverted),

            Op::BuildTuple(count) => self.build_tuple(count),
            Op::BuildList(count) => self.build_list(count),
            Op::BuildSet(count) => self.build_set(count),
            Op::BuildMap(count) => self.build_map(count),
            Op::BuildConstKeyMap(count) => self.build_const_key_map(count),
            Op::BuildString(count) => self.build_string(count),
            Op::BuildSlice { step } => self.build_slice(step),
            Op::ListAppend(depth) => self.list_append(depth),
            Op::ListExtend(depth) => self.list_extend(depth),
            Op::SetAdd(depth) => self.set_add(depth),
            Op::SetUpdate(depth) => self.set_update(depth),
            Op::MapAdd(depth) => self.map_add(depth),
            Op::DictUpdate(depth) => self.dict_update(depth),
            Op::DictMerge { depth, callable } => self.dict_merge(depth, callable),
            Op::ListToTuple => self.list_to_tuple(),
            Op::FormatSimple => self.format_simple(),
            Op::FormatWithSpec => self.format_with_spec(),
            Op::Convert(conversion) => self.convert(conversion),
            Op::BuildTemplate => self.build_template(),
            Op::BuildInterpolation { conversion, format } => self.build_interpolation(conversion, format),

            Op::Call(ref arguments) => self.call(arguments),
            Op::CallMethod(ref arguments) => self.call_method(arguments),
            Op::CallEx { keywords } => self.call_ex(keywords),
            Op::MakeFunction => self.make_function(),
            Op::SetFunctionAttribute(attribute) => self.set_function_attribute(attribute),

            Op::UnpackSequence(count) => self.unpack_sequence(count),
            Op::UnpackEx { before, after } => self.unpack_ex(before, after),
            Op::GetIter => {
                let iterable = self.pop()?;
                // SAFETY: the object is alive.
                unsafe { self.push_new(api::PyObject_GetIter(iterable.as_ptr())) }
            }
            Op::ForIter(target) => return Ok(if self.next_item()? { Flow::Next } else { Flow::Jump(target) }),

            Op::Jump(target) => return self.jump(target),
            Op::JumpIf { condition, target } => {
                return if self.pop_condition(condition)? { self.jump(target) } else { Ok(Flow::Next) };
            }
            Op::Return => return self.pop().map(Flow::Return),
            Op::Raise(operands) => return Err(self.raise(operands)?),
            Op::Reraise(depth) => return Err(self.reraise(depth)?),
            Op::PushExcInfo => self.push_exc_info(),
            Op::PopExcept => self.pop_except(),
            Op::CheckExcMatch => self.check_exc_match(),
            Op::CheckEgMatch => self.check_eg_match(),
            Op::PrepReraiseStar => self.prep_reraise_star(),
            Op::BeforeWith => self.before_with(),
            Op::WithExceptStart { has_self } => self.with_except_start(has_self),

            Op::GetLen => self.get_len(),
            Op::MatchMapping => self.match_mapping(),
            Op::MatchSequence => self.match_sequence(),
            Op::MatchKeys => self.match_keys(),
            Op::MatchClass(positional) => self.match_class(positional),

            Op::ImportName(name) => self.import_name(name),
            Op::ImportFrom(name) => self.import_from(name),
            Op::Intrinsic1(intrinsic) => self.intrinsic1(intrinsic),
            Op::Intrinsic2(intrinsic) => self.intrinsic2(intrinsic),

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

    fn intrinsic1(&mut self, intrinsic: Intrinsic1) -> Result {
        let name = match intrinsic {
            Intrinsic1::TypeVar => "TYPEVAR",
            Intrinsic1::ParamSpec => "PARAMSPEC",
            Intrinsic1::TypeVarTuple => "TYPEVARTUPLE",
            Intrinsic1::SubscriptGeneric => "SUBSCRIPT_GENERIC",
            Intrinsic1::TypeAlias => "TYPEALIAS",
            Intrinsic1::Print | Intrinsic1::ImportStar | Intrinsic1::StopIterationError | Intrinsic1::AsyncGenWrap => {
                return Err(errors::system_error(c"an instruction that is refused"));
            }
        };
        let operand = self.pop()?;
        // SAFETY: the object is alive, and a tuple of three keeps its items alive. CPython itself does not look.
        let fits = unsafe {
            let object = operand.as_ptr();
            match intrinsic {
                Intrinsic1::SubscriptGeneric => ffi::PyTuple_CheckExact(object) != 0,
                Intrinsic1::TypeAlias => {
                    ffi::PyTuple_CheckExact(object) != 0
                        && ffi::PyTuple_GET_SIZE(object) == 3
                        && ffi::PyUnicode_CheckExact(ffi::PyTuple_GET_ITEM(object, 0)) != 0
                }
                _ => ffi::PyUnicode_CheckExact(object) != 0,
            }
        };
        if !fits {
            return Err(errors::system_error(c"an operand that the intrinsic is not made for"));
        }
        let result = self.spliced(name, &[operand])?;
        self.push(result);
        Ok(())
    }

    fn intrinsic2(&mut self, intrinsic: Intrinsic2) -> Result {
        let name = match intrinsic {
            Intrinsic2::TypeVarWithBound => "TYPEVAR_WITH_BOUND",
            Intrinsic2::TypeVarWithConstraints => "TYPEVAR_WITH_CONSTRAINTS",
            Intrinsic2::SetFunctionTypeParams => "SET_FUNCTION_TYPE_PARAMS",
            Intrinsic2::SetTypeParamDefault => "SET_TYPEPARAM_DEFAULT",
        };
        let second = self.pop()?;
        let first = self.pop()?;
        // SAFETY: the objects are alive. CPython itself does not look.
        let fits = unsafe {
            match intrinsic {
                Intrinsic2::TypeVarWithBound | Intrinsic2::TypeVarWithConstraints => {
                    ffi::PyUnicode_CheckExact(first.as_ptr()) != 0
                }
                Intrinsic2::SetFunctionTypeParams => {
                    ffi::PyFunction_Check(first.as_ptr()) != 0 && ffi::PyTuple_CheckExact(second.as_ptr()) != 0
                }
                Intrinsic2::SetTypeParamDefault => true,
            }
        };
        if !fits {
            return Err(errors::system_error(c"an operand that the intrinsic is not made for"));
        }
        let result = self.spliced(name, &[first, second])?;
        self.push(result);
        Ok(())
    }
}
