//! `virt`: one RISC-V core with the usual machine timer, of ten megahertz.

use core::ptr::with_exposed_provenance_mut;

use riscv::interrupt::Interrupt;
use riscv::register::{mcause, mie};
use riscv_rt::{core_interrupt, entry};

/// The name that qemu knows the board by.
pub const NAME: &str = "virt";

pub(super) const TICKS_IN_TWO_MICROS: u64 = 20;

const MTIMECMP: usize = 0x0200_4000;
const MTIME: usize = 0x0200_bff8;

fn read(address: usize) -> u32 {
    // SAFETY: a register of the machine timer, which is always there.
    unsafe { with_exposed_provenance_mut::<u32>(address).read_volatile() }
}

fn write(address: usize, value: u32) {
    // SAFETY: as for `read`.
    unsafe { with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
}

/// The machine timer.
pub(super) fn ticks() -> u64 {
    loop {
        let (high, low) = (read(MTIME + 4), read(MTIME));
        // Another upper half: the lower one may belong to either.
        if read(MTIME + 4) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// A timer that fires once: the machine timer's comparator.
pub mod timer {
    use super::{MTIMECMP, TICKS_IN_TWO_MICROS, ticks, write};

    /// The most ticks that it can be armed for.
    pub const LONGEST: u32 = u32::MAX;

    /// So many microseconds in ticks of this timer.
    pub const fn micros(micros: u32) -> u32 {
        const TICKS: u32 = TICKS_IN_TWO_MICROS as u32 / 2;
        assert!(micros <= LONGEST / TICKS, "longer than the timer runs");
        micros * TICKS
    }

    /// Interrupts once, in so many ticks, 1 to [`LONGEST`].
    pub fn once(ticks_from_now: u32) {
        assert!(ticks_from_now != 0, "a timer of no ticks");
        set(ticks() + u64::from(ticks_from_now));
    }

    /// Does not interrupt after all.
    pub fn disarm() {
        set(u64::MAX);
    }

    fn set(at: u64) {
        // The upper half first, at its most: in between, the comparator is never early.
        write(MTIMECMP + 4, u32::MAX);
        write(MTIMECMP, at as u32);
        write(MTIMECMP + 4, (at >> 32) as u32);
    }
}

#[entry]
fn start() -> ! {
    timer::disarm();
    // SAFETY: the one interrupt has its handler, and nothing runs yet that it could disturb.
    unsafe {
        mie::set_mtimer();
        riscv::interrupt::enable();
    }
    super::run()
}

#[core_interrupt(Interrupt::MachineTimer)]
fn machine_timer() {
    super::on_timer();
}

// Both have no handler by default but an endless loop.

#[unsafe(no_mangle)]
extern "C" fn ExceptionHandler() -> ! {
    panic!("exception {:?}", mcause::read());
}

#[unsafe(no_mangle)]
extern "C" fn DefaultHandler() {
    panic!("interrupt {:?} has no handler", mcause::read());
}
