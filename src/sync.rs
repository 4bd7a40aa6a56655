//! The one door to atomics: every word of shared state in this crate is the `AtomicU32` named here.
//!
//! What ships is `portable-atomic`'s, which is `core`'s where the target has compare-and-swap and a short
//! critical section where it has not. The models in `loom-tests` compile the same sources under a private
//! cfg and get loom's instead, whose loads can be turned into read-modify-writes (see [`with_rmw_loads`]).

#[cfg(not(watertight_loom))]
pub(crate) use portable_atomic::{AtomicU32, fence};

#[cfg(watertight_loom)]
pub use for_loom::{AtomicU32, AtomicWaker, before_swap, fence, rmw_loads, with_rmw_loads};

// Keeps a waker, in a word of its own: the one exception to the rule above.
#[cfg(all(feature = "waiting", not(watertight_loom)))]
pub(crate) use atomic_waker::AtomicWaker;

#[cfg(not(watertight_loom))]
pub(crate) use core::sync::atomic::Ordering;
#[cfg(watertight_loom)]
pub use core::sync::atomic::Ordering;

// Where compare-and-swap is native, nothing may put a lock in its place (see `portable-atomic`'s features).
#[cfg(all(target_has_atomic = "32", not(watertight_loom)))]
const _: () = assert!(
    AtomicU32::is_always_lock_free(),
    "this target has a native 32-bit compare-and-swap, and it must be used: look for a feature of portable-atomic that replaces it"
);

/// A constructor that is `const` in what ships. loom's atomics cannot be made in a `const`.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(watertight_loom))]
        $(#[$attribute])* $visibility const fn $($rest)*
        #[cfg(watertight_loom)]
        $(#[$attribute])* $visibility fn $($rest)*
    };
}

/// Words of zero.
#[cfg(not(watertight_loom))]
pub(crate) const fn zeroes<const WORDS: usize>() -> [AtomicU32; WORDS] {
    [const { AtomicU32::new(0) }; WORDS]
}

/// Words of zero.
#[cfg(watertight_loom)]
pub fn zeroes<const WORDS: usize>() -> [AtomicU32; WORDS] {
    core::array::from_fn(|_| AtomicU32::new(0))
}

#[cfg(watertight_loom)]
mod for_loom {
    //! loom's atomics behind the methods that this crate uses of `portable-atomic`'s.

    use core::cell::{Cell, RefCell};
    use core::fmt;
    use core::sync::atomic::Ordering;
    use core::task::Waker;
    use std::boxed::Box;

    pub use loom::sync::atomic::fence;
    use loom::thread::{ThreadId, current};

    std::thread_local! {
        // loom runs every thread of a model on the one system thread that called it.
        static RMW_LOADS: Cell<bool> = const { Cell::new(false) };
        static INTERRUPT: RefCell<Option<Interrupt>> = const { RefCell::new(None) };
    }

    /// What is to run within a thread.
    struct Interrupt {
        thread: ThreadId,
        /// Compare-exchanges of the thread until it is due.
        left: usize,
        run: Box<dyn FnOnce()>,
    }

    /// Runs `model` with every load of an [`AtomicU32`] made as `fetch_or(0)`.
    ///
    /// A load may return any store that its thread is not bound to have seen over; a read-modify-write returns
    /// the newest. Plain loads therefore find orderings that are too weak, and read-modify-writes reach
    /// interleavings that loom otherwise prunes: a model runs both ways.
    ///
    /// Stores become swaps then. Between a store and another thread's read-modify-write of the same word loom
    /// keeps no order, and would go on to show the older value after the newer one.
    pub fn with_rmw_loads<T>(on: bool, model: impl FnOnce() -> T) -> T {
        struct Restore(bool);
        impl Drop for Restore {
            fn drop(&mut self) {
                RMW_LOADS.set(self.0);
            }
        }
        let _restore = Restore(RMW_LOADS.replace(on));
        model()
    }

    /// Whether loads are read-modify-writes now.
    pub fn rmw_loads() -> bool {
        RMW_LOADS.get()
    }

    /// Runs `body`, and just before the `number`th compare-exchange (from 1) that the calling thread makes in it, `interrupt`:
    /// like an interrupt between two steps of an operation, or like what others do while a thread is held there.
    ///
    /// The compare-exchanges of `interrupt` count for nothing. It runs once, or, if `body` makes too few, never.
    pub fn before_swap<T>(number: usize, interrupt: impl FnOnce() + 'static, body: impl FnOnce() -> T) -> T {
        struct Restore(Option<Interrupt>);
        impl Drop for Restore {
            fn drop(&mut self) {
                INTERRUPT.set(self.0.take());
            }
        }
        let _restore = Restore(INTERRUPT.replace(Some(Interrupt {
            thread: current().id(),
            left: number,
            run: Box::new(interrupt),
        })));
        body()
    }

    /// A compare-exchange is about to be made.
    fn interrupted() {
        let due = INTERRUPT.with_borrow_mut(|interrupt| {
            interrupt
                .take_if(|interrupt| {
                    if interrupt.thread == current().id() {
                        interrupt.left = interrupt.left.saturating_sub(1);
                    }
                    interrupt.left == 0
                })
                .map(|interrupt| interrupt.run)
        });
        if let Some(run) = due {
            run();
        }
    }

    /// loom's atomic word.
    pub struct AtomicU32(loom::sync::atomic::AtomicU32);

    impl AtomicU32 {
        pub fn new(value: u32) -> Self {
            Self(loom::sync::atomic::AtomicU32::new(value))
        }

        pub fn load(&self, order: Ordering) -> u32 {
            if RMW_LOADS.get() {
                self.0.fetch_or(0, order)
            } else {
                self.0.load(order)
            }
        }

        pub fn store(&self, value: u32, order: Ordering) {
            if RMW_LOADS.get() {
                self.0.swap(value, order);
            } else {
                self.0.store(value, order);
            }
        }

        pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
            self.0.fetch_add(value, order)
        }

        pub fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
            self.0.fetch_sub(value, order)
        }

        pub fn fetch_max(&self, value: u32, order: Ordering) -> u32 {
            self.0.fetch_max(value, order)
        }

        pub fn compare_exchange(
            &self,
            current: u32,
            new: u32,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u32, u32> {
            interrupted();
            self.0.compare_exchange(current, new, success, failure)
        }
    }

    /// loom's model of `atomic-waker`'s cell.
    #[derive(Debug)]
    pub struct AtomicWaker(loom::future::AtomicWaker);

    impl AtomicWaker {
        pub fn new() -> Self {
            Self(loom::future::AtomicWaker::new())
        }

        pub fn register(&self, waker: &Waker) {
            self.0.register_by_ref(waker);
        }

        pub fn take(&self) -> Option<Waker> {
            self.0.take_waker()
        }
    }

    impl fmt::Debug for AtomicU32 {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }
}
