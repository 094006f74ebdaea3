//! Stubs: a frame around the IR of a call.
//!
//! A call site's IR becomes a [`Plan`]: plain data that describes the code, and that can be printed.
//!
//! | file | content |
//! | --- | --- |
//! | `frame` | how a stub is called, and what its original is |
//! | `plan`, `plan_text` | the plan of a stub: arms around IR |
//! | `arm` | from IR to an arm |
//! | `site` | all the steps for one stub, from a signature to IR and a plan |
//! | `cell` | the data that differs between the stubs of a shape |
//! | `arguments`, `entry`, `arm_code`, `checked` | from a plan to CLIF |
//! | `audit` | the additional code of stubs that are verified |
//! | `counting` | how calls are counted |
//! | `matching` | arms whose arguments may be given by name, or left out |
//! | `foreign` | the code that only stubs of foreign functions have |
//! | `forwarder` | stubs that are only a jump |

mod arguments;
pub(super) mod arm;
mod arm_code;
pub(super) mod audit;
pub(super) mod cell;
mod checked;
mod counting;
pub(super) mod entry;
mod foreign;
pub(super) mod forwarder;
pub(super) mod frame;
mod matching;
pub(super) mod plan;
mod plan_text;
pub(super) mod site;
#[cfg(test)]
mod tests;
