//! `typedcall explain FILE.py:FUNCTION`: every stage of a function, and notes on what was not specialized, line by
//! line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use typedcall::embed::Python;
use typedcall::{Options, Specializer};

const SOURCE: &str = "\
import math, functools

def norm(x, y):
    # Two products, a sum, a root.
    total = x * x + y * y
    return math.sqrt(total)

def example():
    x = 'hello,world'
    return x.upper()

def summed(numbers):
    total = 0.0
    for number in numbers:
        total += float(number)
    return total

def numbers():
    yield 1

class Point:
    def length(self):
        return unknown(self.x)

    @classmethod
    def made(cls):
        return cls()

    @property
    def double(self):
        return self.x * 2

def counter(start):
    def add(number):
        return start + number
    return add

def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

@logged
def wrapped(x):
    return counter(x)

@functools.cache
def cached(x):
    return x

built_in = len
decorated = None
";

/// Writes the source under a name of its own, since tests run at the same time.
fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, SOURCE).expect("cargo's folder for temporary files is writable");
    path
}

fn explain(callable: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_typedcall")).args(["explain", callable]).output().expect("the tool is built")
}

/// The tool's output for a function of the source.
fn explained(test: &str, function: &str) -> String {
    let output = explain(&format!("{}:{function}", file(&format!("{test}.py")).display()));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}\n{errors}");
    text.into_owned()
}

/// The part under a heading.
fn part<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, behind) = text.split_once(&format!("-- {heading}\n")).unwrap_or_else(|| panic!("no {heading} in\n{text}"));
    behind.split("\n\n").next().unwrap_or(behind)
}

#[test]
fn every_stage_is_shown_in_order() {
    let text = explained("stages", "example");
    let stages =
        ["source", "bytecode", "IR", "IR after load_elimination", "IR after specialize_calls", "CLIF", "machine code"];
    let places =
        stages.map(|stage| text.find(&format!("-- {stage}\n")).unwrap_or_else(|| panic!("no {stage}\n{text}")));
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(
        part(&text, "source"),
        "    8  def example():\n    9      x = 'hello,world'\n   10      return x.upper()"
    );
    assert!(part(&text, "bytecode").contains("LoadMethod upper"));
    let ir = part(&text, "IR after refcounts");
    assert_eq!(
        ir,
        "v6:UnicodeExact[\"hello,world\"] = LoadConst\nv11:UnicodeExact = CallCFunction<\"str.upper\"> v6\nReturn v11"
    );
    assert!(part(&text, "CLIF").starts_with("function "));
    assert!(text.contains("; callee str.upper\n"), "{text}");
    assert!(part(&text, "machine code").contains("call"), "{text}");
    assert!(text.contains("-- unboxing changes nothing\n"));
    assert!(text.ends_with("\n1 of 1 calls are direct calls of C functions\n"), "{text}");
}

#[test]
fn each_line_says_what_was_not_specialized_and_why() {
    let text = explained("lines", "norm");
    let lines = part(&text, "line by line");
    let expected = "    3  def norm(x, y):
    4      # Two products, a sum, a root.
    5      total = x * x + y * y
       - BinaryOp<\"*\"> is done by Python: x may be any object
       - BinaryOp<\"*\"> is done by Python: y may be any object
       - BinaryOp<\"+\"> is done by Python: the result of BinaryOp<\"*\"> may be any object
    6      return math.sqrt(total)
";
    let (before, call) = lines.split_at(expected.len().min(lines.len()));
    assert_eq!(before, expected);
    assert_eq!(call, "       + math.sqrt is called directly: (object) -> float raises null");
}

#[test]
fn what_is_not_there_is_named() {
    let text = explained("methods", "Point.length");
    assert!(text.starts_with("Point.length\n"), "{text}");
    let lines = part(&text, "line by line");
    for note in [
        "- LoadGlobal<\"unknown\"> is done by Python: what the name stands for is not known when the function is compiled",
        "- GetAttr<\"x\"> is done by Python: self may be any object",
        "- VectorCall stays a call: ",
    ] {
        assert!(lines.contains(note), "no {note:?} in\n{lines}");
    }
    assert!(text.ends_with("0 of 1 calls are direct calls of C functions\n"), "{text}");
}

#[test]
fn a_loop_is_compiled_with_its_numbers_in_registers() {
    let text = explained("loops", "summed");
    assert!(part(&text, "IR after unboxing").contains("Arithmetic<\"+\">"), "{text}");
    assert!(part(&text, "CLIF").starts_with("function "), "{text}");
    assert!(text.starts_with("summed\n\n-- source\n"), "{text}");
}

#[test]
fn a_refused_function_has_its_bytecode_and_the_reason() {
    let text = explained("refused", "numbers");
    assert!(part(&text, "bytecode").contains("LoadConst 1"), "{text}");
    let reason = part(&text, "not compiled; it still runs in CPython");
    assert!(reason.starts_with("numbers: line 18: generators are not compiled"), "{reason}");
}

#[test]
fn errors_say_what_to_do() {
    let path = file("errors.py");
    let path = path.display();
    let broken = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken_on_import.py");
    std::fs::write(&broken, "1 / 0\n").expect("cargo's folder for temporary files is writable");
    for (callable, message) in [
        (format!("{path}:missing"), "has no missing"),
        (format!("{path}:Point.missing"), "FILE.py:FUNCTION or FILE.py:TYPE.METHOD"),
        (format!("{path}:built_in"), "<built-in function len> is not a Python function"),
        (format!("{path}:decorated"), "None is not a Python function"),
        (format!("{path}:Point"), "Point is a class: name a method, FILE.py:TYPE.METHOD"),
        (format!("{path}:counter.missing"), "has no counter.missing"),
        (format!("{path}x.py:norm"), "No such file or directory"),
        (format!("{}:norm", broken.display()), "cannot be imported: ZeroDivisionError"),
        (path.to_string(), "FILE.py:FUNCTION"),
        (format!("{path}:"), "FILE.py:FUNCTION"),
    ] {
        let output = explain(&callable);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{callable}: {errors}");
        assert!(errors.contains(message), "{callable}: {errors}");
    }
}

/// Writes a file of a test.
fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("it is writable");
    path.display().to_string()
}

#[test]
fn what_is_no_python_file_is_said_to_be_so() {
    let root = tempfile::tempdir().expect("there is a folder for temporary files");
    let circle = root.path().join("circle.py");
    std::os::unix::fs::symlink(&circle, &circle).expect("it is writable");
    let text = written(root.path(), "text", "a\n");
    let odd = written(root.path(), "odd.py", "def __getattr__(name):\n    raise ValueError(name)\n");
    for (callable, message) in [
        (format!("{}:f", root.path().display()), "is a folder; the name is FILE.py:FUNCTION"),
        ("/dev/null:f".to_owned(), "/dev/null is not a regular file"),
        (format!("{}:f", circle.display()), "Too many levels of symbolic links"),
        (format!("{text}:f"), "not a Python file, whose name would end with .py"),
        (":f".to_owned(), "no file before the colon"),
        (format!("{odd}:a"), "a cannot be looked up: ValueError: a"),
    ] {
        let output = explain(&callable);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{callable}: {errors}");
        assert!(errors.contains(message), "{callable}: {errors}");
    }
}

#[test]
fn a_file_with_the_name_of_a_module_does_not_replace_it() {
    let root = tempfile::tempdir().expect("there is a folder for temporary files");
    let file = written(root.path(), "sys.py", "import sys\ndef f():\n    return sys.maxsize\nsys.maxsize + 1\n");
    let output = explain(&format!("{file}:f"));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert!(text.contains("    3      return sys.maxsize"), "{text}");
}

#[test]
fn the_text_is_the_same_in_each_run() {
    let path = file("same.py");
    let callable = format!("{}:norm", path.display());
    let [one, other] = [explain(&callable), explain(&callable)].map(|output| {
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned()
    });
    assert!(one.contains("  ; _Py_Dealloc\n"), "{one}");
    assert_eq!(one, other);
}

#[test]
fn options_for_stubs_are_not_for_functions_in_python() {
    let callable = format!("{}:norm", file("options.py").display());
    for (option, value) in [("--entry", "boxed"), ("--signature", "(object) -> object")] {
        let output = Command::new(env!("CARGO_BIN_EXE_typedcall"))
            .args(["explain", &callable, option, value])
            .output()
            .expect("the tool is built");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(&format!("{option} is for MODULE.NAME")), "{errors}");
    }
}

#[test]
fn methods_of_classes_properties_and_decorated_functions_are_found_and_said_to_be_so() {
    for (callable, first, source) in [
        ("Point.made", "Point.made is a bound method: its function is shown\n\nPoint.made\n", "return cls()"),
        ("Point.double", "Point.double is a property: its getter is shown\n", "return self.x * 2"),
        ("cached", "cached is a _lru_cache_wrapper: the function that it wraps is shown\n", "return x"),
        (
            "wrapped",
            "wrapped is a decorated function: the decorated function is shown; the original is wrapped.__wrapped__\n",
            "return function(*args)",
        ),
        ("wrapped.__wrapped__", "wrapped\n", "return counter(x)"),
        ("counter.add", "counter.<locals>.add\n", "return start + number"),
        ("counter.<locals>.add", "counter.<locals>.add\n", "return start + number"),
    ] {
        let text = explained(&format!("kinds_{}", callable.replace(['<', '>', '.'], "_")), callable);
        assert!(text.starts_with(first), "{text}");
        assert!(part(&text, "source").ends_with(source), "{text}");
    }
}

#[test]
fn a_file_of_a_package_is_imported_as_part_of_it() {
    let root = tempfile::tempdir().expect("there is a folder for temporary files");
    let folder = root.path().join("shapes/flat");
    std::fs::create_dir_all(&folder).expect("it is writable");
    for (file, text) in [
        ("../__init__.py", "TWO = 2\ndef twice(x):\n    return x * TWO\n"),
        ("__init__.py", ""),
        ("helper.py", "def square(x):\n    return x * x\n"),
        ("circle.py", "from .. import TWO\nfrom .helper import square\ndef area(r):\n    return square(r) * TWO\n"),
    ] {
        std::fs::write(folder.join(file), text).expect("it is writable");
    }
    for (callable, note) in [
        (folder.join("circle.py:area"), "no signature of <function square> is known"),
        (root.path().join("shapes/__init__.py:twice"), "x may be any object"),
    ] {
        let output = explain(&callable.display().to_string());
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{errors}");
        assert!(text.contains(note), "{text}");
    }
}

#[test]
fn the_readme_shows_what_is_printed() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tool.py");
    let source = "import math\n\ndef norm(x, y):\n    return math.sqrt(float(x) + y)\n";
    std::fs::write(&path, source).expect("cargo's folder for temporary files is writable");
    let output = explain(&format!("{}:norm", path.display()));
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, lines) = text.split_once("-- line by line\n").expect("it is compiled");
    assert!(include_str!("../../README.md").contains(&format!("```text\n{lines}```\n")), "{lines}");
}

/// The listings of the design: the method is known, then its C function is called.
const LISTINGS: [(&str, &str); 2] = [
    (
        "load_elimination",
        "v6:UnicodeExact[\"hello,world\"] = LoadConst\nv9:MethodDescr[\"str.upper\"] = LoadConst\n\
         v11:Object = VectorCallStatic<1> v9 v6\nReturn v11\n",
    ),
    (
        "dead_code",
        "v6:UnicodeExact[\"hello,world\"] = LoadConst\nv11:UnicodeExact = CallCFunction<\"str.upper\"> v6\nReturn v11\n",
    ),
];

#[test]
fn the_proposals_example_goes_through_the_designs_listings_from_its_snippet_and_from_bytecode() {
    let python = Python::attach();
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    let names = python.namespace().expect("there is memory");
    python.run("def f():\n    x = 'hello,world'\n    return x.upper()", &names).expect("it is a function");
    let snippet = "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE";
    let snippet = snippet.parse().expect("it is a snippet");
    let function = names.item(&python, "f").expect("it was just defined");
    for explanation in [
        specializer.explain(&python, &function).expect("it is a function"),
        specializer.explain_snippet(&python, snippet, &names).expect("the names are a dict"),
    ] {
        let stages = explanation.stages.expect("it is plain code");
        for (pass, listing) in LISTINGS {
            let behind = stages.passes.iter().find_map(|(name, ir)| ir.as_deref().filter(|_| *name == pass));
            assert_eq!(behind, Some(listing), "after {pass}");
        }
    }
}
