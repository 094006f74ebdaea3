//! Golden tests of the front end: each file in `golden/frontend` contains a snippet of bytecode; its snapshot shows the
//! IR before any pass.
//!
//! If the first line is `with states`, the snapshot shows the frame states too.

use typedcall::bytecode::Code;
use typedcall::frontend;
use typedcall::ir::Function;

fn golden(text: &str) -> String {
    let (snippet, with_states) = match text.strip_prefix("with states\n") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let code: Code = snippet.parse().unwrap_or_else(|error| panic!("{error}:\n{snippet}"));
    let shown = match frontend::build(&code) {
        Err(refusal) => format!("refused: {refusal}\n"),
        Ok(function) => {
            function.verify().unwrap_or_else(|error| panic!("{error}\n{function}"));
            let with_all = format!("{function:#}");
            let reread: Function = with_all.parse().unwrap_or_else(|error| panic!("{error}\n{with_all}"));
            assert_eq!(format!("{reread:#}"), with_all);
            if with_states { with_all } else { function.to_string() }
        }
    };
    format!("{code}\n{shown}")
}

#[test]
fn snippets_become_the_ir_that_the_snapshots_show() {
    super::check("frontend", golden);
}
