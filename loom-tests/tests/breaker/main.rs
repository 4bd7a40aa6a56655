//! The breaker's protocol under loom: one model for each claim, at the widths that ship, and for each model a
//! twin of the protocol that was broken on purpose and must fail it.

mod api;
mod bench;
#[path = "../common/mod.rs"]
mod common;
mod deadline;
mod late;
mod orderings;
mod probes;
mod stopped;
#[path = "../subjects/mod.rs"]
mod subjects;
mod tripping;
