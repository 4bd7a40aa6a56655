//! The bulkhead's protocols under loom: one model for each claim, at the widths that ship, and for each a twin that was
//! broken on purpose and must fail it.
//!
//! | claim | model |
//! |---|---|
//! | never above the limit, what was done inside comes before the next one's, marks and counts are exact | `alone` |
//! | a refused token gives the place back, a refund comes before the place, nobody is let in too many | `tokens` |
//! | no wake-up is lost | `waking` |
//! | who comes to wait and who leaves see each other | `arriving` |
//! | first come, first served; nobody enters past a queue | `order` |
//! | who gives up passes his place on, and leaves nothing behind; nobody is trimmed away who waits | `cancelling` |
//! | a seat's next owner comes after all that was done there; nobody is woken for another | `reseating` |
//! | a limit that is raised past some who wait gives each a place | `raising` |
//! | what was done inside comes before, whatever way the place took | `inside` |
//! | never above the limit, no free place before a queue, no place lost or there twice | `room`, in every model of the waiting room |
//! | the public API, with its own words and wakers | `api`, and `tokens` |
//! | each ordering that is stronger than Relaxed is needed | `alone`, `arriving`, `inside`, `reseating` |

#![allow(
    clippy::arc_with_non_send_sync,
    reason = "loom runs every thread of a model on one, and knows itself who may touch a cell"
)]

mod alone;
mod api;
mod arriving;
mod caller;
mod cancelling;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod inside;
mod order;
mod raising;
mod reseating;
mod room;
mod tokens;
mod waking;
