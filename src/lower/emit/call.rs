//! Calls of underlying functions, and the handling of their errors.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Block, InstBuilder, Value, types};

use super::emitter::Emitter;
use super::prototype::c_prototype;
use crate::lower::convention::MethodConvention;
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Overload, Raises, Scalar};

impl Emitter<'_, '_> {
    /// Emits a call of an underlying function at the builder's position, on C values. `target` is its address.
    /// `arguments` has one value for each C argument: two for `cstr` and `buffer`. The code continues with the result,
    /// if there is one; if the function raised, it goes to `error`, with an exception set.
    ///
    /// It moves no references: the caller must take a reference to each object that is stolen, and a borrowed result
    /// stays borrowed. Nor does it release the GIL.
    ///
    /// ```
    /// use cranelift_codegen::ir::{AbiParam, InstBuilder, types::{F64, I64}};
    /// use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
    /// # use cranelift_jit::{JITBuilder, JITModule};
    /// # use cranelift_module::{Module, default_libcall_names};
    /// # use typedcall::lower::{AddressTable, Emitter};
    /// # use typedcall::{cpython::Layout, metadata::Signature, lower::target_isa};
    /// # let isa = target_isa(None, true)?;
    /// # let mut module = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
    /// extern "C" fn hypotenuse(a: f64, b: f64) -> f64 {
    ///     a.hypot(b)
    /// }
    /// let signature: Signature = "(a: f64, b: f64) -> f64".parse()?;
    /// let mut context = module.make_context();
    /// context.func.signature.params.push(AbiParam::new(F64));
    /// context.func.signature.returns.push(AbiParam::new(F64));
    /// let mut buffer = FunctionBuilderContext::new();
    /// let mut builder = FunctionBuilder::new(&mut context.func, &mut buffer);
    /// let (entry, error) = (builder.create_block(), builder.create_block());
    /// builder.append_block_params_for_function_params(entry);
    /// builder.switch_to_block(entry);
    /// let side = builder.block_params(entry)[0];
    /// let target = builder.ins().iconst(I64, hypotenuse as *const () as i64);
    /// let addresses = AddressTable::symbolic(); // a function that never raises refers to none
    /// let (layout, call_conv) = (&Layout::CURRENT, isa.default_call_conv());
    /// let mut emitter = Emitter { builder: &mut builder, layout, symbols: &mut &addresses, call_conv };
    /// let diagonal = emitter.typed_call(&signature.overloads[0], target, &[side, side], error)?;
    /// builder.ins().return_(&[diagonal.expect("a double")]);
    /// # builder.switch_to_block(error);
    /// # let nan = builder.ins().f64const(f64::NAN);
    /// # builder.ins().return_(&[nan]);
    /// # builder.seal_all_blocks();
    /// # builder.finalize(isa.frontend_config());
    /// # let id = module.declare_anonymous_function(&context.func.signature)?;
    /// # module.define_function(id, &mut context)?;
    /// # module.finalize_definitions()?;
    /// # type Diagonal = unsafe extern "C" fn(f64) -> f64;
    /// # let diagonal = unsafe { std::mem::transmute::<_, Diagonal>(module.get_finalized_function(id)) };
    /// # assert_eq!(unsafe { diagonal(1.0) }, std::f64::consts::SQRT_2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A wrong number of arguments, or a result of kind `buffer`, which is two values.
    pub fn typed_call(
        &mut self,
        overload: &Overload,
        target: Value,
        arguments: &[Value],
        error: Block,
    ) -> Result<Option<Value>, Unsupported> {
        let (parameters, result) = c_prototype(overload)?;
        if parameters.iter().map(|parameter| parameter.parts()).sum::<usize>() != arguments.len() {
            let reason = format!("the call has {} C arguments", arguments.len());
            return Err(Unsupported::new(overload.to_string(), reason));
        }
        if result == Some(CType::Span) {
            return Err(Unsupported::new(overload.to_string(), "the result is two values"));
        }
        let value = self.call(target, &parameters, result, arguments);
        let is_owned = !overload.effects.borrowed_result;
        self.check_error(value.zip(result), overload.raises, is_owned, error);
        Ok(value.filter(|_| overload.result != Kind::Void))
    }

    /// Goes to `error`, with an exception set, if the C function that returned this result has raised. An object that
    /// is not owned is not given up there.
    pub(in crate::lower) fn check_error(
        &mut self,
        result: Option<(Value, CType)>,
        raises: Raises,
        is_owned: bool,
        error: Block,
    ) {
        match (raises, result) {
            (Raises::Never, _) => {}
            (Raises::Null | Raises::Nonzero, Some((value, _))) => {
                let raised = match raises {
                    Raises::Null => self.builder.ins().icmp_imm_s(IntCC::Equal, value, 0),
                    _ => value,
                };
                self.refuse(raised, error);
            }
            (Raises::MinusOne, Some((value, ty))) => {
                let (ask, done) = (self.cold_block(), self.block());
                let suspect = match ty {
                    CType::Scalar(Scalar::F64) => {
                        let minus_one = self.builder.ins().f64const(-1.0);
                        self.builder.ins().fcmp(FloatCC::Equal, value, minus_one)
                    }
                    CType::Scalar(Scalar::F32) => {
                        let minus_one = self.builder.ins().f32const(-1.0);
                        self.builder.ins().fcmp(FloatCC::Equal, value, minus_one)
                    }
                    _ => {
                        // This covers `(unsigned)-1` too: all bits of the result are set, whatever its width.
                        let minus_one = self.minus_one(ty);
                        self.builder.ins().icmp(IntCC::Equal, value, minus_one)
                    }
                };
                self.builder.ins().brif(suspect, ask, &[], done, &[]);
                self.enter(ask);
                let raised = self.call_symbol(Symbol::ErrOccurred, &[]);
                self.builder.ins().brif(raised, error, &[], done, &[]);
                self.enter(done);
            }
            (Raises::Check, Some((object, CType::Pointer))) if is_owned => {
                let (drop, raised_null) = (self.cold_block(), self.cold_block());
                let raised = self.call_symbol(Symbol::ErrOccurred, &[]);
                let dropping = self.cold_block();
                self.refuse(raised, dropping);
                let next = self.block();
                self.builder.ins().jump(next, &[]);
                // A result that came together with an exception is owned, and is given up, because it is not used.
                self.enter(dropping);
                self.builder.ins().brif(object, drop, &[], raised_null, &[]);
                self.enter(drop);
                self.decref(object);
                self.builder.ins().jump(raised_null, &[]);
                self.enter(raised_null);
                self.builder.ins().jump(error, &[]);
                self.enter(next);
            }
            (Raises::Check, _) => {
                let raised = self.call_symbol(Symbol::ErrOccurred, &[]);
                self.refuse(raised, error);
            }
            (Raises::Null | Raises::Nonzero | Raises::MinusOne, None) => {
                unreachable!("Overload::check admits no error in a result that there is not")
            }
        }
    }

    /// Calls an underlying function, without the GIL if it is `nogil`. The result is all parts of its result.
    pub(in crate::lower) fn call_underlying(
        &mut self,
        target: Value,
        (parameters, result): (&[CType], Option<CType>),
        arguments: &[Value],
        nogil: bool,
    ) -> Vec<Value> {
        let thread_state = nogil.then(|| self.release_gil());
        let parts = self.call_for_parts(target, parameters, result, arguments);
        if let Some(thread_state) = thread_state {
            self.acquire_gil(thread_state);
        }
        parts
    }

    /// Counts a call against the recursion limit; beyond the limit, goes to `error` with the exception set.
    pub(in crate::lower) fn enter_call(&mut self, error: Block) {
        let place = self.address(Symbol::RecursionPlace);
        let refused = self.call_symbol(Symbol::EnterRecursiveCall, &[place]);
        self.refuse(refused, error);
    }

    /// Ends the count of a call.
    pub(in crate::lower) fn leave_call(&mut self) {
        self.call_function(Symbol::LeaveRecursiveCall, &[]);
    }

    /// Releases the GIL. The result is the thread state, which is needed to acquire the GIL again.
    fn release_gil(&mut self) -> Value {
        self.call_symbol(Symbol::SaveThread, &[])
    }

    /// Acquires the GIL again. This does not return in a thread that the interpreter has ended meanwhile; nothing
    /// between here and the thread's start would have to be unwound.
    fn acquire_gil(&mut self, thread_state: Value) {
        self.call_function(Symbol::RestoreThread, &[thread_state]);
    }

    fn minus_one(&mut self, ty: CType) -> Value {
        let clif = ty.clif();
        let all_ones = if clif == types::I64 { -1 } else { (1i64 << clif.bits()) - 1 };
        self.builder.ins().iconst(clif, all_ones)
    }

    /// Calls a `ml_meth` that takes a tuple, with an array of arguments, their number, and names.
    pub(in crate::lower) fn call_with_tuple(
        &mut self,
        method: Value,
        convention: MethodConvention,
        receiver: Value,
        [array, count, names]: [Value; 3],
    ) -> Value {
        let by_name = self.builder.ins().iconst(types::I64, i64::from(convention.takes_keywords()));
        let arguments = [method, by_name, receiver, array, count, names];
        self.call_symbol(Symbol::CallWithTuple, &arguments)
    }

    /// Calls a C function of pointers that returns a pointer.
    pub(in crate::lower) fn call_pointers(&mut self, target: Value, arguments: &[Value]) -> Value {
        let parameters = vec![CType::Pointer; arguments.len()];
        self.call(target, &parameters, Some(CType::Pointer), arguments).expect("a call with a result type has a result")
    }
}
