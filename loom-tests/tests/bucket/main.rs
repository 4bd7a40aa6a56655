//! The token bucket's protocol under loom: one model for each claim, at the widths that ship, and for each a twin
//! that was broken on purpose and must fail it. In every model the clock moves.
//!
//! | claim | model |
//! |---|---|
//! | no window gets more than burst and rate, nothing is lost; by a clock that is asked, and by readings that are held | `conserving`, and `bench` in every model |
//! | the same after an idle longer than the stale limit | `idle` |
//! | the same while the clock steps back | `backward` |
//! | a bucket begins once, with what there is at first | `beginning` |
//! | tokens come back once, to whoever has not been overtaken | `refunding` |
//! | who reserves comes before whoever asks next | `reserving` |
//! | a reset is one moment, and gives the time back | `resetting` |
//! | a refusal is of words that stood together | `refusing` |
//! | as many as there are | `up_to` |
//! | the public API, with its own words and clock | `api` |
//! | a change of the terms against whatever else is under way: no window gets more than the bursts and rates in it, nobody acts on terms that nobody set, the bucket goes on from where it was | `adjust`, and `adjust_bench` in every model of a change |
//! | two changes at once, and in a row; one that never comes to its end | `adjust_twice` |
//! | the public API of a bucket whose terms change | `adjust_api` |
//! | what a thread that is held between its two steps costs the others | `held` |
//! | each ordering that is stronger than Relaxed is needed, but those of a refund, whose comments say why | `conserving`, `resetting` |

mod adjust;
mod adjust_api;
mod adjust_bench;
mod adjust_caller;
mod adjust_faults;
mod adjust_history;
mod adjust_twice;
mod api;
mod backward;
mod beginning;
mod bench;
mod caller;
#[path = "../common/mod.rs"]
mod common;
mod conserving;
mod faults;
mod held;
mod idle;
mod refunding;
mod refusing;
mod reserving;
mod resetting;
#[path = "../subjects/bucket.rs"]
mod subjects;
mod up_to;
