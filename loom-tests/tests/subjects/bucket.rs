//! The token bucket's protocol as it ships and as its broken twins (see `twins.rs`), behind one trait: what the
//! explorer and the models are run on.

#![allow(dead_code)]

use watertight::bucket::InvalidQuota;
use watertight::bucket::protocol::{self, Ask, Place};
use watertight::bucket::terms::{Fixed, Wanted};
use watertight::bucket::word::{Terms, Widths};
use watertight::models::{Attempt, Timed};
use watertight::{Instant, Reason, RetryAfter};

/// A refusal, as everybody can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refused {
    pub reason: Reason,
    pub retry_after: RetryAfter,
}

/// What an observer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Observed {
    pub tokens: u32,
    pub is_pristine: bool,
}

/// A receipt, as everybody can read it.
pub trait Given {
    fn tokens(&self) -> u32;
    fn date(&self) -> Instant;
    fn act_at(&self) -> Instant;
}

/// The token bucket's protocol: see `watertight::bucket::protocol`.
pub trait Bucket {
    const NAME: &'static str;
    type Terms<W: Widths>: Terms + Copy;
    type Receipt: Given;
    fn terms<W: Widths>(wanted: &Wanted) -> Result<Self::Terms<W>, InvalidQuota>;
    /// `quickly`: what `acquire_quickly` does, for who comes first.
    fn acquire<W: Widths, M: Timed<Place = Place>>(
        memory: &M,
        terms: &Self::Terms<W>,
        ask: Ask,
        quickly: bool,
    ) -> Attempt<Result<Self::Receipt, Refused>, M>;
    fn refund<W: Widths, M: Timed<Place = Place>>(
        memory: &M,
        terms: &Self::Terms<W>,
        receipt: &Self::Receipt,
    ) -> Attempt<u32, M>;
    fn reset<W: Widths, M: Timed<Place = Place>>(memory: &M, terms: &Self::Terms<W>) -> Attempt<(), M>;
    fn observe<W: Widths, M: Timed<Place = Place>>(
        memory: &M,
        terms: &Self::Terms<W>,
    ) -> Attempt<Observed, M>;
}

/// What the twins make their answers of: nobody outside can make those that ship.
pub mod made {
    use watertight::models::Passage;
    use watertight::{Instant, Reason, RetryAfter};

    #[derive(Debug)]
    pub struct Receipt {
        pub date: Instant,
        pub wait: Passage,
        pub before: u32,
        pub after: u32,
        pub tokens: u32,
    }

    pub struct Rejected {
        reason: Reason,
        retry_after: RetryAfter,
    }

    impl Rejected {
        pub fn new(reason: Reason, retry_after: RetryAfter) -> Self {
            Self { reason, retry_after }
        }

        pub fn until(reason: Reason, wait: Passage) -> Self {
            let retry_after = wait.takes().map_or(RetryAfter::Never, RetryAfter::In);
            Self { reason, retry_after }
        }

        pub fn reason(&self) -> Reason {
            self.reason
        }

        pub fn retry_after(&self) -> RetryAfter {
            self.retry_after
        }
    }
}

impl Given for watertight::Receipt {
    fn tokens(&self) -> u32 {
        self.tokens()
    }

    fn date(&self) -> Instant {
        self.date()
    }

    fn act_at(&self) -> Instant {
        self.act_at()
    }
}

impl Given for made::Receipt {
    fn tokens(&self) -> u32 {
        self.tokens
    }

    fn date(&self) -> Instant {
        self.date
    }

    fn act_at(&self) -> Instant {
        self.date.after(self.wait.takes().unwrap_or_default())
    }
}

macro_rules! bucket {
    (
        $(#[$attribute:meta])* $name:ident, $text:ident, $protocol:path, $ask:path, $receipt:path,
        |$wanted:ident| $($terms:ident)::+, $made:expr
    ) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name;

        impl Bucket for $name {
            const NAME: &'static str = stringify!($text);
            type Terms<W: Widths> = $($terms)::+<W>;
            type Receipt = $receipt;

            fn terms<W: Widths>($wanted: &Wanted) -> Result<Self::Terms<W>, InvalidQuota> {
                $($terms)::+::of(&$made)
            }

            fn acquire<W: Widths, M: Timed<Place = Place>>(
                memory: &M,
                terms: &Self::Terms<W>,
                ask: Ask,
                quickly: bool,
            ) -> Attempt<Result<Self::Receipt, Refused>, M> {
                use $ask as Own;
                use $protocol as protocol;
                let own = match ask {
                    Ask::All { tokens, wait } => Own::All { tokens, wait },
                    Ask::UpTo(tokens) => Own::UpTo(tokens),
                };
                let answer = match quickly {
                    true => protocol::acquire_quickly(memory, terms, own)?,
                    false => protocol::acquire(memory, terms, own)?,
                };
                Ok(answer.map(|answer| {
                    answer.map_err(|rejected| Refused {
                        reason: rejected.reason(),
                        retry_after: rejected.retry_after(),
                    })
                }))
            }

            fn refund<W: Widths, M: Timed<Place = Place>>(
                memory: &M,
                terms: &Self::Terms<W>,
                receipt: &Self::Receipt,
            ) -> Attempt<u32, M> {
                use $protocol as protocol;
                protocol::refund(memory, terms, receipt)
            }

            fn reset<W: Widths, M: Timed<Place = Place>>(
                memory: &M,
                terms: &Self::Terms<W>,
            ) -> Attempt<(), M> {
                use $protocol as protocol;
                protocol::reset(memory, terms)
            }

            fn observe<W: Widths, M: Timed<Place = Place>>(
                memory: &M,
                terms: &Self::Terms<W>,
            ) -> Attempt<Observed, M> {
                use $protocol as protocol;
                protocol::observe(memory, terms, |reading, terms| Observed {
                    tokens: reading.tokens(terms),
                    is_pristine: reading.is_pristine(terms),
                })
            }
        }
    };
}

bucket!(
    /// What ships.
    ShippedBucket, shipped, protocol, Ask, watertight::Receipt, |wanted| Fixed, *wanted
);

/// Twins of the protocol.
macro_rules! protocol_twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use super::made::{Receipt, Rejected};
            use watertight::bucket::protocol::{Ask, Place, Source};
            use watertight::bucket::word::{Dated, Reading, Spent, Taking, Terms, Widths};
            use watertight::models::{Attempt, Memory, Timed, Ordering, Passage};
            use watertight::{Instant, Micros, Reason, RetryAfter};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        bucket!($name, $module, self::$module, Ask, made::Receipt, |wanted| Fixed, *wanted);
    )*};
}

protocol_twins! {
    SpentBeforeDated, spent_before_dated;
    DatedReadFirst, dated_read_first;
    SpentStored, spent_stored;
    SpentLostUnseen, spent_lost_unseen;
    DatedStored, dated_stored;
    DatedLostUnseen, dated_lost_unseen;
    OneWord, one_word;
    FullAtFirst, full_at_first;
    ZeroAtFirst, zero_at_first;
    NeverBegins, never_begins;
    RefusedAtFirstLook, refused_at_first_look;
    LookedAtOnce, looked_at_once;
    RefundByCount, refund_by_count;
    RefundWhileThereIsRoom, refund_while_there_is_room;
    RefundOfAnyAge, refund_of_any_age;
    ResetLeavesDated, reset_leaves_dated;
}

/// Twins of what the words come to, under the protocol as it ships.
macro_rules! word_twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use super::made::{Receipt, Rejected};
            use watertight::bucket::protocol::Place;
            use watertight::bucket::terms::Fixed;
            use watertight::models::{Attempt, Memory, Timed, Ordering, Passage};
            use watertight::{Instant, Micros, Reason, RetryAfter};
            use word::{Dated, Reading, Spent, Taking, Terms, Widths};

            mod word {
                use core::marker::PhantomData;
                use core::num::NonZeroU32;
                use watertight::Instant;
                use watertight::models::Passage;
                pub use watertight::bucket::word::Widths;
                include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));

                impl<T: watertight::bucket::word::Terms> Terms for T {
                    type Widths = T::Widths;
                    fn position(&self, at: Instant) -> u64 {
                        T::position(self, at)
                    }
                    fn stretches(&self) -> u32 {
                        T::stretches(self)
                    }
                    fn since(&self) -> Option<Instant> {
                        T::since(self)
                    }
                    fn most(&self) -> u32 {
                        T::most(self)
                    }
                    fn passage(&self, left: u64, from: Instant) -> Passage {
                        T::passage(self, left, from)
                    }
                    fn date(&self, now: Instant) -> Instant {
                        T::date(self, now)
                    }
                    fn token(&self) -> NonZeroU32 {
                        T::token(self)
                    }
                    fn burst(&self) -> u32 {
                        T::burst(self)
                    }
                    fn initial(&self) -> u32 {
                        T::initial(self)
                    }
                    fn debt(&self) -> u32 {
                        T::debt(self)
                    }
                    fn is_stale(&self, age: u32) -> bool {
                        T::is_stale(self, age)
                    }
                    fn rounding(&self) -> u32 {
                        T::rounding(self)
                    }
                    fn longest_wait(&self) -> u64 {
                        T::longest_wait(self)
                    }
                    fn recognised_for(&self) -> u32 {
                        T::recognised_for(self)
                    }
                }
            }
            include!(concat!(env!("OUT_DIR"), "/bucket_as_it_ships.rs"));
        }
        bucket!($name, $module, self::$module, self::$module::Ask, made::Receipt, |wanted| Fixed, *wanted);
    )*};
}

word_twins! {
    DatedDown, dated_down;
    OldDate, old_date;
    Nearest, nearest;
    Overflows, overflows;
    NoSlip, no_slip;
}

/// Twins of the terms, under the protocol as it ships.
macro_rules! terms_twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use core::marker::PhantomData;
            use core::num::{NonZeroU32, NonZeroU64};
            use watertight::bucket::InvalidQuota;
            use watertight::bucket::protocol::{Place, Source};
            use watertight::bucket::rate::{Rate, Speed, capacity, fraction_bits};
            use watertight::bucket::word::{Spent, Terms, Widths};
            use watertight::Instant;
            use watertight::models::{Memory, Passage};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));

            impl<W: Widths> Source for Fixed<W> {
                type Widths = W;
                type Terms = Self;
                fn terms<M: Memory<Place = Place>>(&self, _: &M, _: Spent<W>) -> Result<Self, M::Stop> {
                    Ok(*self)
                }
            }
        }
        bucket!(
            $name, $module, protocol, Ask, watertight::Receipt, |wanted| $module::Fixed,
            $module::Wanted {
                rate: wanted.rate,
                burst: wanted.burst,
                initial: wanted.initial,
                longest_wait: wanted.longest_wait,
                varies: wanted.varies,
            }
        );
    )*};
}

terms_twins! {
    StaleTooLate, stale_too_late;
    StaleTooEarly, stale_too_early;
    DebtWithoutStretch, debt_without_stretch;
    DebtWithoutWait, debt_without_wait;
}
