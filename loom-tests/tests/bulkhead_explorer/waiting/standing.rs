//! What is claimed of each state.

use watertight::bulkhead::waiting::word::Widths;

use super::claims::{NAMES, Sits, Wrong};
use super::script::{Moment, SEATS, THREADS};
use super::system::Set;
use crate::subjects::Waiting;

impl<S: Waiting, W: Widths> Set<S, W> {
    pub fn stands(&self, moment: &Moment) -> Result<(), Wrong> {
        let gate = Self::gate(moment);
        let seats = || (0..self.plan.seats).map(|seat| Self::seat(moment, seat));
        for (seat, sits) in seats().enumerate() {
            self.claim(sits != Sits::Free || moment.words[1 + SEATS + seat] == 0, || {
                "a seat is free, and there is a waker in it".into()
            })?;
        }
        let places = moment.threads.iter().map(|thread| thread.places);
        let held = places.fold(0, u32::wrapping_add);
        let given = seats().filter(|sits| matches!(sits, Sits::Waking(_) | Sits::Granted(_)));
        let sum = held.wrapping_add(given.count() as u32);
        self.claim(gate.in_flight() == sum, || {
            format!(
                "{} are inside, and there are {sum} places taken",
                gate.in_flight()
            )
        })?;
        self.sleepers_will_be_woken(moment)?;
        let threads = &moment.threads[..self.plan.scripts.len()];
        if threads.iter().all(|thread| thread.rests()) {
            self.nobody_is_busy(moment)?;
        }
        if (0..threads.len()).all(|number| self.is_over(moment, number)) {
            self.all_is_over(moment)?;
        }
        Ok(())
    }

    /// Who sleeps waits for his turn, or there is somebody who has just given him his place, and wakes him.
    fn sleepers_will_be_woken(&self, moment: &Moment) -> Result<(), Wrong> {
        for (number, thread) in moment.threads.iter().enumerate() {
            if !thread.asleep || thread.woken {
                continue;
            }
            let ticket = thread.ticket.expect("it waits").number();
            let waits = Self::seat(moment, self.seat_of(ticket)) == Sits::Waiting(ticket);
            let waker = thread.waker(number);
            let registered = moment.words[1 + SEATS + self.seat_of(ticket) as usize] == waker;
            let wakes = moment
                .threads
                .iter()
                .filter_map(|giver| giver.gift)
                .any(|gift| gift.waker == waker && gift.taken.map_or(registered, |taken| taken == waker));
            self.claim(waits && registered || wakes, || {
                format!("{} sleeps, and nobody will ever wake it", NAMES[number])
            })?;
        }
        Ok(())
    }

    /// All are between two operations, or asleep.
    fn nobody_is_busy(&self, moment: &Moment) -> Result<(), Wrong> {
        let gate = Self::gate(moment);
        let slots: u32 = moment.threads.iter().map(|thread| thread.slots).sum();
        // A place that was given and not taken yet.
        let mut given = 0;
        for seat in 0..self.plan.seats {
            let sits = Self::seat(moment, seat);
            given += u32::from(matches!(sits, Sits::Granted(_)));
            let between = matches!(sits, Sits::Free | Sits::Waiting(_) | Sits::Granted(_));
            self.claim(between, || format!("nobody is busy, and a seat is {sits:?}"))?;
        }
        let sleepers = || (0..THREADS).filter(|&number| moment.threads[number].asleep);
        for number in sleepers().filter(|&number| !moment.threads[number].woken) {
            let ticket = moment.threads[number].ticket.expect("it waits");
            self.claim(gate.holds(ticket), || {
                format!("{} is asleep, and is not in the queue", NAMES[number])
            })?;
            if slots + given < gate.limit() {
                return Err(format!("{} is asleep, and a place is free", NAMES[number]));
            }
        }
        Ok(())
    }

    /// Nobody does anything any more.
    fn all_is_over(&self, moment: &Moment) -> Result<(), Wrong> {
        let gate = Self::gate(moment);
        let asleep = moment.threads.iter().filter(|thread| thread.asleep).count() as u32;
        // Who waits for himself holds places for ever.
        let slots: u32 = moment.threads.iter().map(|thread| thread.slots).sum();
        if gate.in_flight() != slots {
            return Err(format!(
                "all is over, {slots} places are held, and {} are inside",
                gate.in_flight()
            ));
        }
        let seats = (0..self.plan.seats).map(|seat| Self::seat(moment, seat));
        let taken = seats.filter(|sits| *sits != Sits::Free).count() as u32;
        if gate.length() < asleep || taken != asleep {
            return Err(format!(
                "all is over, {asleep} wait, {} are in the queue, {taken} seats are taken",
                gate.length()
            ));
        }
        Ok(())
    }
}
