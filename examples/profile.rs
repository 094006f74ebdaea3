//! Temporary.
use std::time::Instant;
use typedcall::embed::Python;
use typedcall::lower::AddressTable;
use typedcall::{Entry, Options, Specializer, demo};
fn med(mut v: Vec<u128>) -> u128 {
    v.sort();
    v[v.len() / 2]
}
fn main() {
    let python = Python::attach();
    let module = demo::load(&python, &std::env::temp_dir().join("tc-prof")).unwrap();
    for f in ["noop", "inc", "add", "obj"] {
        let inc = module.attr(&python, f).unwrap();
        let mut a = vec![];
        let mut b = vec![];
        for _ in 0..1000 {
            let s = Specializer::new(&python, Options::default()).unwrap();
            s.adopt(&python, &module).unwrap();
            let warm: Vec<_> = ["noop", "inc", "add", "obj", "half"]
                .iter()
                .map(|n| s.stub(&python, &module.attr(&python, n).unwrap(), Entry::Vectorcall).unwrap())
                .collect();
            let t = Instant::now();
            let st = s.stub(&python, &inc, Entry::Guarded).unwrap();
            a.push(t.elapsed().as_nanos());
            let t = Instant::now();
            let st2 = s.stub(&python, &inc, Entry::Guarded).unwrap();
            b.push(t.elapsed().as_nanos());
            drop((st, st2, warm));
        }
        println!("{f} shape {} stub {}", med(a), med(b));
        let s = Specializer::new(&python, Options::default()).unwrap();
        let st = s.stub(&python, &inc, Entry::Guarded).unwrap();
        let mut p = vec![];
        let mut bs = vec![];
        let mut c = vec![];
        let mut m = vec![];
        let isa = {
            use cranelift_codegen::settings::{self, Configurable};
            let mut b = settings::builder();
            b.set("opt_level", &std::env::var("OPT").unwrap_or("speed".into())).unwrap();
            b.set("regalloc_algorithm", &std::env::var("RA").unwrap_or("backtracking".into())).unwrap();
            b.set("preserve_frame_pointers", "true").unwrap();
            b.set("enable_verifier", "false").unwrap();
            b.set("unwind_info", "false").unwrap();
            cranelift_native::builder().unwrap().finish(settings::Flags::new(b)).unwrap()
        };
        let mut ctx = cranelift_codegen::Context::new();
        let mut fb = cranelift_frontend::FunctionBuilderContext::new();
        let table = AddressTable::symbolic();
        for _ in 0..1000 {
            let t = Instant::now();
            let plan = st.plan().unwrap();
            p.push(t.elapsed().as_nanos());
            let t = Instant::now();
            typedcall::runtime::build_stub(&mut ctx, &mut fb, &*isa, s.layout(), &mut &table, &plan);
            bs.push(t.elapsed().as_nanos());
            let t = Instant::now();
            ctx.compile(&*isa, &mut Default::default()).unwrap();
            c.push(t.elapsed().as_nanos());
            let t = Instant::now();
            unsafe {
                let q = libc::mmap(std::ptr::null_mut(), 4096, 3, 0x22, -1, 0);
                *(q as *mut u8) = 1;
                libc::mprotect(q, 4096, 5);
                libc::munmap(q, 4096);
            }
            m.push(t.elapsed().as_nanos());
        }
        println!("  plan {} build {} compile {} map {}", med(p), med(bs), med(c), med(m));
    }
}
