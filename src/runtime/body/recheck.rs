//! Assumptions, checked again by running code.

use std::sync::atomic::Ordering;

use super::assumption::version_of;
use super::version::Version;

/// Whether the assumption with this number holds. Called by compiled code.
///
/// # Safety
/// The version is that of running code.
pub unsafe extern "C" fn assumption_holds(version: *const Version, number: usize) -> i32 {
    // SAFETY: the caller promises a live version.
    let Some(code) = (unsafe { (*version).code.get() }) else { return 0 };
    let recorded = code.linked.assumptions.get(number);
    i32::from(recorded.is_some_and(|recorded| recorded.holds(&code.linked.dicts)))
}

/// Whether all assumptions about the dict with this number hold; then its version is remembered. Called by compiled
/// code.
///
/// # Safety
/// The version is that of running code.
pub unsafe extern "C" fn dict_holds(version: *const Version, number: usize) -> i32 {
    // SAFETY: the caller promises a live version.
    let Some(code) = (unsafe { (*version).code.get() }) else { return 0 };
    let Some(known) = code.linked.dicts.get(number) else { return 0 };
    // SAFETY: the thread is attached, and the dicts alive.
    let versions = || code.linked.dicts.iter().map(|known| unsafe { version_of(known.dict.as_ptr()) });
    // A look-up may run the comparison of a key that is not a `str`, which may change the dicts that were looked at
    // before.
    let before: Vec<_> = versions().collect();
    let mut assumptions =
        code.linked.assumptions.iter().filter(|recorded| recorded.dicts.iter().any(|(dict, _)| *dict == number));
    let holds = assumptions.all(|recorded| recorded.holds(&code.linked.dicts)) && versions().eq(before.iter().copied());
    if holds && let Some(now) = before.get(number) {
        known.version.store(*now, Ordering::Relaxed);
    }
    i32::from(holds)
}
