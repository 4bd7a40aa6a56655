//! What is claimed of a window beside the state: that its words always stand for the last calls, and what may be
//! written there, by whom, and until when.

use watertight::State;
use watertight::breaker::protocol::{Place, Reading};
use watertight::breaker::window::Counts;
use watertight::breaker::window::tape::{Cursor, Mode};
use watertight::breaker::word::{Widths, Word};

use crate::breaker::Set;
use crate::model::{Model, Wrong, ones, wrong};
use crate::script::{Entry, Moment, Op, Thread, Words};
use crate::sights::Sight;
use crate::subjects::{Subject, Windowed};
use crate::tape::List;

impl<S: Subject, N: Windowed, W: Widths> Set<S, N, W> {
    /// A word of the window was written.
    pub fn window_written(
        &self,
        (model, words): (&mut Model, &Words),
        thread: &mut Thread,
        op: Op,
        (place, seen, new): (Place, u32, u32),
    ) -> Result<u64, Wrong> {
        let sights;
        if place == Place::Window(0) {
            let prepared = op.mark().is_none() || Word::<W>::from_bits(words[0]).state() == State::HalfOpen;
            sights = match (mode_of::<W>(seen), mode_of::<W>(new)) {
                (Mode::Clean, Mode::Full) => Sight::WindowSoiled,
                (_, Mode::Clean) => Sight::WindowCleaned,
                _ if new == seen + 1 => Sight::WindowAdvanced,
                (_, Mode::Full) => Sight::WindowFull,
                _ if prepared => Sight::WindowPrepared,
                _ => Sight::WindowStarted,
            }
            .bit();
        } else if new & ones(W::TAPE) == 0 {
            sights = Sight::WindowCleared.bit();
        } else {
            let mark = op.mark().ok_or("an outcome was written by who has none")?;
            if thread.entry == Entry::Counted {
                return wrong("one outcome was written twice");
            }
            if thread.permits.oldest().generation == model.generation && model.counts() {
                if self.plan.second.is_none() && model.list.is_over(self.size, &self.plan.rules) {
                    return wrong("an outcome was written to a window that calls for opening");
                }
                model.list = model.list.then(self.size, mark);
                thread.entry = Entry::Counted;
                sights = Sight::Recorded.bit();
            } else {
                thread.entry = Entry::InVain;
                sights = Sight::RecordedInVain.bit();
            }
        }
        self.stands_for(model, words)?;
        Ok(sights)
    }

    /// Whether the words stand for the last calls.
    pub fn stands_for(&self, model: &Model, words: &Words) -> Result<(), Wrong> {
        if !model.counts() || !self.size.is_window() {
            return Ok(());
        }
        let list = List::written(self.size, Word::<W>::from_bits(words[0]), &words[3..]);
        match list == model.list {
            true => Ok(()),
            false => wrong(format!(
                "the window stands for {list:?}, where it must be {:?}",
                model.list
            )),
        }
    }

    /// When everybody has ended what he began, no breaker is closed whose window calls for opening.
    pub fn missed_nothing(&self, moment: &Moment) -> Result<(), Wrong> {
        let model = &moment.model;
        let idle = moment.threads.iter().all(|thread| thread.op.is_none());
        let over = match self.size.is_ring {
            true => moment.circle.is_over(model, self.size, &self.plan.rules),
            false => {
                self.size.is_window() && model.counts() && model.list.is_over(self.size, &self.plan.rules)
            }
        };
        match idle && over && self.plan.second.is_none() {
            true => wrong("a window calls for opening, nobody is about to open, and the breaker is not open"),
            false => Ok(()),
        }
    }

    /// An observer's counts were those of a moment since he began.
    pub fn observed_counts(&self, thread: &Thread, seen: Reading<W>) -> Result<(), Wrong> {
        let right = match () {
            () if !seen.word.counts_outcomes() => seen.counts == Counts::default(),
            () if self.size.is_ring => return self.ring_observed(thread, seen.counts),
            () if self.size.is_window() => thread.counts & List::counts_bit(seen.counts) != 0,
            () => seen.counts.failures == seen.word.failures(),
        };
        match right {
            true => Ok(()),
            false => wrong(format!("observed {:?}, which never was so", seen.counts)),
        }
    }
}

fn mode_of<W: Widths>(cursor: u32) -> Mode {
    Cursor::<W>::from_bits(cursor).mode()
}
