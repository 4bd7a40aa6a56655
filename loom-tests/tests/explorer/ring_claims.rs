//! What is claimed of each step on a ring: whose outcomes are counted, in which bucket, and that nothing which counts is
//! given up, swept away or written over; and of what is read of it.

use std::array;

use watertight::breaker::protocol::Place;
use watertight::breaker::window::Counts;
use watertight::breaker::word::Widths;

use crate::breaker::Set;
use crate::explore::Access;
use crate::model::{Model, Wrong, ones, wrong};
use crate::ring::{Bucket, Circle, Heap, View, bit};
use crate::script::{Entry, Moment, Op, Thread};
use crate::sights::Sight;
use crate::subjects::{Subject, Windowed};

impl<S: Subject, N: Windowed, W: Widths> Set<S, N, W> {
    /// A thread made this access on the words of a ring.
    pub fn ring_stepped(
        &self,
        moment: &mut Moment,
        thread: &mut Thread,
        op: Op,
        access: Access<Place>,
    ) -> Result<u64, Wrong> {
        let (circle, model) = (&mut moment.circle, &moment.model);
        let view = &mut thread.view;
        match access {
            Access::Load {
                place: Place::State, ..
            } => {
                view.generation.get_or_insert(model.generation);
                Ok(0)
            }
            Access::Load {
                place: Place::Window(number),
                ..
            } => {
                match number {
                    0 => _ = view.version.get_or_insert(circle.version),
                    1 => {
                        if view.hand.is_none() {
                            (view.hand, view.closed) = (Some(circle.hand), circle.is_full::<W>(circle.hand));
                        }
                    }
                    number => {
                        let heap = circle.heaps[number as usize - 2];
                        let most = u32::from(heap.count) == ones(W::COUNT);
                        view.full |= most && view.hand == Some(heap.bucket);
                    }
                }
                Ok(0)
            }
            Access::Swap {
                place: Place::Window(0),
                new,
                won: true,
                ..
            } => self.era_written((circle, model), view, op, new),
            Access::Swap {
                place: Place::Window(1),
                new,
                won: true,
                ..
            } => {
                let reading = thread
                    .reading
                    .ok_or("the hand was moved without asking the clock")?;
                self.hand_written((circle, model), view, reading, new)
            }
            Access::Swap {
                place: Place::Window(number),
                new,
                won: true,
                ..
            } => self.tally_written((circle, model), thread, op, (number as usize - 2, new)),
            _ => Ok(0),
        }
    }

    fn era_written(
        &self,
        (circle, model): (&mut Circle, &Model),
        view: &mut View,
        op: Op,
        new: u32,
    ) -> Result<u64, Wrong> {
        let present = model.counts() && circle.generation == Some(model.generation);
        if view.version != Some(circle.version) {
            return wrong("limit: an era was written by who saw another; choose other widths");
        }
        if new == self.era_bits(circle.version, None) {
            if present && circle.hand.version == circle.version {
                return wrong("what counts was given up");
            }
            circle.generation = None;
            return Ok(Sight::WindowPrepared.bit());
        }
        if op.mark().is_none() {
            return wrong("a version was begun by who has no outcome");
        }
        if circle.hand.version != circle.version + 1 {
            return wrong("a version was begun before the hand had");
        }
        circle.version += 1;
        circle.generation = view.generation;
        view.version = Some(circle.version);
        if new != self.era_bits(circle.version, circle.generation) {
            return wrong(format!("a version was begun that is not {circle:?}"));
        }
        let sight = if view.moved {
            Sight::VersionBegun
        } else {
            Sight::VersionFollowed
        };
        Ok(sight.bit() | Sight::VersionsEnded.when(circle.is_endless()))
    }

    fn hand_written(
        &self,
        (circle, model): (&mut Circle, &Model),
        view: &mut View,
        reading: i32,
        new: u32,
    ) -> Result<u64, Wrong> {
        if view.hand != Some(circle.hand) {
            return wrong("limit: the hand was moved by who saw it elsewhere; choose other widths");
        }
        if circle.hand.version != circle.version || view.version != Some(circle.version) {
            return wrong("the hand was moved on before the era had followed");
        }
        let present = model.counts() && circle.generation == Some(model.generation);
        if present && view.generation != circle.generation {
            return wrong("what counts was forgotten by who comes too late");
        }
        let ahead = match circle.generation == view.generation {
            true => self.ahead(circle.hand, reading),
            false => None,
        };
        let (version, sight) = match ahead {
            Some(1..) => (circle.version, Sight::HandMoved),
            Some(_) => return wrong("the hand was moved for a reading that is not newer"),
            None => (circle.version + 1, Sight::HandAway),
        };
        let hand = Bucket {
            version,
            number: self.number(reading),
        };
        if new != self.hand_bits(hand) {
            return wrong(format!("the hand was moved elsewhere than to {hand:?}"));
        }
        (circle.hand, view.hand) = (hand, Some(hand));
        (view.moved, view.closed) = (true, false);
        Ok(sight.bit())
    }

    fn tally_written(
        &self,
        (circle, model): (&mut Circle, &Model),
        thread: &mut Thread,
        op: Op,
        (index, new): (usize, u32),
    ) -> Result<u64, Wrong> {
        let view = thread.view;
        let old = circle.heaps[index];
        let counted = model.counts() && circle.counts_in(model.generation, old.bucket, self.size.calls);
        if new == 0 {
            if counted && old.count > 0 {
                return wrong("outcomes that count were swept away");
            }
            circle.heaps[index] = Heap::default();
            return Ok(Sight::RingSwept.bit());
        }
        let mark = op.mark().ok_or("an outcome was counted by who has none")?;
        if thread.entry != Entry::None {
            return wrong("one outcome was counted twice");
        }
        let generation = thread.permits.oldest().generation;
        let (Some(hand), Some(reading)) = (view.hand, thread.reading) else {
            return wrong("an outcome was counted without a look at the hand, or the clock");
        };
        if view.generation != Some(generation) || view.version != Some(hand.version) {
            return wrong("an outcome was counted for another generation or version than its own");
        }
        if self.ahead(hand, reading).is_none_or(|ahead| ahead > 0) {
            return wrong("an outcome was counted in a bucket that is not its own, nor newer");
        }
        let slot = self.clock_number(hand.number) % u64::from(self.size.strips);
        if index as u64 != slot << self.size.bits | u64::from(mark.bits() & ones(self.size.bits)) {
            return wrong("an outcome was counted in the place of another bucket, or kind");
        }
        let first = old.bucket != hand || old.count == 0;
        if first && counted && old.count > 0 {
            return wrong("outcomes that count were overwritten");
        }
        let heap = Heap {
            bucket: hand,
            count: if first { 1 } else { old.count + 1 },
        };
        if u32::from(heap.count) > ones(W::COUNT) {
            return wrong("a full tally was counted on");
        }
        if view.closed {
            return wrong("an outcome was counted in a bucket that was full");
        }
        if new != self.tally_bits(heap) {
            return wrong(format!("a tally became something else than {heap:?}"));
        }
        circle.heaps[index] = heap;
        let counts = model.counts()
            && model.generation == generation
            && circle.counts_in(generation, hand, self.size.calls);
        thread.entry = if counts { Entry::Counted } else { Entry::InVain };
        let old = self.number(reading) < hand.number;
        Ok(match counts {
            true => Sight::Recorded.bit() | Sight::RecordedOld.when(old),
            false => Sight::RecordedInVain.bit(),
        })
    }

    /// Tells those who judge, or observe, what the window holds now.
    pub fn ring_told(&self, moment: &mut Moment) {
        let over = moment.circle.is_over(&moment.model, self.size, &self.plan.rules);
        let counts = |left| {
            let Moment { model, circle, .. } = &moment;
            bit(circle.counts(model.generation, self.size, left))
        };
        let observes = |thread: &Thread| thread.op == Some(Op::Observe) && !thread.answers.is_empty();
        let held: [u128; 4] = match moment.threads.iter().any(observes) {
            true => array::from_fn(|left| counts(left as u32 + 1)),
            false => [0; 4],
        };
        for thread in &mut moment.threads {
            if observes(thread) {
                (thread.view.held.iter_mut().zip(held)).for_each(|(seen, now)| *seen |= now);
            } else if thread.counted && !thread.answers.is_empty() {
                thread.view.over |= over;
            }
        }
    }

    /// An observer's counts were those of a moment since he began, of the buckets that were left at his reading.
    pub fn ring_observed(&self, thread: &Thread, counts: Counts) -> Result<(), Wrong> {
        let View { hand, held, .. } = thread.view;
        let left = match (hand, thread.reading) {
            (Some(hand), Some(reading)) => self.left(hand, reading),
            _ => self.size.calls,
        };
        let right = match left {
            0 => counts == Counts::default(),
            left => held[left as usize - 1] & bit(counts) != 0,
        };
        match right {
            true => Ok(()),
            false => wrong(format!("observed {counts:?}, which never was so")),
        }
    }

    /// Whether an outcome that was not counted came to a full bucket.
    pub fn ring_was_full(&self, thread: &Thread) -> bool {
        thread.view.full
    }

    /// Whether a breaker may be opened by who has looked at this.
    pub fn ring_was_over(&self, thread: &Thread) -> bool {
        thread.view.over
    }
}
