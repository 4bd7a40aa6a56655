//! The breaker's protocol under loom: one model for each claim, at the widths that ship, and for each model a
//! twin of the protocol that was broken on purpose and must fail it.
//!
//! | claim | model |
//! |---|---|
//! | one tripping caller of many | `tripping` |
//! | at most N probes; dropped, forgotten and late ones; leases | `probes` |
//! | a late success does not close, a late failure does not reopen; reset against settle; one event each | `late` |
//! | no probe before the deadline of the thread that opened | `deadline`, and `bench` in every model |
//! | a thread that is stopped for ever wedges nobody | `stopped` |
//! | each ordering that is stronger than Relaxed is needed, and each second look | `orderings` |
//! | the public API, with its own words and clock | `api` |

mod api;
mod bench;
mod caller;
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
