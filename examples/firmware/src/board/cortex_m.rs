//! The boards with a Cortex-M: their cores have a SysTick, which interrupts. What counts differs.

use cortex_m::peripheral::{Peripherals, SCB, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, entry, exception};
use portable_atomic::{AtomicU32, Ordering};

#[cfg(board = "lm3s6965evb")]
#[path = "counter/lm3s6965evb.rs"]
mod counter;
#[cfg(board = "microbit")]
#[path = "counter/microbit.rs"]
mod counter;
#[cfg(any(board = "mps2-an386", board = "mps2-an505"))]
#[path = "counter/mps2.rs"]
mod counter;

pub use counter::NAME;
pub(super) const TICKS_IN_TWO_MICROS: u64 = counter::TICKS_IN_TWO_MICROS as u64;

/// Where the clock begins: ten milliseconds before the counter's upper half, so that every program sees it change.
const START: u32 = (1 << 31) - 5_000 * counter::TICKS_IN_TWO_MICROS;

/// How many halves of the counter's circle are over.
static HALVES: AtomicU32 = AtomicU32::new(0);

/// A counter of 32 bits, made longer. Exact as long as somebody asks once in every half of its circle, the shortest
/// of which is 85 seconds; no interrupt has to come for it.
pub(super) fn ticks() -> u64 {
    let halves = HALVES.load(Ordering::Relaxed);
    // After the halves: what interrupts in between may have counted one more, which the counter then shows too.
    let counter = counter::read().wrapping_add(START);
    let over = halves.wrapping_add((halves ^ (counter >> 31)) & 1);
    if over != halves {
        // Failed, another context has counted it.
        let _ = HALVES.compare_exchange(halves, over, Ordering::Relaxed, Ordering::Relaxed);
    }
    u64::from(over) << 31 | u64::from(counter & !(1 << 31))
}

/// A timer that fires once: SysTick, at the frequency of the core.
pub mod timer {
    use super::{Peripherals, SCB, SYST, SystClkSource, counter};

    /// The most ticks that it can be armed for.
    pub const LONGEST: u32 = (1 << 24) - 1;

    /// So many microseconds in ticks of this timer.
    pub const fn micros(micros: u32) -> u32 {
        assert!(
            micros <= LONGEST / counter::CORE_TICKS_IN_TWO_MICROS * 2,
            "longer than the timer runs"
        );
        micros * counter::CORE_TICKS_IN_TWO_MICROS / 2
    }

    /// Interrupts once, in so many ticks, 1 to [`LONGEST`].
    pub fn once(ticks_from_now: u32) {
        assert!(
            matches!(ticks_from_now, 1..=LONGEST),
            "a timer of {ticks_from_now} ticks"
        );
        let mut systick = systick();
        systick.disable_counter();
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(ticks_from_now);
        systick.clear_current();
        systick.enable_interrupt();
        systick.enable_counter();
        // It goes round: a short reload would have fired again before the handler stops it. Only what is loaded
        // counts, which takes a tick; unless it has fired by then, and its handler has stopped it.
        while SYST::get_current() == 0 && systick.is_counter_enabled() {}
        systick.set_reload(LONGEST);
    }

    /// Does not interrupt after all.
    pub fn disarm() {
        let mut systick = systick();
        systick.disable_counter();
        systick.disable_interrupt();
        SCB::clear_pendst();
    }

    fn systick() -> SYST {
        // SAFETY: nothing but this module uses SysTick, and who is interrupted between two of its writes finds the
        // timer as the handler left it.
        unsafe { Peripherals::steal() }.SYST
    }
}

#[entry]
fn start() -> ! {
    counter::start();
    super::run()
}

#[exception]
fn SysTick() {
    super::on_timer();
}

// Both have no handler by default but an endless loop.

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    panic!("hard fault: {frame:?}");
}

#[exception]
unsafe fn DefaultHandler(number: i16) {
    panic!("interrupt {number} has no handler");
}
