use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt;
use core::ops::Deref;

use super::protocol::{self, Ask, Place, Source};
use super::quota::Quota;
use super::receipt::Receipt;
use super::terms::Fixed;
use super::word::{Reading, Real, Terms};
use crate::memory::{self, Timed, decide};
use crate::rejected::Rejected;
use crate::sync::AtomicU32;
use crate::time::{Clock, Instant, Micros};

/// A token bucket: tokens drip in at an exact rate up to a burst, and every call takes some or is refused.
///
/// ```
/// use core::time::Duration;
/// use watertight::{Quota, StdClock, TokenBucket};
///
/// static QUOTA: Quota = Quota::per_second(50).burst(10).build();
/// static REQUESTS: TokenBucket<StdClock> = TokenBucket::new(StdClock, &QUOTA);
///
/// match REQUESTS.try_acquire() {
///     Ok(_) => println!("go"),
///     Err(refusal) => println!("{refusal}"), // the token bucket has too few tokens: retry in 20 ms
/// }
/// ```
///
/// The state is eight bytes. The policy is anything that leads to a [`Quota`]: a reference to a `static`, one of its
/// own, an `Arc<Quota>`. The module's page tells what is promised, and what it costs.
pub struct TokenBucket<C, P = &'static Quota, S = State> {
    pub(super) clock: C,
    pub(super) policy: P,
    pub(super) state: S,
}

/// The state of a [`TokenBucket`]: two words.
#[derive(Debug)]
pub struct State {
    spent: AtomicU32,
    dated: AtomicU32,
}

impl State {
    const_fn! {
        const fn new() -> Self {
            Self { spent: AtomicU32::new(0), dated: AtomicU32::new(0) }
        }
    }
}

impl<C, P> TokenBucket<C, P> {
    const_fn! {
        /// A bucket that nobody has asked yet: it begins to fill when it is first asked, whenever that is.
        pub const fn new(clock: C, policy: P) -> Self {
            Self { clock, policy, state: State::new() }
        }
    }
}

impl<C, P: Policy, S: Borrow<P::State>> TokenBucket<C, P, S> {
    /// The same bucket with another clock, or with an [`Instant`](crate::Instant) in hand.
    ///
    /// ```
    /// # use watertight::{Instant, Quota, StdClock, TokenBucket};
    /// # static QUOTA: Quota = Quota::per_second(50).burst(10).build();
    /// # static REQUESTS: TokenBucket<StdClock> = TokenBucket::new(StdClock, &QUOTA);
    /// # fn timer() -> Instant { Instant::from_micros(0) }
    /// let now = timer();
    /// let _ = REQUESTS.at(now).try_acquire();
    /// ```
    #[inline]
    pub fn at<D: Clock>(&self, clock: D) -> TokenBucket<D, &P, &P::State> {
        TokenBucket {
            clock,
            policy: &self.policy,
            state: self.state.borrow(),
        }
    }
}

impl<C: Clock, P: Policy, S: Borrow<P::State>> TokenBucket<C, P, S> {
    /// Takes one token.
    ///
    /// # Errors
    /// [`RateLimited`](crate::Reason::RateLimited) if there is none: in
    /// [`retry_after`](Rejected::retry_after) there will be, if nobody else takes it. Nothing is changed.
    #[inline]
    pub fn try_acquire(&self) -> Result<Receipt, Rejected> {
        self.try_acquire_many(1)
    }

    /// Takes `tokens` tokens, or none. Zero are always there.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire); and [`MoreThanBurst`](crate::Reason::MoreThanBurst) if the bucket never
    /// has so many.
    #[inline]
    pub fn try_acquire_many(&self, tokens: u32) -> Result<Receipt, Rejected> {
        self.ask(tokens, 0)
    }

    /// Takes as many tokens as there are, at least one and at most `tokens`: [`Receipt::tokens`] tells how many. Of
    /// zero, none. One 32-bit division.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire), if there is not one.
    pub fn acquire_up_to(&self, tokens: u32) -> Result<Receipt, Rejected> {
        if tokens == 0 {
            return Ok(Receipt::of_none(self.clock.now()));
        }
        decide(|| protocol::acquire(&self.memory(), self.policy.source(), Ask::UpTo(tokens)))
    }

    /// Takes `tokens` tokens now that are there within `max_wait`: [`Receipt::act_at`] tells when, and whoever asks
    /// next comes after that. A longer wait than the quota's [`longest_wait`](super::Builder::longest_wait) is cut to
    /// it.
    ///
    /// With a burst of 1 that is pacing: each caller gets the next free instant.
    ///
    /// # Errors
    /// As [`try_acquire_many`](Self::try_acquire_many), if they are not there within the wait; after
    /// [`retry_after`](Rejected::retry_after) they would be.
    #[inline]
    pub fn reserve(&self, tokens: u32, max_wait: Micros) -> Result<Receipt, Rejected> {
        self.ask(tokens, max_wait.as_micros())
    }

    // Always: out of line, the receipt goes through memory, and that takes as many instructions again.
    #[inline(always)]
    fn ask(&self, tokens: u32, wait: u64) -> Result<Receipt, Rejected> {
        if tokens == 0 {
            return Ok(Receipt::of_none(self.clock.now()));
        }
        let ask = Ask::All { tokens, wait };
        match protocol::acquire_quickly(&self.memory(), self.policy.source(), ask) {
            Ok(Some(answer)) => answer,
            Ok(None) => self.ask_again(tokens, wait),
        }
    }

    /// Out of line, so that who comes often pays nothing for it.
    #[cold]
    #[inline(never)]
    fn ask_again(&self, tokens: u32, wait: u64) -> Result<Receipt, Rejected> {
        let ask = Ask::All { tokens, wait };
        decide(|| protocol::acquire(&self.memory(), self.policy.source(), ask))
    }

    /// Gives back what was taken, as far as that is safe, and answers how many tokens that is: all, if nobody has
    /// taken any since, and otherwise none. Where others have come after, what they were promised rests on these
    /// tokens' having been taken. A bucket that is full by now stays full, whatever this answers; and of a receipt that is
    /// older than the burst and the longest wait take to drip in, none may be given back.
    ///
    /// For tokens that were not used. A receipt of another bucket, or from before a [`reset`](Self::reset), is to be
    /// dropped instead.
    pub fn refund(&self, receipt: Receipt) -> u32 {
        if receipt.tokens() == 0 {
            return 0;
        }
        decide(|| protocol::refund(&self.memory(), self.policy.source(), &receipt))
    }

    /// How many tokens there are now.
    pub fn available(&self) -> u32 {
        self.look(|reading, terms| reading.tokens(terms))
    }

    #[inline]
    fn look<T>(&self, what: impl Fn(&Reading<WidthsOf<P>>, &TermsOf<P>) -> T) -> T {
        decide(|| protocol::observe(&self.memory(), self.policy.source(), &what))
    }

    /// Makes the bucket as new: it begins again when it is next asked. Also the way on after the clock has stepped
    /// back, or was wrong.
    pub fn reset(&self) {
        decide(|| protocol::reset(&self.memory(), self.policy.source()));
    }

    pub(super) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (available, burst) = self.look(|reading, terms| (reading.tokens(terms), terms.most()));
        f.debug_struct(name)
            .field("available", &available)
            .field("burst", &burst)
            .finish()
    }

    #[inline]
    pub(super) fn memory(&self) -> Live<'_, C, P::State> {
        Live {
            state: self.state.borrow(),
            clock: &self.clock,
        }
    }
}

impl<C: Clock, P: Policy<State = State>, S: Borrow<State>> TokenBucket<C, P, S> {
    /// Whether a new bucket in its place would make no difference, so that a bucket that is kept for a key may be
    /// thrown away: nobody has asked it yet, or it is full and a new one would begin full. With a clock that goes
    /// forward; a reading from before would be taken by the new one as it is.
    pub fn is_pristine(&self) -> bool {
        self.look(|reading, terms| reading.is_pristine(terms))
    }
}

impl<C: Clock, P: Policy, S: Borrow<P::State>> fmt::Debug for TokenBucket<C, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe("TokenBucket", f)
    }
}

type WidthsOf<P> = <<P as Policy>::Source as Source>::Widths;
type TermsOf<P> = <<P as Policy>::Source as Source>::Terms;

/// What a bucket keeps to: a [`Quota`] of its own, anything that leads to one, such as `&'static Quota` or an
/// `Arc<Quota>`; or an [`AdjustableQuota`](super::AdjustableQuota).
///
/// A type without size that derefs to a `static` quota saves each bucket the pointer.
pub trait Policy {
    /// The state of a bucket that keeps to it. Nobody else can implement this: its types have no public name.
    #[doc(hidden)]
    type State: Words;
    #[doc(hidden)]
    type Source: Source;
    #[doc(hidden)]
    fn source(&self) -> &Self::Source;
}

impl Policy for Quota {
    type State = State;
    type Source = Fixed<Real>;

    #[inline]
    fn source(&self) -> &Fixed<Real> {
        &self.terms
    }
}

impl<T: Deref<Target: Policy>> Policy for T {
    type State = <T::Target as Policy>::State;
    type Source = <T::Target as Policy>::Source;

    #[inline]
    fn source(&self) -> &Self::Source {
        (**self).source()
    }
}

/// A bucket's words.
pub trait Words {
    /// The one at this place, if it has one.
    fn word(&self, place: Place) -> Option<&AtomicU32>;
}

impl Words for State {
    #[inline]
    fn word(&self, place: Place) -> Option<&AtomicU32> {
        match place {
            Place::Spent => Some(&self.spent),
            Place::Dated => Some(&self.dated),
            Place::Slot { .. } => None,
        }
    }
}

/// The words with the clock of one operation.
#[derive(Debug)]
pub struct Live<'a, C, S> {
    pub state: &'a S,
    pub clock: &'a C,
}

impl<C, S: Words> memory::Live for Live<'_, C, S> {
    type Place = Place;

    #[inline]
    fn word(&self, place: Place) -> Option<&AtomicU32> {
        self.state.word(place)
    }
}

impl<C: Clock, S: Words> Timed for Live<'_, C, S> {
    #[inline]
    fn now(&self) -> Result<Instant, Infallible> {
        Ok(self.clock.now())
    }
}
