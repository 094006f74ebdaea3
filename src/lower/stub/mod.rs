//! Stubs: a frame around the IR of a call.
//!
//! A call site's IR becomes a [`Plan`]: pure data that says what the code does, and prints.
//!
//! | file | what |
//! | --- | --- |
//! | `frame` | how a stub is called, and what stands behind it |
//! | `plan`, `plan_text` | what a stub does: arms around IR |
//! | `arm` | which IR is an arm |
//! | `site` | from a signature to IR and a plan: the whole way for one stub |
//! | `cell` | what differs between the stubs of a shape |
//! | `arguments`, `entry`, `arm_code`, `checked` | from a plan to CLIF |
//! | `audit` | what the code of stubs that are verified does besides |
//! | `counting` | how calls are counted |
//! | `matching` | arms whose arguments may be given by name, or left out |
//! | `foreign` | what those of foreign functions do |
//! | `forwarder` | stubs that are nothing but a jump |

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
