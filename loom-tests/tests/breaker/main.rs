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
//! | the last calls: every outcome counts once, over the end of a strip, into and out of clean | `sliding`, and `ledger` in every model |
//! | a window that is over opens, once, whoever was stopped | `judging` |
//! | a new generation begins with an empty window; each ordering of the tape is needed | `closing` |
//! | the ramp: each call its own place, a failure opens, its end forgets nothing | `ramp` |
//! | a forced state stays, and what was under way is late | `forced` |
//! | the last span of time: sweeps, two buckets, a new generation; each ordering of the ring is needed | `timed`, and `rings` in each |
//! | every decision goes by one configuration | `adjusted` |
//! | the last transition that was noted is never followed by an earlier one | `noted` |
//! | the public API, with its own words and clock | `api` |

mod adjusted;
mod api;
mod bench;
mod caller;
mod closing;
#[path = "../common/mod.rs"]
mod common;
mod deadline;
mod forced;
mod judging;
mod late;
mod ledger;
mod noted;
mod orderings;
mod probes;
mod ramp;
mod restored;
mod rings;
mod sliding;
mod stopped;
#[path = "../subjects/mod.rs"]
mod subjects;
mod tapes;
mod timed;
mod tripping;
