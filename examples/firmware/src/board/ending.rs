//! How a program ends: with a status that the emulator's own becomes.

use core::panic::PanicInfo;

use semihosting::process;

pub(super) fn well() -> ! {
    process::exit(0)
}

#[panic_handler]
fn badly(panic: &PanicInfo<'_>) -> ! {
    semihosting::println!("{panic}");
    process::exit(1)
}

/// The timer's function in a program that has none.
pub fn nobody_armed_the_timer(_: &mut ()) {
    panic!("a timer that nobody armed");
}
