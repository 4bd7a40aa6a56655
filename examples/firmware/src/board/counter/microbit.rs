//! The nRF51: a timer that counts up and is read by capturing it.
//!
//! The emulated core has a SysTick, the chip's own has none: there, one of the other timers is what interrupts.

use core::ptr::with_exposed_provenance_mut;

/// The name that qemu knows the board by.
pub const NAME: &str = "microbit";

pub const TICKS_IN_TWO_MICROS: u32 = 2;
pub const CORE_TICKS_IN_TWO_MICROS: u32 = 32;

const TIMER0: usize = 0x4000_8000;
const START: usize = TIMER0;
const CAPTURE: usize = TIMER0 + 0x040;
const BITMODE: usize = TIMER0 + 0x508;
const PRESCALER: usize = TIMER0 + 0x510;
const CC: usize = TIMER0 + 0x540;

pub fn start() {
    // SAFETY: registers of a timer that nothing else uses.
    unsafe {
        with_exposed_provenance_mut::<u32>(BITMODE).write_volatile(3); // 32 bits
        with_exposed_provenance_mut::<u32>(PRESCALER).write_volatile(4); // 16 MHz / 2^4
        with_exposed_provenance_mut::<u32>(START).write_volatile(1);
    }
}

/// An interrupt in between may capture once more: the answer is then newer, and as good.
pub fn read() -> u32 {
    // SAFETY: as above.
    unsafe {
        with_exposed_provenance_mut::<u32>(CAPTURE).write_volatile(1);
        with_exposed_provenance_mut::<u32>(CC).read_volatile()
    }
}
