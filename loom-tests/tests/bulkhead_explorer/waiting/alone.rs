//! What is claimed of each state: whoever is left there alone gets on.

use watertight::bulkhead::waiting::word::{Gate, Seat, Widths};

use super::claims::{Sits, Wrong};
use super::script::{Moment, Op, THREADS, Thread, Words};
use super::system::Set;
use crate::explore::Fingerprint;
use crate::subjects::Waiting;

/// More steps than anybody who is alone takes.
const ENDLESS: u32 = 200;

impl<S: Waiting, W: Widths> Set<S, W> {
    /// Whatever the others were doing when they stopped for ever, who is left gets on.
    pub fn gets_on(&self, moment: &Moment) -> Result<(), Wrong> {
        self.once(Fingerprint::of(&moment.words), || self.is_served(&moment.words))?;
        for (number, thread) in moment.threads.iter().enumerate() {
            let local = (
                thread.op,
                thread.attempt,
                thread.answers,
                thread.leaving,
                thread.ticket,
            );
            let local = (moment.words, number, thread.slots, thread.gives_up, local);
            if !thread.rests() {
                self.once(Fingerprint::of(&local), || {
                    self.finish(&mut moment.words.clone(), &mut thread.clone(), number)
                })?;
            } else if thread.asleep {
                self.once(Fingerprint::of(&local), || {
                    self.polled_or_dropped(&moment.words, thread, number)
                })?;
            }
        }
        Ok(())
    }

    /// Runs an operation, a poll or a drop to its end with nobody else there.
    fn finish(&self, words: &mut Words, thread: &mut Thread, number: usize) -> Result<(), Wrong> {
        for steps in 1..ENDLESS {
            thread.play::<S, W>(words, self.plan.seats, number);
            if thread.rests() {
                self.most_alone.set(self.most_alone.get().max(steps));
                return Ok(());
            }
        }
        Err(format!(
            "{:?} does not end, though nobody else does anything",
            thread.op
        ))
    }

    fn polled_or_dropped(&self, words: &Words, thread: &Thread, number: usize) -> Result<(), Wrong> {
        let mut polled = *thread;
        polled.poll();
        self.finish(&mut words.clone(), &mut polled, number)?;
        let mut dropped = *thread;
        let ticket = thread.ticket.expect("it waits").number();
        let waits = Sits::of(words[1 + self.seat_of(ticket) as usize]) == Sits::Waiting(ticket);
        dropped.give_up();
        let mut words = *words;
        self.finish(&mut words, &mut dropped, number)?;
        // Who has been given a place passes it on, and trims nothing.
        if waits { self.is_tidy(&words) } else { Ok(()) }
    }

    /// Whoever comes last is refused only if each seat is taken, or its ticket is in the queue.
    fn is_full_for_last(&self, words: &Words) -> Result<(), Wrong> {
        let gate = Gate::<W>::from_bits(words[0]);
        let queued = |seat| (0..gate.length()).any(|nth| self.seat_of(gate.after_head(nth).number()) == seat);
        let free = |seat: &u32| words[1 + *seat as usize] == Seat::FREE.bits() && !queued(*seat);
        let hole = |ticket: u32| words[1 + self.seat_of(ticket) as usize] == Seat::FREE.bits();
        if gate.length() >= self.plan.seats && (hole(gate.head().number()) || hole(gate.last().number())) {
            return Err("a lone caller is told that the room is full, and there is a hole at its end".into());
        }
        match (0..self.plan.seats).find(free) {
            Some(seat) => Err(format!(
                "a lone caller is told that the room is full, and seat {seat} is free"
            )),
            None => Ok(()),
        }
    }

    /// Who gives up leaves no hole at either end that he could take out.
    fn is_tidy(&self, words: &Words) -> Result<(), Wrong> {
        let gate = Gate::<W>::from_bits(words[0]);
        let hole = |ticket: u32| words[1 + self.seat_of(ticket) as usize] == Seat::FREE.bits();
        let left = gate.length() > 0 && (hole(gate.head().number()) || hole(gate.last().number()));
        self.claim(!left, || {
            "whoever gives up alone leaves a hole at the end of the queue".into()
        })
    }

    /// A caller who comes when everybody else has stopped for ever.
    fn is_served(&self, words: &Words) -> Result<(), Wrong> {
        let gate = Gate::<W>::from_bits(words[0]);
        for op in [Op::Enter(1), Op::Wait] {
            let (mut words, mut thread) = (*words, Thread::default());
            thread.begin(op);
            self.finish(&mut words, &mut thread, THREADS)?;
            if (thread.slots == 1) != gate.is_free() {
                return Err(format!(
                    "a lone caller of {op:?} gets {} places of {gate:?}",
                    thread.slots
                ));
            }
            if op == Op::Wait && !thread.asleep && thread.slots == 0 {
                self.is_full_for_last(&words)?;
            }
            if thread.asleep {
                thread.give_up();
                self.finish(&mut words, &mut thread, THREADS)?;
                self.is_tidy(&words)?;
            } else if thread.slots == 1 {
                thread.begin(Op::Leave);
                self.finish(&mut words, &mut thread, THREADS)?;
                let after = Gate::<W>::from_bits(words[0]);
                if after.in_flight() != gate.in_flight() {
                    return Err(format!("a lone caller came and went, and {gate:?} is {after:?}"));
                }
            }
        }
        for limit in 0..=3 {
            let (mut words, mut thread) = (*words, Thread::default());
            thread.begin(Op::Resize(limit));
            self.finish(&mut words, &mut thread, THREADS)?;
            let after = Gate::<W>::from_bits(words[0]);
            if after.limit() != limit {
                return Err(format!(
                    "a lone caller sets the limit to {limit}, and {gate:?} is {after:?}"
                ));
            }
        }
        Ok(())
    }

    /// Checks what was not found right before.
    fn once(&self, print: u128, check: impl FnOnce() -> Result<(), Wrong>) -> Result<(), Wrong> {
        if !self.alone.borrow().contains(&print) {
            check()?;
            self.alone.borrow_mut().insert(print);
        }
        Ok(())
    }
}
