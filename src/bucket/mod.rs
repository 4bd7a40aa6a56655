//! A token bucket: at most so many at once, and so many in the course of time.
//!
//! ```
//! use core::time::Duration;
//! use watertight::{Instant, Quota, TokenBucket};
//!
//! static QUOTA: Quota = Quota::per(6, Duration::from_secs(60)).burst(2).build();
//! let bucket = TokenBucket::new(Instant::from_micros(0), &QUOTA);
//!
//! assert!(bucket.try_acquire().is_ok());
//! assert!(bucket.try_acquire().is_ok());
//! let refusal = bucket.try_acquire().unwrap_err();
//! assert_eq!(refusal.to_string(), "the token bucket has too few tokens: retry in 10 s");
//! assert!(bucket.at(Instant::from_micros(9_999_999)).try_acquire().is_err());
//! assert!(bucket.at(Instant::from_micros(10_000_000)).try_acquire().is_ok());
//! ```
//!
//! # What is promised
//!
//! - In *every* window of time, wherever it lies, at most the burst and what the rate brings in that time: each grant
//!   counts at its [date](Receipt::date), a reservation at the instant at which it may be [used](Receipt::act_at). To
//!   the token, not on average; whoever calls in whatever order, with clock readings as old as they may be.
//! - Over the long run nothing is lost: no remainder is dropped, however often it is asked. See [`Quota`] for the
//!   rates that are exact.
//! - A refusal changes nothing, and says the earliest microsecond at which the same call would be admitted.
//! - A bucket begins when it is first asked, with its [initial](Builder::initial) tokens, whenever that is and
//!   wherever the clock begins.
//!
//! # Weights, pacing, and a leaky bucket
//!
//! Calls that cost more take more tokens:
//!
//! ```
//! # use watertight::{Quota, StdClock, TokenBucket};
//! static BYTES: Quota = Quota::per_second(64_000).burst(16_000).build();
//! static UPLINK: TokenBucket<StdClock> = TokenBucket::new(StdClock, &BYTES);
//!
//! let packet = [0; 1_200];
//! if UPLINK.try_acquire_many(packet.len() as u32).is_ok() { /* send it */ }
//! let chunk = UPLINK.acquire_up_to(4_096).map_or(0, |receipt| receipt.tokens()); // as much as may go now
//! # assert!(chunk > 0);
//! ```
//!
//! A leaky bucket lets calls out at even intervals, and holds those that come faster: a burst of one, and a
//! reservation that says when. How much it holds is the longest wait.
//!
//! ```
//! # use core::time::Duration;
//! # use watertight::{Instant, Micros, Quota, TokenBucket};
//! static EVEN: Quota = Quota::per_second(4).burst(1).longest_wait(Duration::from_secs(1)).build();
//! let pace = TokenBucket::new(Instant::from_micros(0), &EVEN);
//!
//! let turns: Vec<u64> = (0..6)
//!     .filter_map(|_| pace.reserve(1, Micros::from_secs(1)).ok())
//!     .map(|receipt| receipt.act_at().as_micros() / 1_000) // sleep until then
//!     .collect();
//! assert_eq!(turns, [0, 250, 500, 750, 1_000]); // the sixth would have to wait longer, and is told so
//! ```
//!
//! Who does not go after all gives his turn back with [`refund`](TokenBucket::refund), as long as nobody has come
//! after him.
//!
//! # Cost and guarantees
//!
//! Two words, eight bytes. Nothing waits, and an interrupt may call everything: an operation starts again only when
//! another caller's compare-and-swap came between its own loads and its own compare-and-swap, so that k interrupts
//! cost at most k + 1 repetitions; and once more if it finds anything out of the ordinary (the first call, a new
//! stretch of time, an older clock reading), and with the first refusal ever. A repetition is at most 3 loads, 2
//! compare-and-swaps and one reading of the clock.
//!
//! | | |
//! |---|---|
//! | granted | 2 loads, a reading of the clock, a compare-and-swap; a second one where a new stretch of time begins (2^k us, 4 s at 8 drops a microsecond, up to 2.4 hours) |
//! | refused | 3 loads, a reading of the clock; nothing is written |
//! | what is worked out | two 64-bit products, no division. [`act_at`](Receipt::act_at) and [`retry_after`](crate::Rejected::retry_after) divide once, when they are asked; [`acquire_up_to`](TokenBucket::acquire_up_to) and [`available`](TokenBucket::available) divide 32 bits |
//!
//! In instructions on x86-64 (counted by `.ci/instructions`, with nobody else about, inlined, the clock's own left
//! out): granted 45, from a full bucket 53, refused 44, reserved 48; a refusal with its hint 195. On a Cortex-M4,
//! from the disassembly: granted 53, and 8 more at an odd rate (see [`Quota`]). An [`AdjustableBucket`]
//! reads six words more: 65, 71, 62, 71 and 208.
//!
//! The clock may start anywhere, and come round. While it stands still nothing drips in. When it steps back, nothing
//! drips in until it is where it was: what is in the bucket can be had meanwhile, and a [`reset`](TokenBucket::reset)
//! ends it.
//!
//! `word` and `protocol` in the sources have the proofs and the limits in full; the ones that a user may meet:
//!
//! - If a caller is stopped within the few instructions between its two writes, or brings a clock reading from
//!   before, and the bucket has been idle for most of the circle of its index (from 264 s at 8 drops a microsecond,
//!   35 minutes at one a microsecond, 8 hours at a token an hour), others may be refused what is there, for at most
//!   about as long as the burst, the longest wait and three stretches of time take to drip in (measured: 4.5 s, 34 s,
//!   2.1 hours).
//! - A caller stopped inside an operation while a multiple of 2^31 drops drips in may let one burst too much through.
//! - A clock reading may be 142 years behind or ahead of the others.
//! - At an odd rate (see [`Quota`]), nothing drips in for about twice the time in which the bucket fills, once
//!   the clock reads 0xB504F334 * 2^32 us: 413,000 years, or a clock that begins at a random number.

#[cfg(watertight_loom)]
pub mod adjustable;
#[cfg(not(watertight_loom))]
mod adjustable;
mod invalid;
#[cfg(watertight_loom)]
pub mod protocol;
#[cfg(not(watertight_loom))]
mod protocol;
mod quota;
#[cfg(watertight_loom)]
pub mod rate;
#[cfg(not(watertight_loom))]
mod rate;
mod receipt;
#[cfg(watertight_loom)]
pub mod terms;
#[cfg(not(watertight_loom))]
mod terms;
mod token_bucket;
#[cfg(watertight_loom)]
pub mod word;
#[cfg(not(watertight_loom))]
mod word;

pub use adjustable::{AdjustError, AdjustableBucket, AdjustableQuota, AdjustableState};
pub use invalid::InvalidQuota;
pub use quota::{Builder, Quota};
pub use receipt::Receipt;
pub use token_bucket::{Policy, State, TokenBucket};
