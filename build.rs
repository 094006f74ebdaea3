//! Tells the crate which CPython it is built for, and where that CPython's library is.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    // Without the rpath a binary may load the system's libpython instead of the one it was built for.
    pyo3_build_config::add_libpython_rpath_link_args();
}
