//! The LM3S6965: its watchdog, which counts down and is not allowed to reset. The emulator cannot read the general
//! purpose timers.

use core::ptr::with_exposed_provenance_mut;

/// The name that qemu knows the board by.
pub const NAME: &str = "lm3s6965evb";

// 200 MHz divided by 16, as it is after a reset.
pub const TICKS_IN_TWO_MICROS: u32 = 25;
pub const CORE_TICKS_IN_TWO_MICROS: u32 = TICKS_IN_TWO_MICROS;

const RCGC0: usize = 0x400f_e100;
const WATCHDOG: u32 = 1 << 3;
const WDTLOAD: usize = 0x4000_0000;
const WDTVALUE: usize = WDTLOAD + 0x04;
const WDTCTL: usize = WDTLOAD + 0x08;
const COUNT: u32 = 1;

pub fn start() {
    let clocks = with_exposed_provenance_mut::<u32>(RCGC0);
    // SAFETY: registers of the watchdog and of its clock, which nothing else uses. Its interrupt is not enabled.
    unsafe {
        clocks.write_volatile(clocks.read_volatile() | WATCHDOG);
        with_exposed_provenance_mut::<u32>(WDTLOAD).write_volatile(u32::MAX);
        with_exposed_provenance_mut::<u32>(WDTCTL).write_volatile(COUNT);
    }
}

pub fn read() -> u32 {
    // SAFETY: as above.
    !unsafe { with_exposed_provenance_mut::<u32>(WDTVALUE).read_volatile() }
}
