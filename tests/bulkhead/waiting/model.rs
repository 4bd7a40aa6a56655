//! A waiting room as the documentation tells it: a circle of chairs, a list of those who wait, and who sits still
//! although he has his place. No function of the crate's is used.

use std::collections::VecDeque;

use watertight::Reason;

use crate::places::Places;

/// What somebody is told who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    ComeIn,
    Wait,
    RoomFull,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub places: Places,
    chairs: usize,
    /// How many have been in the queue before its first.
    before: usize,
    /// Who waits, in the order in which they came. Nobody, where one gave up between two others, or where the chair was
    /// taken when its turn came: that takes up a chair until a place goes past it, somebody gives up next to it, or somebody finds
    /// the room full because of it.
    queue: VecDeque<Option<usize>>,
    /// Who was given a place and has not come for it, with his number.
    seated: Vec<(usize, usize)>,
}

impl Model {
    pub fn new(limit: u16, chairs: usize) -> Self {
        Self {
            places: Places::new(limit),
            chairs,
            before: 0,
            queue: VecDeque::new(),
            seated: Vec::new(),
        }
    }

    pub fn waiting(&self) -> usize {
        self.queue.iter().flatten().count()
    }

    /// Chairs of the queue in which nobody sits.
    pub fn holes(&self) -> usize {
        self.queue.len() - self.waiting()
    }

    pub fn waits(&self, who: usize) -> bool {
        self.queue.contains(&Some(who))
    }

    pub fn is_seated(&self, who: usize) -> bool {
        self.seated.iter().any(|seated| seated.1 == who)
    }

    /// Whether one who has his place still sits where that number does.
    fn is_taken(&self, number: usize) -> bool {
        self.seated
            .iter()
            .any(|seated| seated.0 % self.chairs == number % self.chairs)
    }

    pub fn come(&mut self, who: usize) -> Told {
        if self.queue.is_empty() && self.places.inside < self.places.limit {
            self.places.take(1);
            return Told::ComeIn;
        }
        if self.queue.len() == self.chairs && !self.pass_one_end() {
            self.places.refuse(Reason::RoomFull);
            return Told::RoomFull;
        }
        for number in self.queue.len()..self.chairs {
            if !self.is_taken(self.before + number) {
                self.queue.resize(number, None);
                self.queue.push_back(Some(who));
                return Told::Wait;
            }
        }
        self.places.refuse(Reason::RoomFull);
        Told::RoomFull
    }

    /// Has been given a place, and comes for it.
    pub fn collect(&mut self, who: usize) {
        self.seated.retain(|seated| seated.1 != who);
    }

    /// Does not want to wait any more. Answers who was given a place by it.
    pub fn give_up(&mut self, who: usize) -> Vec<usize> {
        if self.is_seated(who) {
            self.collect(who);
            return self.leave(1);
        }
        for waiting in &mut self.queue {
            if *waiting == Some(who) {
                *waiting = None;
            }
        }
        while self.pass_one_end() {}
        Vec::new()
    }

    /// Takes away what is left at the beginning, or else at the end, if anything is.
    fn pass_one_end(&mut self) -> bool {
        if self.queue.front() == Some(&None) && !self.is_taken(self.before) {
            self.pass_first();
            return true;
        }
        let is_left = self.queue.back() == Some(&None) && !self.is_taken(self.before + self.queue.len() - 1);
        if is_left {
            self.queue.pop_back();
        }
        is_left
    }

    fn pass_first(&mut self) -> Option<usize> {
        self.before += 1;
        self.queue.pop_front().flatten()
    }

    /// Somebody with a place in hand: for the first who waits.
    fn give(&mut self) -> Option<usize> {
        while !self.queue.is_empty() {
            if let Some(who) = self.pass_first() {
                self.seated.push((self.before - 1, who));
                return Some(who);
            }
        }
        None
    }

    /// Gives so many places back. Answers who got them.
    pub fn leave(&mut self, places: u64) -> Vec<usize> {
        let mut given = Vec::new();
        for _ in 0..places {
            self.places.leave(1);
            if self.places.inside < self.places.limit {
                if let Some(who) = self.give() {
                    self.places.take(1);
                    given.push(who);
                }
            }
        }
        given
    }

    pub fn resize(&mut self, limit: u16) -> Vec<usize> {
        self.places.limit = limit.into();
        let mut given = Vec::new();
        while self.places.inside < self.places.limit && !self.queue.is_empty() {
            // Whoever raises the limit has the place in hand, also if nobody is there to take it.
            self.places.take(1);
            let Some(who) = self.give() else {
                self.places.leave(1);
                break;
            };
            given.push(who);
        }
        given
    }
}
