//! Reads the text form of functions. The result is well-formed (every used value is defined, once), but need not be
//! correct: the verifier checks that.

use std::str::FromStr;
use std::sync::Arc;

use cranelift_entity::{EntityRef, PrimaryMap};

use super::assumption::Assumption;
use super::callee::Called;
use super::entities::{Block, Inst, State, Value};
use super::function::{BlockData, Function, InstData, ValueData, ValueDef};
use super::instruction::{BlockCall, Failure, Instruction, ResultRule};
use super::operation::{Immediate, Operation};
use super::state::{FrameState, Slot};
use super::type_text::parse_type;
use super::types::Type;
use crate::operators::{BinaryOperator, CompareOperator};
use crate::text::cursor::Cursor;

/// The greatest number of a value or a block, so that a typing mistake does not allocate gigabytes of gaps.
const MAX_NUMBER: u32 = 1 << 20;

/// The reason why a text is not a function, and the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct IrParseError {
    /// Counted from 1.
    pub line: usize,
    /// Counted in characters from 1.
    pub column: usize,
    /// The error there.
    pub message: String,
}

impl FromStr for Function {
    type Err = IrParseError;

    /// Reads a function in its text form. Empty lines, and lines that start with `#`, are skipped.
    fn from_str(text: &str) -> Result<Self, IrParseError> {
        let mut parser = FunctionParser::default();
        for (index, line) in text.lines().enumerate() {
            let mut cursor = Cursor::new(line);
            parser.line = index + 1;
            parser.read_line(&mut cursor).map_err(|message| IrParseError {
                line: index + 1,
                column: cursor.column(),
                message,
            })?;
        }
        parser.finish()
    }
}

impl FromStr for Type {
    type Err = IrParseError;

    /// Reads a type in its text form.
    fn from_str(text: &str) -> Result<Self, IrParseError> {
        let mut cursor = Cursor::new(text);
        let parsed = parse_type(&mut cursor).and_then(|ty| end_of_line(&cursor).map(|()| ty));
        parsed.map_err(|message| IrParseError { line: 1, column: cursor.column(), message })
    }
}

/// A use of a value or a block, which is checked when all are known.
struct Use<E> {
    entity: E,
    line: usize,
    column: usize,
}

#[derive(Default)]
struct FunctionParser {
    function: Function,
    block: Option<Block>,
    line: usize,
    values: Vec<Use<Value>>,
    blocks: Vec<Use<Block>>,
}

/// The result of a reading step, or the error at the cursor.
type Parsed<T> = Result<T, String>;

impl FunctionParser {
    fn read_line(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        cursor.skip_spaces();
        match cursor.peek() {
            None | Some('#') => return Ok(()),
            Some(_) => {}
        }
        if cursor.rest().starts_with("bb") { self.read_header(cursor) } else { self.read_inst(cursor) }?;
        cursor.skip_spaces();
        end_of_line(cursor)
    }

    fn read_header(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let start = cursor.clone();
        let block = Block::from_u32(number(cursor, "bb")?);
        if self.function.layout.contains(&block) {
            *cursor = start;
            return Err(format!("{block} is here a second time"));
        }
        self.open(block);
        if cursor.eat("(") {
            while !cursor.eat(")") {
                let (value, ty) = self.read_definition(cursor)?;
                let position = self.function.blocks[block].params.len();
                self.function.blocks[block].params.push(value);
                self.function.values[value] = ValueData { ty, def: ValueDef::Param(block, position) };
                cursor.skip_spaces();
            }
        }
        if cursor.eat(":") { Ok(()) } else { Err("expected `:`".to_owned()) }
    }

    fn open(&mut self, block: Block) {
        extend(&mut self.function.blocks, block, BlockData::default);
        self.function.layout.push(block);
        self.block = Some(block);
    }

    fn read_inst(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        // Instructions before the first header are those of a bare function.
        if self.block.is_none() {
            self.open(Block::new(0));
        }
        let block = self.block.expect("a block was opened above, if none was open");
        let start = cursor.clone();
        let definition = match cursor.peek() {
            Some('v') => {
                let definition = self.read_definition(cursor)?;
                cursor.skip_spaces();
                expect(cursor, "=")?;
                cursor.skip_spaces();
                Some(definition)
            }
            _ => None,
        };
        let instruction = self.read_instruction(cursor)?;
        let state = if self.eat_word(cursor, "at") { Some(self.read_state(cursor)?) } else { None };
        let error = if self.eat_word(cursor, "error") { Some(self.read_state(cursor)?) } else { None };
        let releases = if self.eat_word(cursor, "releases") { self.read_values(cursor)? } else { Vec::new() };
        let complaint = match (instruction.result_rule(), &definition) {
            (ResultRule::Always | ResultRule::Borrowed, None) => Some("has a result, which needs a name"),
            (ResultRule::Never, Some(_)) => Some("has no result"),
            _ => None,
        };
        if let Some(complaint) = complaint {
            *cursor = start;
            return Err(format!("{} {complaint}", instruction.name()));
        }
        let inst: Inst = self.function.insts.next_key();
        let result = definition.map(|(value, ty)| {
            self.function.values[value] = ValueData { ty, def: ValueDef::Result(inst) };
            value
        });
        self.function.insts.push(InstData { instruction, result, state, error });
        if !releases.is_empty() {
            self.function.releases[inst] = releases;
        }
        self.function.blocks[block].insts.push(inst);
        Ok(())
    }

    fn eat_word(&self, cursor: &mut Cursor<'_>, word: &str) -> bool {
        cursor.skip_spaces();
        let start = cursor.clone();
        let found = cursor.word() == word;
        if !found {
            *cursor = start;
        }
        found
    }

    /// What happens if a check fails.
    fn read_failure(&self, cursor: &mut Cursor<'_>) -> Failure {
        if self.eat_word(cursor, "fallback") {
            Failure::Fallback
        } else if self.eat_word(cursor, "exit") {
            Failure::Exit
        } else {
            Failure::Never
        }
    }

    /// `4(v0 _ | v1)`. Instructions that follow one another share a state that reads the same.
    fn read_state(&mut self, cursor: &mut Cursor<'_>) -> Parsed<State> {
        cursor.skip_spaces();
        let mut state = FrameState { at: decimal(cursor)?, ..FrameState::default() };
        expect(cursor, "(")?;
        let mut in_stack = false;
        loop {
            cursor.skip_spaces();
            if cursor.eat(")") {
                break;
            }
            if !in_stack && cursor.eat("|") {
                in_stack = true;
                continue;
            }
            let slot = match cursor.peek() {
                Some('_') => {
                    expect(cursor, "_")?;
                    Slot::Empty
                }
                Some('v') => Slot::Value(self.read_value(cursor)?),
                _ => Slot::Constant(parse_type(cursor)?),
            };
            if in_stack { &mut state.stack } else { &mut state.locals }.push(slot);
        }
        // An error state may come in between.
        let states = &mut self.function.states;
        let known = states.keys().rev().take(2).find(|known| states.get(*known) == state);
        Ok(known.unwrap_or_else(|| states.push(state)))
    }

    /// Reads an operation's immediates and operands.
    fn read_operation(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Parsed<Option<Instruction>> {
        let mut immediates = Vec::new();
        if cursor.eat("<") {
            loop {
                cursor.skip_spaces();
                immediates.push(if cursor.eat("\"") {
                    Immediate::Text(cursor.quoted('"')?.into())
                } else {
                    Immediate::Number(decimal(cursor)?)
                });
                if cursor.eat(">") {
                    break;
                }
                expect(cursor, ",")?;
            }
        }
        match Operation::from_parts(name, &immediates) {
            Some(operation) => Ok(Some(Instruction::Operate { operation, args: self.read_values(cursor)? })),
            None => Ok(None),
        }
    }

    /// `<"+"> v1 v2`
    fn read_operator<T: Copy>(&mut self, cursor: &mut Cursor<'_>, all: &[(T, &str)]) -> Parsed<(T, Value, Value)> {
        expect(cursor, "<")?;
        expect(cursor, "\"")?;
        let symbol = cursor.quoted('"')?;
        let found = all.iter().find(|(_, name)| *name == symbol).ok_or_else(|| format!("unknown operator {symbol}"))?;
        expect(cursor, ">")?;
        Ok((found.0, self.read_value(cursor)?, self.read_value(cursor)?))
    }

    fn read_assumption(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Assumption> {
        expect(cursor, "<")?;
        let kind = cursor.word().to_owned();
        let mut labels = Vec::new();
        while !cursor.eat(">") {
            cursor.skip_spaces();
            expect(cursor, "\"")?;
            labels.push(cursor.quoted('"')?);
        }
        Assumption::from_parts(&kind, &labels)
            .ok_or_else(|| format!("no assumption is like {kind} of {} texts", labels.len()))
    }

    /// `v6:Object`, a value that is not defined yet.
    fn read_definition(&mut self, cursor: &mut Cursor<'_>) -> Parsed<(Value, Type)> {
        let start = cursor.clone();
        let value = Value::from_u32(number(cursor, "v")?);
        extend(&mut self.function.values, value, ValueData::unused);
        if self.function.values[value].def != ValueDef::Unused {
            *cursor = start;
            return Err(format!("{value} is defined a second time"));
        }
        expect(cursor, ":")?;
        let ty = parse_type(cursor)?;
        // This marks the value as defined, so that `v1:Object = Guard<Object> v1` and a parameter named twice are not
        // taken for gaps. The caller overwrites it.
        self.function.values[value].def = ValueDef::Param(Block::from_u32(0), usize::MAX);
        Ok((value, ty))
    }

    fn read_instruction(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Instruction> {
        let start = cursor.clone();
        Ok(match cursor.word() {
            "LoadConst" => Instruction::LoadConst,
            "LoadArg" => {
                expect(cursor, "<")?;
                let index = decimal(cursor)?;
                expect(cursor, ">")?;
                Instruction::LoadArg { index }
            }
            "LoadSelf" => Instruction::LoadSelf,
            "LoadContext" => Instruction::LoadContext,
            "VectorCall" => {
                let (callable, args, keywords) = self.read_call(cursor)?;
                Instruction::VectorCall { callable, args, keywords }
            }
            "VectorCallStatic" => {
                let (callable, args, keywords) = self.read_call(cursor)?;
                Instruction::VectorCallStatic { callable, args, keywords }
            }
            "CallCFunction" => {
                let callee = read_callee(cursor)?;
                expect(cursor, ">")?;
                Instruction::CallCFunction { callee, args: self.read_values(cursor)? }
            }
            "Guard" => {
                let (ty, value) = self.read_typed_operand(cursor)?;
                Instruction::Guard { ty, value, failure: self.read_failure(cursor) }
            }
            "Unbox" => {
                let (ctype, value) = self.read_typed_operand(cursor)?;
                Instruction::Unbox { ctype, value, failure: self.read_failure(cursor) }
            }
            "UnboxReal" => {
                let (ctype, value) = self.read_typed_operand(cursor)?;
                Instruction::UnboxReal { ctype, value }
            }
            "ToForeign" => {
                let callee = read_callee(cursor)?;
                expect(cursor, ",")?;
                let parameter = decimal(cursor)?;
                expect(cursor, ">")?;
                Instruction::ToForeign { callee, parameter, value: self.read_value(cursor)? }
            }
            "FromForeign" => {
                let callee = read_callee(cursor)?;
                expect(cursor, ">")?;
                Instruction::FromForeign { callee, value: self.read_value(cursor)? }
            }
            "NullIfNone" => Instruction::NullIfNone { value: self.read_value(cursor)? },
            "Box" => Instruction::Box { value: self.read_value(cursor)? },
            "Incref" => Instruction::Incref { value: self.read_value(cursor)? },
            "Decref" => Instruction::Decref { value: self.read_value(cursor)? },
            "Jump" => Instruction::Jump { target: self.read_block_call(cursor)? },
            "Branch" => Instruction::Branch {
                condition: self.read_value(cursor)?,
                then: self.read_block_call(cursor)?,
                otherwise: self.read_block_call(cursor)?,
            },
            "Return" => Instruction::Return { value: self.read_value(cursor)? },
            "Exit" => Instruction::Exit,
            "Unreachable" => Instruction::Unreachable,
            "MethodSelf" => Instruction::MethodSelf { method: self.read_value(cursor)? },
            "GuardFinite" => Instruction::GuardFinite { value: self.read_value(cursor)? },
            "Assume" => Instruction::Assume { assumption: self.read_assumption(cursor)? },
            "Arithmetic" => {
                let (operator, lhs, rhs) = self.read_operator(cursor, &BinaryOperator::ALL)?;
                Instruction::Arithmetic { operator, lhs, rhs }
            }
            "CompareNumbers" => {
                let (operator, lhs, rhs) = self.read_operator(cursor, &CompareOperator::ALL)?;
                Instruction::CompareNumbers { operator, lhs, rhs }
            }
            word => {
                if let Some(instruction) = self.read_operation(cursor, word)? {
                    return Ok(instruction);
                }
                *cursor = start;
                return Err(match word {
                    "" => "expected an instruction".to_owned(),
                    word => format!("unknown instruction `{word}`"),
                });
            }
        })
    }

    /// Reads `<2> v0 v1 v2`: the count is that of the arguments, without the callable. In `<2, base=> v0 v1 v2` the
    /// last argument is given by that name.
    fn read_call(&mut self, cursor: &mut Cursor<'_>) -> Parsed<(Value, Vec<Value>, Vec<Arc<str>>)> {
        expect(cursor, "<")?;
        let at_count = cursor.clone();
        let count: usize = decimal(cursor)?;
        let mut keywords = Vec::new();
        while cursor.eat(",") {
            cursor.skip_spaces();
            keywords.push(read_keyword(cursor)?);
        }
        expect(cursor, ">")?;
        let callable = self.read_value(cursor)?;
        let args = self.read_values(cursor)?;
        if args.len() != count {
            *cursor = at_count;
            return Err(format!("the count is {count}, but {} arguments follow the callable", args.len()));
        }
        Ok((callable, args, keywords))
    }

    fn read_typed_operand(&mut self, cursor: &mut Cursor<'_>) -> Parsed<(Type, Value)> {
        expect(cursor, "<")?;
        let ty = parse_type(cursor)?;
        expect(cursor, ">")?;
        Ok((ty, self.read_value(cursor)?))
    }

    fn read_block_call(&mut self, cursor: &mut Cursor<'_>) -> Parsed<BlockCall> {
        cursor.skip_spaces();
        let column = cursor.column();
        let block = Block::from_u32(number(cursor, "bb")?);
        self.blocks.push(Use { entity: block, line: self.line, column });
        let mut args = Vec::new();
        if cursor.eat("(") {
            args = self.read_values(cursor)?;
            expect(cursor, ")")?;
        }
        Ok(BlockCall { block, args })
    }

    /// Reads all values that follow.
    fn read_values(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Vec<Value>> {
        let mut values = Vec::new();
        loop {
            cursor.skip_spaces();
            if cursor.peek() != Some('v') {
                return Ok(values);
            }
            values.push(self.read_value(cursor)?);
        }
    }

    fn read_value(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Value> {
        cursor.skip_spaces();
        let column = cursor.column();
        let value = Value::from_u32(number(cursor, "v")?);
        self.values.push(Use { entity: value, line: self.line, column });
        Ok(value)
    }

    /// Checks that everything that is used is defined.
    fn finish(self) -> Result<Function, IrParseError> {
        let is_defined = |value| self.function.values.get(value).is_some_and(|data| data.def != ValueDef::Unused);
        if let Some(missing) = self.values.iter().find(|used| !is_defined(used.entity)) {
            let message = format!("{} is not defined", missing.entity);
            return Err(IrParseError { line: missing.line, column: missing.column, message });
        }
        if let Some(missing) = self.blocks.iter().find(|used| !self.function.layout.contains(&used.entity)) {
            let message = format!("there is no {}", missing.entity);
            return Err(IrParseError { line: missing.line, column: missing.column, message });
        }
        Ok(self.function)
    }
}

fn extend<E: EntityRef, D>(map: &mut PrimaryMap<E, D>, entity: E, gap: impl Fn() -> D) {
    while map.len() <= entity.index() {
        map.push(gap());
    }
}

fn expect(cursor: &mut Cursor<'_>, token: &str) -> Parsed<()> {
    if cursor.eat(token) { Ok(()) } else { Err(format!("expected `{token}`")) }
}

/// Reads `<"demo.inc"`, up to the text after the name.
fn read_callee(cursor: &mut Cursor<'_>) -> Parsed<Called> {
    expect(cursor, "<")?;
    expect(cursor, "\"")?;
    Ok(Called::read(cursor.quoted('"')?))
}

fn end_of_line(cursor: &Cursor<'_>) -> Parsed<()> {
    if cursor.is_at_end() { Ok(()) } else { Err("expected the end of the line".to_owned()) }
}

/// Reads `base=`; the name may be in quotes.
fn read_keyword(cursor: &mut Cursor<'_>) -> Parsed<Arc<str>> {
    let name = if cursor.eat("\"") {
        cursor.quoted('"')?
    } else {
        match cursor.word() {
            "" => return Err("expected a keyword".to_owned()),
            word => word.to_owned(),
        }
    };
    expect(cursor, "=")?;
    Ok(name.into())
}

/// The number of an entity, after its prefix.
fn number(cursor: &mut Cursor<'_>, prefix: &str) -> Parsed<u32> {
    let start = cursor.clone();
    let number = cursor.eat(prefix).then(|| decimal(cursor).ok()).flatten();
    match number {
        Some(number) if number <= MAX_NUMBER => Ok(number),
        Some(_) => {
            *cursor = start;
            Err(format!("numbers end at {MAX_NUMBER}"))
        }
        None => {
            *cursor = start;
            Err(format!("expected {}", if prefix == "v" { "a value" } else { "a block" }))
        }
    }
}

fn decimal<N: FromStr>(cursor: &mut Cursor<'_>) -> Parsed<N> {
    let start = cursor.clone();
    cursor.take_while(|character| character.is_ascii_digit()).parse().map_err(|_| {
        *cursor = start;
        "expected a number".to_owned()
    })
}
