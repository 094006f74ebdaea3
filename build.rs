//! Tells the crate which CPython it is built for, and where that CPython's library is.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    // Without the rpath a binary may load the system's libpython instead of the one it was built for.
    pyo3_build_config::add_libpython_rpath_link_args();
    // An embedded interpreter looks for its standard library beside the `python3` on the path, which need not be the
    // one whose library is linked; whoever starts one in this package names this executable instead.
    if let Some(executable) = pyo3_build_config::get().executable() {
        println!("cargo:rustc-env=TYPEDCALL_BUILD_PYTHON={executable}");
    }
}
