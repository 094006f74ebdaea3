//! Temporary.
use typedcall::embed::Python;
use typedcall::{Entry, Options, Specializer, demo};
fn main() {
    let python = Python::attach();
    let module = demo::load(&python, &std::env::temp_dir().join("tc-prof")).unwrap();
    let s = Specializer::new(&python, Options::default()).unwrap();
    for f in ["noop", "inc", "obj"] {
        let st = s.stub(&python, &module.attr(&python, f).unwrap(), Entry::Guarded).unwrap();
        println!("{f}\n{}", st.machine_code().unwrap().unwrap());
    }
}
