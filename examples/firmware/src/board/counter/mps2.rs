//! The FPGA images of Arm's MPS2: a timer that counts down.

use core::ptr::with_exposed_provenance_mut;

/// The name that qemu knows the board by.
#[cfg(board = "mps2-an386")]
pub const NAME: &str = "mps2-an386";
/// The name that qemu knows the board by.
#[cfg(board = "mps2-an505")]
pub const NAME: &str = "mps2-an505";

#[cfg(board = "mps2-an386")]
pub const TICKS_IN_TWO_MICROS: u32 = 50;
#[cfg(board = "mps2-an505")]
pub const TICKS_IN_TWO_MICROS: u32 = 40;
pub const CORE_TICKS_IN_TWO_MICROS: u32 = TICKS_IN_TWO_MICROS;

#[cfg(board = "mps2-an386")]
const TIMER0: usize = 0x4000_0000;
// The programs stay in the secure state, and this is how it sees the timer.
#[cfg(board = "mps2-an505")]
const TIMER0: usize = 0x5000_0000;
const CTRL: usize = TIMER0;
const VALUE: usize = TIMER0 + 0x04;
const RELOAD: usize = TIMER0 + 0x08;

pub fn start() {
    // SAFETY: registers of a timer that nothing else uses.
    unsafe {
        with_exposed_provenance_mut::<u32>(RELOAD).write_volatile(u32::MAX);
        with_exposed_provenance_mut::<u32>(VALUE).write_volatile(u32::MAX);
        with_exposed_provenance_mut::<u32>(CTRL).write_volatile(1);
    }
}

pub fn read() -> u32 {
    // SAFETY: as above.
    !unsafe { with_exposed_provenance_mut::<u32>(VALUE).read_volatile() }
}
