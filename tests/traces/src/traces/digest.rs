//! What a trace comes to: one number for all that was answered, and how often each thing was seen.

use watertight::{Micros, Reason, Receipt, Rejected, RetryAfter, State, Transition};

const STATES: [State; 6] = [
    State::Closed,
    State::Recovering,
    State::Open,
    State::HalfOpen,
    State::ForcedOpen,
    State::Disabled,
];

/// Every reason that there is.
pub const REASONS: [Reason; 10] = [
    Reason::Open,
    Reason::ProbesInFlight,
    Reason::Recovering,
    Reason::ForcedOpen,
    Reason::RateLimited,
    Reason::MoreThanBurst,
    Reason::Full,
    Reason::ShareFull,
    Reason::MoreThanLimit,
    Reason::RoomFull,
];

/// Anything else that is worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What was asked for was granted at once.
    Granted,
    /// It was granted for later.
    Promised,
    /// Tokens came back.
    Refunded,
    /// Tokens did not come back.
    Kept,
    /// Another configuration, rate or limit was set.
    Set,
    /// It was refused.
    NotSet,
    /// Somebody queued up, or waits on.
    Waits,
    /// Somebody gave up waiting.
    GaveUp,
    /// A series of delays went on.
    Delayed,
    /// A series of delays ended.
    Ended,
    /// A connection was made.
    Connected,
}

const WHATS: [What; 11] = [
    What::Granted,
    What::Promised,
    What::Refunded,
    What::Kept,
    What::Set,
    What::NotSet,
    What::Waits,
    What::GaveUp,
    What::Delayed,
    What::Ended,
    What::Connected,
];

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A transition, from and to.
    Made(State, State),
    /// A refusal.
    Refused(Reason),
    /// A call that was let through in shadow.
    Shadowed(Reason),
    /// Anything else.
    Other(What),
}

const REFUSED_AT: usize = STATES.len() * STATES.len();
const SHADOWED_AT: usize = REFUSED_AT + REASONS.len();
const OTHER_AT: usize = SHADOWED_AT + REASONS.len();
const KINDS: usize = OTHER_AT + WHATS.len();

impl Seen {
    fn place(self) -> usize {
        match self {
            Self::Made(from, to) => number(&STATES, from) * STATES.len() + number(&STATES, to),
            Self::Refused(reason) => REFUSED_AT + number(&REASONS, reason),
            Self::Shadowed(reason) => SHADOWED_AT + number(&REASONS, reason),
            Self::Other(what) => OTHER_AT + number(&WHATS, what),
        }
    }

    fn at(place: usize) -> Self {
        match place {
            0..REFUSED_AT => Self::Made(STATES[place / STATES.len()], STATES[place % STATES.len()]),
            REFUSED_AT..SHADOWED_AT => Self::Refused(REASONS[place - REFUSED_AT]),
            SHADOWED_AT..OTHER_AT => Self::Shadowed(REASONS[place - SHADOWED_AT]),
            _ => Self::Other(WHATS[place - OTHER_AT]),
        }
    }
}

/// Where it is in the list, which is never changed in the middle: the digests rest on it.
fn number<T: Copy + PartialEq>(list: &[T], wanted: T) -> usize {
    list.iter()
        .position(|&one| one == wanted)
        .expect("a state or a reason that these lists do not have")
}

/// All that a trace has answered so far: a hash of 64 bits, and counts.
///
/// The hash is FNV-1a (Fowler, Noll and Vo; RFC 9923) but for two things. It takes in a whole number at a time, not its
/// bytes, which no byte order can come into and which costs a slow processor one multiplication. And the upper half is
/// folded into the lower after each, since those multiplications carry nothing downwards.
#[derive(Clone, Copy, Debug)]
pub struct Digest {
    hash: u64,
    counts: [u32; KINDS],
}

impl Digest {
    const BASIS: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01B3;

    pub(super) const fn new() -> Self {
        Self {
            hash: Self::BASIS,
            counts: [0; KINDS],
        }
    }

    /// The number that the table has: of all answers, and of the counts after them.
    pub fn value(&self) -> u64 {
        let mut all = *self;
        for count in self.counts {
            all.word(count);
        }
        all.hash
    }

    /// What was seen, and how often.
    pub fn seen(&self) -> impl Iterator<Item = (Seen, u32)> {
        let counts = self.counts;
        counts
            .into_iter()
            .enumerate()
            .map(|(place, count)| (Seen::at(place), count))
    }

    /// Takes in all of another one.
    pub(super) fn and(&mut self, other: &Self) {
        self.long(other.hash);
        for (mine, more) in self.counts.iter_mut().zip(other.counts) {
            *mine += more;
        }
    }

    pub(super) fn long(&mut self, long: u64) {
        let hash = (self.hash ^ long).wrapping_mul(Self::PRIME);
        self.hash = hash ^ hash >> 32;
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.long(byte.into());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.byte(byte);
        }
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(super) fn word(&mut self, word: u32) {
        self.long(word.into());
    }

    pub(super) fn micros(&mut self, micros: Micros) {
        self.long(micros.as_micros());
    }

    pub(super) fn state(&mut self, state: State) {
        self.byte(number(&STATES, state) as u8);
    }

    pub(super) fn count(&mut self, seen: Seen) {
        if let Some(count) = self.counts.get_mut(seen.place()) {
            *count += 1;
        }
    }

    /// Something that has no value of its own.
    pub(super) fn happened(&mut self, what: What) {
        self.byte(number(&WHATS, what) as u8);
        self.count(Seen::Other(what));
    }

    pub(super) fn transition(&mut self, made: Option<Transition>) {
        let Some(made) = made else { return self.byte(0) };
        self.byte(1);
        self.state(made.from());
        self.state(made.to());
        self.word(made.generation().into());
        self.count(Seen::Made(made.from(), made.to()));
    }

    pub(super) fn retry_after(&mut self, retry_after: RetryAfter) {
        match retry_after {
            RetryAfter::In(wait) => {
                self.byte(1);
                self.micros(wait);
            }
            RetryAfter::OnRelease(None) => self.byte(2),
            RetryAfter::OnRelease(Some(wait)) => {
                self.byte(3);
                self.micros(wait);
            }
            RetryAfter::Never => self.byte(4),
        }
    }

    pub(super) fn shadow(&mut self, reason: Option<Reason>) {
        let Some(reason) = reason else { return self.byte(0) };
        self.byte(1 + number(&REASONS, reason) as u8);
        self.count(Seen::Shadowed(reason));
    }

    pub(super) fn refused(&mut self, refused: &Rejected) {
        self.byte(0xEE);
        self.byte(number(&REASONS, refused.reason()) as u8);
        self.retry_after(refused.retry_after());
        self.count(Seen::Refused(refused.reason()));
    }

    pub(super) fn receipt(&mut self, receipt: &Receipt) {
        let (date, act_at) = (receipt.date(), receipt.act_at());
        self.happened(if date == act_at {
            What::Granted
        } else {
            What::Promised
        });
        self.word(receipt.tokens());
        self.long(date.as_micros());
        self.long(act_at.as_micros());
    }

    /// Of a refund.
    pub(super) fn given_back(&mut self, tokens: u32) {
        self.happened(if tokens > 0 { What::Refunded } else { What::Kept });
        self.word(tokens);
    }
}
