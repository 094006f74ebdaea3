//! Valid containers of every kind between two unreadable pages, for tests to mutate.

use std::ffi::c_void;

use typedcall::metadata::abi::{self, AbiSignature, AbiValue, Footer, Head, effect, flag, kind, raises};

use super::memory_map::page_size;

/// The most overloads that a victim has.
pub const OVERLOADS: usize = 3;
/// The most values of one overload for which there is room: more than are allowed.
pub const VALUES: usize = 18;

/// Random numbers that repeat: xorshift from a fixed seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Less than `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() >> 16) as usize % bound
    }

    pub fn one<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

/// A method with everything that belongs to it. Integers only, without padding.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Block {
    pub name_pointer: usize,
    pub meth: usize,
    pub flags: i32,
    pub padding: u32,
    pub doc: usize,
    /// Room for the container to grow.
    pub room: [u64; 4],
    pub head: Head,
    pub name: [u8; 16],
    pub pointers: [usize; OVERLOADS],
    pub functions: [AbiSignature; OVERLOADS],
    pub values: [[AbiValue; VALUES]; OVERLOADS],
    /// A variable with a type, the fields of the type that the reader reads, and its name.
    pub class: usize,
    pub type_object: [u64; 24],
    pub type_name: [u8; 16],
    pub object: usize,
    pub texts: [[u8; 8]; VALUES],
}

/// A block of memory with a method in it: `[guard][front][block, two pages][tail][guard]`.
pub struct Victim {
    start: usize,
    page: usize,
    /// The overload and the value that were last changed.
    pub at: (usize, usize),
}

impl Victim {
    pub fn new() -> Self {
        let page = page_size().max(size_of::<Block>());
        let (all, flags) = (6 * page, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping of ours; it is never unmapped.
        let start = unsafe {
            let start = libc::mmap(std::ptr::null_mut(), all, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(start.add(page), 4 * page, libc::PROT_READ | libc::PROT_WRITE), 0);
            start as usize
        };
        Self { start, page, at: (0, 0) }
    }

    /// The first byte that can be read; the bytes before it can't.
    pub fn front(&self) -> usize {
        self.start + self.page
    }

    /// The byte after the last one that can be read; from here on nothing can be read.
    pub fn end(&self) -> usize {
        self.start + 5 * self.page
    }

    /// The page before the end, for texts that run into it.
    pub fn tail(&self) -> usize {
        self.end() - self.page
    }

    fn block_address(&self) -> usize {
        self.start + 2 * self.page
    }

    pub fn block(&mut self) -> &mut Block {
        // SAFETY: two pages of ours that can be written, borrowed with `self`; any bytes are a block.
        unsafe { &mut *(self.block_address() as *mut Block) }
    }

    pub fn def(&self) -> *const c_void {
        self.block_address() as *const c_void
    }

    /// All of the block.
    pub fn bytes(&mut self) -> &mut [u8] {
        let block: *mut Block = self.block();
        // SAFETY: all fields are integers without padding between them, and any bytes are a block.
        unsafe { std::slice::from_raw_parts_mut(block.cast(), size_of::<Block>()) }
    }

    /// Writes bytes into the front page or the tail.
    pub fn put(&mut self, address: usize, bytes: &[u8]) {
        let is_scratch = |at: usize| (self.front()..self.front() + self.page).contains(&at) || at >= self.tail();
        assert!(is_scratch(address) && address + bytes.len() <= self.end());
        // SAFETY: writable pages of ours, to which there is no reference.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
    }

    /// Unmaps the memory: from now on none of it can be read.
    pub fn unmap(self) {
        // SAFETY: a mapping of ours, without references to it.
        assert_eq!(unsafe { libc::munmap(self.start as *mut c_void, 6 * self.page) }, 0);
    }

    /// Puts a copy of the head before `name`, in the front page or the tail, and makes that the method's name. Parts
    /// outside are left out.
    pub fn move_name(&mut self, name: usize, size: u32) {
        let mut head = self.block().head;
        (head.footer.size, head.footer.container) = (size, name - size as usize);
        // SAFETY: integers without padding.
        let bytes: [u8; 40] = unsafe { std::mem::transmute(head) };
        let from = (name - 40).max(self.front());
        self.put(from, &bytes[from - (name - 40)..]);
        self.block().name_pointer = name;
    }

    /// Fills it with a valid method again, drawn at random.
    pub fn fill(&mut self, random: &mut Random) {
        let overloads = if random.below(4) == 0 { 1 + random.below(OVERLOADS) } else { 1 };
        let flag = random.one(&[0, abi::METH_TYPED]);
        let footer = Footer { magic: abi::MAGIC, version: abi::VERSION, size: 40, container: 0 };
        let code = Random::new as fn(u64) -> Random as usize;
        let block = self.block();
        block.flags = pyo3_ffi::METH_O | flag;
        (block.meth, block.padding, block.doc, block.room) = (code, 0, 0, [0; 4]);
        block.head = Head { signatures: 0, signature_count: overloads as u32, reserved: 0, footer };
        block.name = *b"method_\xc3\xa9\0\0\0\0\0\0\0";
        block.name_pointer = &raw const block.name as usize;
        block.head.signatures = &raw const block.pointers as usize;
        block.head.footer.size = 40 + 8 * random.below(5) as u32;
        block.head.footer.container = block.name_pointer - block.head.footer.size as usize;
        block.type_object = [0; 24];
        block.type_name = *random.one(&[b"geometry.Point\0\0", b"Local\0\0\0\0\0\0\0\0\0\0\0"]);
        block.type_object[3] = &raw const block.type_name as u64;
        block.class = &raw const block.type_object as usize;
        block.object = 0;
        for (index, text) in block.texts.iter_mut().enumerate() {
            *text = *b"argA\0\0\0\0";
            text[3] = b'A' + index as u8;
        }
        for index in 0..OVERLOADS {
            block.pointers[index] = &raw const block.functions[index] as usize;
            let values = &raw const block.values[index] as usize;
            block.functions[index] = AbiSignature { function: code, values, value_count: 1, reserved: 0 };
            block.values[index] = [zeroed(); VALUES];
        }
        for index in 0..OVERLOADS {
            self.fill_overload(index, random);
        }
    }

    fn fill_overload(&mut self, overload: usize, random: &mut Random) {
        let result = self.result(random);
        let mut parameters = Vec::new();
        if random.below(3) == 0 {
            parameters.push(self.receiver(random));
        }
        if random.below(3) == 0 {
            parameters.push(context());
        }
        let (mut defaults, mut keyword_only) = (false, false);
        for index in 0..random.below(4) {
            defaults |= random.below(3) == 0;
            keyword_only |= random.below(4) == 0;
            let mut value = if defaults { self.optional(random) } else { self.parameter(random) };
            if keyword_only {
                value.flags |= flag::KEYWORD_ONLY;
            }
            if keyword_only || random.below(4) > 0 {
                value.name = self.text(index);
            }
            parameters.push(value);
        }
        self.set(overload, result, &parameters);
    }

    /// Gives an overload these values and no others.
    pub fn set(&mut self, overload: usize, result: AbiValue, parameters: &[AbiValue]) {
        let block = self.block();
        block.values[overload][0] = result;
        block.values[overload][1..=parameters.len()].copy_from_slice(parameters);
        block.functions[overload].value_count = 1 + parameters.len() as u32;
    }

    /// The address of a parameter's name.
    pub fn text(&mut self, index: usize) -> usize {
        &raw const self.block().texts[index] as usize
    }

    pub fn user(&mut self) -> AbiValue {
        AbiValue { kind: kind::USER, class: &raw const self.block().class as usize, ..zeroed() }
    }

    pub fn receiver(&mut self, random: &mut Random) -> AbiValue {
        let mut value =
            if random.below(2) == 0 { self.user() } else { of_kind(random.one(&[kind::OBJECT, kind::STR])) };
        value.flags = flag::RECEIVER;
        if random.below(2) == 0 {
            value.name = c"self".as_ptr() as usize;
        }
        value
    }

    /// A required parameter without a name.
    pub fn parameter(&mut self, random: &mut Random) -> AbiValue {
        let mut value = match random.below(5) {
            0 => self.user(),
            1 => of_kind(random.one(&[kind::OBJECT, kind::INT, kind::LIST, kind::NONE])),
            2 => of_kind(random.one(&[kind::CSTR, kind::BUFFER])),
            _ => of_kind(random.one(&SCALARS)),
        };
        if !SCALARS.contains(&value.kind) && random.below(3) == 0 {
            value.flags |= flag::NULLABLE;
        }
        if (value.kind == kind::USER || value.kind >= kind::INT) && random.below(3) == 0 {
            value.flags |= flag::SUBCLASSES;
        }
        value
    }

    /// A parameter with a default, without a name.
    pub fn optional(&mut self, random: &mut Random) -> AbiValue {
        let mut value = self.parameter(random);
        value.flags |= flag::OPTIONAL;
        match value.kind {
            kind::F32 | kind::F64 => value.default_float = random.one(&[0.5_f64, 1e10, -0.0, f64::NAN]).to_bits(),
            kind if SCALARS.contains(&kind) => value.default_int = random.below(2) as i64,
            kind::BUFFER => value.flags |= flag::NULLABLE | flag::DEFAULT_NONE,
            _ if random.below(3) == 0 => value.flags |= flag::NULLABLE | flag::DEFAULT_NONE,
            kind::CSTR => value.default_address = random.one(&[c"text", c"", c"\xc3\xa9"]).as_ptr() as usize,
            _ => value.default_address = &raw const self.block().object as usize,
        }
        value
    }

    pub fn result(&mut self, random: &mut Random) -> AbiValue {
        let (mut value, raises) = match random.below(4) {
            0 => (self.user(), random.one(&[raises::NEVER, raises::NULL, raises::CHECK])),
            1 => (of_kind(kind::OBJECT), raises::NULL),
            2 => (of_kind(kind::VOID), random.one(&[raises::NEVER, raises::NONZERO])),
            _ => (of_kind(kind::I64), random.one(&[raises::NEVER, raises::MINUS_ONE])),
        };
        value.flags = raises;
        value.effects = random.one(&[0, effect::NO_PYTHON, effect::PURE | effect::NOGIL]);
        if value.kind == kind::OBJECT {
            value.effects |= random.one(&[0, effect::BORROWED_RESULT]);
        }
        value
    }
}

/// Kinds that are numbers or truth values.
pub const SCALARS: [u16; 13] = [
    kind::I8,
    kind::I16,
    kind::I32,
    kind::I64,
    kind::U8,
    kind::U16,
    kind::U32,
    kind::U64,
    kind::ISIZE,
    kind::USIZE,
    kind::F32,
    kind::F64,
    kind::CBOOL,
];

pub const fn zeroed() -> AbiValue {
    AbiValue { kind: 0, flags: 0, effects: 0, name: 0, class: 0, default_int: 0, default_float: 0, default_address: 0 }
}

pub const fn of_kind(kind: u16) -> AbiValue {
    AbiValue { kind, ..zeroed() }
}

pub const fn context() -> AbiValue {
    of_kind(kind::CONTEXT)
}
