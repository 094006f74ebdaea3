//! Golden tests of the front end: each file under `golden/frontend` holds a snippet of bytecode; its snapshot shows the IR
//! before any pass. To add a case, add a file and run `INSTA_UPDATE=always cargo test --test golden_frontend`.
//!
//! With the line `with states` in front, the snapshot shows the frame states too.

use typedcall::bytecode::Code;
use typedcall::frontend;
use typedcall::ir::Function;

#[test]
fn snippets_become_the_ir_that_the_snapshots_show() {
    insta::glob!("golden/frontend/*.txt", |path| {
        let text = std::fs::read_to_string(path).expect("glob gave a file that exists");
        let (snippet, with_states) = match text.strip_prefix("with states\n") {
            Some(rest) => (rest, true),
            None => (&*text, false),
        };
        let code: Code = snippet.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let shown = match frontend::build(&code) {
            Err(refusal) => format!("refused: {refusal}\n"),
            Ok(function) => {
                function.verify().unwrap_or_else(|error| panic!("{}: {error}\n{function}", path.display()));
                let with_all = format!("{function:#}");
                let reread: Function = with_all.parse().unwrap_or_else(|error| panic!("{error}\n{with_all}"));
                assert_eq!(format!("{reread:#}"), with_all);
                if with_states { with_all } else { function.to_string() }
            }
        };
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "golden/frontend" }, {
            insta::assert_snapshot!(format!("{code}\n{shown}"));
        });
    });
}
