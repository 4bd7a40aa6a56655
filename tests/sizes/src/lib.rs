//! What is promised of sizes where a pointer has 32 bits, as constants: it compiles if they are so. On 64 bits
//! `tests/statics.rs` looks at them.
#![no_std]

#[cfg(target_pointer_width = "32")]
mod on_32_bits {
    use watertight::bulkhead::{Enter, Stats, Waiting};
    use watertight::{Bulkhead, Quota, Slot, TokenBucket, TokenBulkhead};

    /// A word, and for each seat a word, the word of the waker's cell, and a waker of two.
    const fn room(seats: usize) -> usize {
        4 + seats * (4 + 4 + 8)
    }

    const _: () = assert!(size_of::<Waiting<8>>() <= 160, "what was promised");
    const _: () = assert!(
        size_of::<Waiting<8>>() == 132,
        "what is said in its documentation"
    );
    const _: () = assert!(size_of::<Waiting<1>>() == room(1));
    const _: () = assert!(size_of::<Waiting<2>>() == room(2));
    const _: () = assert!(size_of::<Waiting<4>>() == room(4));
    const _: () = assert!(size_of::<Waiting<8>>() == room(8));
    const _: () = assert!(size_of::<Waiting<16>>() == room(16));
    const _: () = assert!(size_of::<Waiting<32>>() == room(32));
    const _: () = assert!(size_of::<Waiting<8, Stats>>() == room(8) + 28);
    const _: () = assert!(size_of::<Bulkhead>() == 4);
    const _: () = assert!(size_of::<Bulkhead<Stats>>() == 32);
    const _: () = assert!(size_of::<Slot<&Bulkhead>>() == 8);
    // Where it waits, and a ticket or none.
    const _: () = assert!(size_of::<Enter<&Waiting<8>>>() == 12);
    // Without a clock: two words, and where the quota is.
    const _: () = assert!(size_of::<TokenBulkhead<Bulkhead, TokenBucket<(), &'static Quota>>>() == 4 + 8 + 4);
}
