//! The command line tool.

use typedcall::embed::Python;
use typedcall::{Entry, demo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let python = Python::attach();
    let dir = std::env::temp_dir().join("tc-demo");
    let module = demo::load(&python, &dir)?;
    let (specializer, once) = demo::measure_once(&python, &module)?;
    println!("{once:?}");
    let inc = module.attr(&python, "inc")?;
    let stub = specializer.stub(&python, &inc, Entry::Guarded)?;
    println!(
        "{}\n{}\n{}\n{}\n{}",
        stub.generic_ir(),
        stub.ir(),
        stub.plan()?,
        stub.clif()?.unwrap(),
        stub.machine_code()?.unwrap()
    );
    let runs = demo::runs(&python, &specializer, &module, &dir)?;
    for m in demo::measure(&runs, 101, 20000) {
        println!("{:?} {:?} {:.2} {:?}", m.case, m.way, m.median, m.spread);
    }
    Ok(())
}
