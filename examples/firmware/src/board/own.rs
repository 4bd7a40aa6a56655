use core::cell::UnsafeCell;

/// A `static` that belongs to one interrupt handler alone: what RTIC calls a local resource.
pub struct Own<T>(UnsafeCell<T>);

// SAFETY: `get` hands out the value to one context only, which its caller answers for; `Send` because that is not the
// context in which the value was made.
unsafe impl<T: Send> Sync for Own<T> {}

impl<T> Own<T> {
    /// Holds `value` until the handler asks for it.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// No other reference from here may be alive: only one function calls this, and nothing interrupts that function
    /// to run it once more.
    #[allow(clippy::mut_from_ref)] // What the safety section is about.
    pub unsafe fn get(&self) -> &mut T {
        // SAFETY: the caller says that this is the only reference.
        unsafe { &mut *self.0.get() }
    }
}
