//! Long scripted runs of every primitive, and a digest of all that they answer: the same on every target.
//!
//! ```
//! for trace in watertight_traces::TRACES {
//!     let digest = (trace.run)(1_000);
//!     println!("{} {:016x}", trace.name, digest.value());
//! }
//! ```
//!
//! `digests.txt` beside the manifest has the digests to compare with. `tests/digests.rs` of the crate does so on the
//! host; firmware does it on a board. A trace needs a few KiB of stack, no memory allocator, no clock and no output.

#![no_std]
#![forbid(unsafe_code)]

mod traces;

pub use traces::{Digest, REASONS, Seen, TRACES, Trace};
