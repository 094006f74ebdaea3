//! From objects to C values and back: guards, unboxing, boxing.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value, types};

use super::admitted::{Admitted, Class};
use super::emitter::{Emitter, TRUSTED};
use crate::cpython::{DIGIT_BITS, IntForm, TAG_NEGATIVE, TAG_SHIFT, TAG_SIGN_MASK};
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;
use crate::metadata::{PythonType, Scalar, TypePlace};

impl Emitter<'_, '_> {
    /// A C number that is known already: an integer extended to 64 bits, or the bits of a `double`.
    pub(in crate::lower) fn c_constant(&mut self, scalar: Scalar, bits: u64) -> Value {
        match scalar {
            Scalar::F64 => self.builder.ins().f64const(f64::from_bits(bits)),
            Scalar::F32 => self.builder.ins().f32const(f64::from_bits(bits) as f32),
            _ => {
                let clif = CType::Scalar(scalar).clif();
                // The bits above the type's own ones must be zero.
                let own = if clif.bits() == 64 { bits } else { bits & ((1 << clif.bits()) - 1) };
                self.builder.ins().iconst(clif, own as i64)
            }
        }
    }

    /// Goes to `otherwise` unless `object` is one of these.
    pub(in crate::lower) fn guard(&mut self, object: Value, admitted: &Admitted, otherwise: Block) {
        if !admitted.null {
            return self.guard_object(object, admitted, otherwise);
        }
        let (present, done) = (self.block(), self.block());
        self.builder.ins().brif(object, present, &[], done, &[]);
        self.enter(present);
        self.guard_object(object, admitted, otherwise);
        self.builder.ins().jump(done, &[]);
        self.enter(done);
    }

    fn guard_object(&mut self, object: Value, admitted: &Admitted, otherwise: Block) {
        if admitted.class == Class::Python(PythonType::None) {
            // `None` is the only instance of its type.
            let none = self.address(Symbol::NoneObject);
            let holds = self.builder.ins().icmp(IntCC::Equal, object, none);
            return self.require(holds, otherwise);
        }
        let actual = self.load(types::I64, object, self.layout.ob_type);
        let flag = match admitted.class {
            Class::Python(class) if admitted.subclasses => self.layout.subclass_flag(class),
            _ => None,
        };
        if let Some(flag) = flag {
            let flags = self.load(types::I64, actual, self.layout.type_flags);
            let holds = self.builder.ins().band_imm_u(flags, flag.cast_signed());
            return self.require(holds, otherwise);
        }
        let wanted = self.class(&admitted.class);
        let exact = self.builder.ins().icmp(IntCC::Equal, actual, wanted);
        if !admitted.subclasses {
            return self.require(exact, otherwise);
        }
        let (ask, done) = (self.cold_block(), self.block());
        self.builder.ins().brif(exact, done, &[], ask, &[]);
        self.enter(ask);
        // This searches the type's method resolution order, which runs no code.
        let holds = self.call_symbol(Symbol::TypeIsSubtype, &[actual, wanted]);
        self.builder.ins().brif(holds, done, &[], otherwise, &[]);
        self.enter(done);
    }

    /// The address of a type.
    fn class(&mut self, class: &Class) -> Value {
        match class {
            Class::Python(class) => match type_symbol(*class) {
                Some(symbol) => self.address(symbol),
                None => {
                    let none = self.address(Symbol::NoneObject);
                    self.load(types::I64, none, self.layout.ob_type)
                }
            },
            Class::User(TypePlace::Object(address)) => self.builder.ins().iconst(types::I64, address.get() as i64),
            Class::User(TypePlace::Variable(variable)) => {
                let variable = self.builder.ins().iconst(types::I64, variable.get() as i64);
                self.load(types::I64, variable, 0)
            }
        }
    }

    /// Null if the object is `None`, else the object.
    pub(in crate::lower) fn null_if_none(&mut self, object: Value) -> Value {
        let none = self.address(Symbol::NoneObject);
        let is_none = self.builder.ins().icmp(IntCC::Equal, object, none);
        let null = self.null();
        self.builder.ins().select(is_none, null, object)
    }

    /// The C number in `object`, which is an exact float or a bool and thus always has one.
    pub(in crate::lower) fn unbox_certain(&mut self, object: Value, scalar: Scalar) -> Value {
        match scalar {
            Scalar::CBool => {
                let truth = self.address(Symbol::TrueObject);
                self.builder.ins().icmp(IntCC::Equal, object, truth)
            }
            _ => {
                let double = self.load(types::F64, object, self.layout.float_value);
                if scalar == Scalar::F32 { self.builder.ins().fdemote(types::F32, double) } else { double }
            }
        }
    }

    /// The C number in `object`, if that is an exact float or an exact int of up to two digits; goes to `fallback` for
    /// all others.
    pub(in crate::lower) fn unbox_real(&mut self, object: Value, scalar: Scalar, fallback: Block) -> Value {
        let (float, int, done) = (self.block(), self.cold_block(), self.block());
        self.builder.append_block_param(done, types::F64);
        let class = self.load(types::I64, object, self.layout.ob_type);
        let wanted = self.address(Symbol::FloatType);
        let is_float = self.builder.ins().icmp(IntCC::Equal, class, wanted);
        self.builder.ins().brif(is_float, float, &[], int, &[]);

        self.enter(float);
        let double = self.unbox_certain(object, Scalar::F64);
        self.builder.ins().jump(done, &[double.into()]);

        self.enter(int);
        let int = Admitted { class: Class::Python(PythonType::Int), subclasses: false, null: false };
        self.guard(object, &int, fallback);
        let number = self.unbox_int(object, Scalar::I64, fallback);
        // Rounds to nearest, ties to even, as `PyLong_AsDouble` does.
        let double = self.builder.ins().fcvt_from_sint(types::F64, number);
        self.builder.ins().jump(done, &[double.into()]);

        self.enter(done);
        let double = self.builder.block_params(done)[0];
        if scalar == Scalar::F32 { self.builder.ins().fdemote(types::F32, double) } else { double }
    }

    /// The C number in `object`, an exact int; goes to `fallback` if it does not fit.
    ///
    /// Numbers of one digit are on the likely path, those of two digits off it; unsigned 64 bits also take three.
    /// Numbers with more digits take the fallback. There are no calls here, because values that are live across a call
    /// would have to be saved on every path.
    pub(in crate::lower) fn unbox_int(&mut self, object: Value, scalar: Scalar, fallback: Block) -> Value {
        let (two, done) = (self.cold_block(), self.block());
        self.builder.append_block_param(done, types::I64);
        let size = self.load(types::I64, object, self.layout.int.size);
        let one_digit = match self.layout.int.form {
            IntForm::SignedSize => {
                // A size of -1, 0 or 1 becomes 0, 1 or 2.
                let shifted = self.builder.ins().iadd_imm_s(size, 1);
                self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, shifted, 3)
            }
            IntForm::Tag => self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, size, 2 << TAG_SHIFT),
        };
        self.require(one_digit, two);
        let digit = self.digit(object, 0);
        let sign = match self.layout.int.form {
            IntForm::SignedSize => size,
            IntForm::Tag => self.tag_sign(size),
        };
        let value = self.builder.ins().imul(digit, sign);
        self.check_range(value, scalar, 1, fallback);
        self.builder.ins().jump(done, &[value.into()]);

        self.enter(two);
        let (count, sign) = match self.layout.int.form {
            IntForm::SignedSize => {
                let negative = self.builder.ins().sshr_imm_u(size, 63);
                (self.builder.ins().iabs(size), self.builder.ins().bor_imm_s(negative, 1))
            }
            IntForm::Tag => (self.builder.ins().ushr_imm_u(size, i64::from(TAG_SHIFT)), self.tag_sign(size)),
        };
        let two_digits = self.builder.ins().icmp_imm_s(IntCC::Equal, count, 2);
        // Masks and hashes have three digits. For signed kinds such numbers are too rare to be worth the cost in each
        // compilation.
        let three = (scalar.bytes() == 8 && !scalar.is_signed()).then(|| self.cold_block());
        self.require(two_digits, three.unwrap_or(fallback));
        let (low, high) = (self.digit(object, 0), self.digit(object, 1));
        let high = self.builder.ins().ishl_imm_u(high, i64::from(DIGIT_BITS));
        let magnitude = self.builder.ins().bor(low, high);
        let value = self.builder.ins().imul(magnitude, sign);
        self.check_range(value, scalar, 2, fallback);
        self.builder.ins().jump(done, &[value.into()]);

        if let Some(three) = three {
            self.enter(three);
            let three_digits = self.builder.ins().icmp_imm_s(IntCC::Equal, count, 3);
            self.require(three_digits, fallback);
            // The bits of the 64 that are left for the third digit.
            let bits_left = 64 - 2 * DIGIT_BITS;
            let highest = self.digit(object, 2);
            let fits = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, highest, 1 << bits_left);
            self.require(fits, fallback);
            let positive = self.builder.ins().icmp_imm_s(IntCC::Equal, sign, 1);
            self.require(positive, fallback);
            let (low, high) = (self.digit(object, 0), self.digit(object, 1));
            let high = self.builder.ins().ishl_imm_u(high, i64::from(DIGIT_BITS));
            let highest = self.builder.ins().ishl_imm_u(highest, 2 * i64::from(DIGIT_BITS));
            let lower = self.builder.ins().bor(low, high);
            let value = self.builder.ins().bor(lower, highest);
            self.builder.ins().jump(done, &[value.into()]);
        }

        self.enter(done);
        let value = self.builder.block_params(done)[0];
        match CType::Scalar(scalar).clif() {
            types::I64 => value,
            narrow => self.builder.ins().ireduce(narrow, value),
        }
    }

    fn digit(&mut self, object: Value, index: i32) -> Value {
        const DIGIT_BYTES: i32 = 4;
        let offset = self.layout.int.digits + DIGIT_BYTES * index;
        self.builder.ins().uload32(TRUSTED, object, offset)
    }

    /// 1, 0 or -1.
    fn tag_sign(&mut self, tag: Value) -> Value {
        let bits = self.builder.ins().band_imm_s(tag, TAG_SIGN_MASK);
        let one = self.builder.ins().iconst(types::I64, 1);
        self.builder.ins().isub(one, bits)
    }

    /// Goes to `fallback` unless the 64-bit `value`, made of `digits` digits and a sign, fits the scalar.
    fn check_range(&mut self, value: Value, scalar: Scalar, digits: u32, fallback: Block) {
        let (least, greatest) = scalar.integer_range().expect("only integers are range-checked");
        let bound = (1i128 << (DIGIT_BITS * digits)) - 1;
        if least <= -bound && bound <= greatest {
            return;
        }
        let narrow = CType::Scalar(scalar).clif();
        let fits = if narrow == types::I64 {
            // The only 64-bit numbers that do not fit are negative ones, for unsigned kinds.
            self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, value, 0)
        } else {
            let low = self.builder.ins().ireduce(narrow, value);
            let back = if scalar.is_signed() {
                self.builder.ins().sextend(types::I64, low)
            } else {
                self.builder.ins().uextend(types::I64, low)
            };
            self.builder.ins().icmp(IntCC::Equal, back, value)
        };
        self.require(fits, fallback);
    }

    /// A new reference to the object of a C number; null, with an exception set, if memory runs out.
    pub(in crate::lower) fn box_scalar(&mut self, value: Value, scalar: Scalar) -> Value {
        match scalar {
            Scalar::F64 => self.box_double(value),
            Scalar::F32 => {
                let double = self.builder.ins().fpromote(types::F64, value);
                self.box_double(double)
            }
            Scalar::CBool => {
                let (truth, falsehood) = (self.address(Symbol::TrueObject), self.address(Symbol::FalseObject));
                // Only the low byte of a returned `bool` has a meaning.
                let object = self.builder.ins().select(value, truth, falsehood);
                self.incref_immortal(object);
                object
            }
            _ => self.box_int(value, scalar),
        }
    }

    fn box_double(&mut self, value: Value) -> Value {
        self.call_symbol(Symbol::FloatFromDouble, &[value])
    }

    /// Small ints come from the interpreter's table, others from its allocator.
    fn box_int(&mut self, value: Value, scalar: Scalar) -> Value {
        let wide = match CType::Scalar(scalar).clif() {
            types::I64 => value,
            _ if scalar.is_signed() => self.builder.ins().sextend(types::I64, value),
            _ => self.builder.ins().uextend(types::I64, value),
        };
        let int = self.layout.int;
        let (small, large, done) = (self.block(), self.block(), self.block());
        self.builder.append_block_param(done, types::I64);
        // For unsigned kinds there are no small negative numbers; adding to the greatest number would wrap to a small
        // one.
        let first = if scalar.is_signed() { int.small_min } else { 0 };
        let index = if first == 0 { wide } else { self.builder.ins().iadd_imm_s(wide, -first) };
        let is_small = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, index, int.small_max - first);
        self.builder.ins().brif(is_small, small, &[], large, &[]);

        self.enter(small);
        let table = self.address(Symbol::SmallInts);
        let offset = self.builder.ins().imul_imm_s(index, int.small_stride);
        let mut object = self.builder.ins().iadd(table, offset);
        if first != int.small_min {
            object = self.builder.ins().iadd_imm_s(object, (first - int.small_min) * int.small_stride);
        }
        self.incref_immortal(object);
        self.builder.ins().jump(done, &[object.into()]);

        self.enter(large);
        let object = if int.inline_allocation {
            self.allocate_int(wide, scalar)
        } else {
            self.call_int_constructor(wide, scalar)
        };
        self.builder.ins().jump(done, &[object.into()]);

        self.enter(done);
        self.builder.block_params(done)[0]
    }

    fn call_int_constructor(&mut self, wide: Value, scalar: Scalar) -> Value {
        let unsigned = matches!(scalar, Scalar::U64 | Scalar::Usize);
        let symbol = if unsigned { Symbol::LongFromUnsignedLongLong } else { Symbol::LongFromLong };
        self.call_symbol(symbol, &[wide])
    }

    /// Makes an int of one digit as `PyLong_FromLong` of 3.11 and 3.12 does, at two thirds of its cost. Other ints, and
    /// the case that memory runs out, are left to that function.
    fn allocate_int(&mut self, wide: Value, scalar: Scalar) -> Value {
        let (one_digit, other, done) = (self.block(), self.cold_block(), self.block());
        self.builder.append_block_param(done, types::I64);
        let int = self.layout.int;
        let magnitude = if scalar.is_signed() { self.builder.ins().iabs(wide) } else { wide };
        let fits = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, magnitude, 1 << DIGIT_BITS);
        self.builder.ins().brif(fits, one_digit, &[], other, &[]);

        self.enter(one_digit);
        let held = self.spill(&[wide]);
        let size = self.builder.ins().iconst(types::I64, int.small_stride);
        let object = self.call_symbol(Symbol::ObjectMalloc, &[size]);
        self.require(object, other);
        let value = self.load(types::I64, held, 0);
        let magnitude = if scalar.is_signed() { self.builder.ins().iabs(value) } else { value };
        let negative = self.builder.ins().sshr_imm_u(value, 63);
        let size = match int.form {
            IntForm::SignedSize => self.builder.ins().bor_imm_s(negative, 1),
            IntForm::Tag => {
                let sign = self.builder.ins().band_imm_s(negative, TAG_NEGATIVE);
                self.builder.ins().bor_imm_s(sign, 1 << TAG_SHIFT)
            }
        };
        let (class, one) = (self.address(Symbol::LongType), self.builder.ins().iconst(types::I64, 1));
        self.builder.ins().store(TRUSTED, one, object, self.layout.ob_refcnt);
        self.builder.ins().store(TRUSTED, class, object, self.layout.ob_type);
        self.builder.ins().store(TRUSTED, size, object, int.size);
        self.builder.ins().istore32(TRUSTED, magnitude, object, int.digits);
        self.builder.ins().jump(done, &[object.into()]);

        self.enter(other);
        let object = self.call_int_constructor(wide, scalar);
        self.builder.ins().jump(done, &[object.into()]);

        self.enter(done);
        self.builder.block_params(done)[0]
    }
}

fn type_symbol(class: PythonType) -> Option<Symbol> {
    Some(match class {
        PythonType::Int => Symbol::LongType,
        PythonType::Float => Symbol::FloatType,
        PythonType::Bool => Symbol::BoolType,
        PythonType::Str => Symbol::UnicodeType,
        PythonType::Bytes => Symbol::BytesType,
        PythonType::List => Symbol::ListType,
        PythonType::Tuple => Symbol::TupleType,
        PythonType::Dict => Symbol::DictType,
        // CPython exports it, but not for use by others.
        PythonType::None => return None,
    })
}
