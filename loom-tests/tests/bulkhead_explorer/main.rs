//! Explores every interleaving of the bulkheads' protocols at small widths: as they ship, all of it; and each broken twin,
//! until it is caught.
//!
//! | file | |
//! |---|---|
//! | `alone` | the bulkhead of one word, with a bucket behind it or without: all in one file |
//! | `waiting/script` | what threads do in a waiting room, and where they stand in it; what must be seen, or a claim was not tried |
//! | `waiting/machine` | what a caller does with the protocol, one access at a time: as the future and the slot do it |
//! | `waiting/system` | their steps on the words and wakers |
//! | `waiting/claims` | what is claimed of each access |
//! | `waiting/standing` | what is claimed of each state |
//! | `waiting/alone` | and that whoever is left there alone gets on |
//! | `waiting/plans` | what is explored of what ships; the large plans are run by `.ci/explore` |
//! | `waiting/twins` | what must be caught |

mod alone;
#[path = "../explorer/explore.rs"]
#[allow(dead_code, reason = "shared with the other explorer")]
mod explore;
#[path = "../subjects/bulkhead.rs"]
mod subjects;
mod waiting;
