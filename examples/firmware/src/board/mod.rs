//! What a program needs of a board: where it begins and ends, a timer that interrupts it, a clock, and a place to
//! print to.
//!
//! A program names its functions with [`program!`](crate::program), prints with [`println!`](crate::println), and ends
//! well by returning from the first of them. It ends badly by a panic.

#[cfg(target_arch = "arm")]
#[path = "cortex_m.rs"]
mod arch;
#[cfg(target_arch = "riscv32")]
#[path = "risc_v.rs"]
mod arch;

mod clock;
mod ending;
mod own;

pub use arch::{NAME, timer};
pub use clock::Counter;
pub use ending::nobody_armed_the_timer;
pub use own::Own;

/// Prints a line, over semihosting: into the emulator's output. Slow, and meant for `main`.
#[macro_export]
macro_rules! println {
    ($($what:tt)*) => {
        $crate::board::__println!($($what)*)
    };
}
#[doc(hidden)]
pub use semihosting::println as __println;

/// Names what a program is made of: the function that it is, and the one that the timer's interrupt calls, with what
/// belongs to that one alone.
///
/// ```ignore
/// struct Local { seen: u32 }
///
/// fn run() { /* .. */ }
/// fn on_timer(local: &mut Local) { local.seen += 1; }
///
/// program!(run, on_timer, Local = Local { seen: 0 });
/// ```
///
/// Without the second, the timer must not be armed.
#[macro_export]
macro_rules! program {
    ($main:path) => {
        $crate::program!($main, $crate::board::nobody_armed_the_timer, () = ());
    };
    ($main:path, $on_timer:path, $Local:ty = $local:expr) => {
        // SAFETY: nothing else has this name; a second `program!` would not be linked.
        #[unsafe(no_mangle)]
        fn program_main() {
            $main()
        }

        // SAFETY: as above.
        #[unsafe(no_mangle)]
        fn program_on_timer() {
            static LOCAL: $crate::board::Own<$Local> = $crate::board::Own::new($local);
            // SAFETY: only the timer's interrupt calls this function, and it does not interrupt itself.
            $on_timer(unsafe { LOCAL.get() })
        }
    };
}

/// Lets some time pass. A program for hardware would sleep until an interrupt; asleep, the emulator's time would be the
/// host's, and no two runs were the same.
pub fn idle() {
    for _ in 0..100 {
        core::hint::spin_loop();
    }
}

// SAFETY: `program!` defines both, with these signatures.
unsafe extern "Rust" {
    safe fn program_main();
    safe fn program_on_timer();
}

/// What comes after the reset.
fn run() -> ! {
    program_main();
    ending::well()
}

/// What comes with the timer's interrupt.
fn on_timer() {
    // One-shot: it stands until the program arms it again.
    timer::disarm();
    program_on_timer();
}
