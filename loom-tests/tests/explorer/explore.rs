//! An explorer of interleavings: every order of every step, over data instead of threads.
//!
//! A protocol is written once, over a memory of which each access is one step. What ships runs it on atomics. Here a
//! thread in the middle of an attempt is the list of answers that the attempt has got so far ([`Answers`]): a step
//! plays it from its beginning with these answers, lets it make one access more on the shared words, and stops it
//! there ([`Player`]). A state is then plain data, which can be copied, hashed and met again.
//!
//! [`explore`] visits every state that can be reached, depth first, and keeps 16 bytes of each. What it finds wrong
//! it finds again breadth first, to show the shortest way there.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Most accesses that one attempt makes.
const MOST_ANSWERS: usize = 48;

/// What an attempt has been answered so far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    count: u8,
    list: [u32; MOST_ANSWERS],
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            count: 0,
            list: [0; MOST_ANSWERS],
        }
    }
}

impl Answers {
    /// Whether the attempt has not begun.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn push(&mut self, answer: u32) {
        assert!(
            usize::from(self.count) < MOST_ANSWERS,
            "an attempt of more than {MOST_ANSWERS} steps"
        );
        self.list[usize::from(self.count)] = answer;
        self.count += 1;
    }
}

impl Hash for Answers {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u8(self.count);
        for answer in &self.list[..usize::from(self.count)] {
            hasher.write_u32(*answer);
        }
    }
}

/// One access to what is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<P> {
    Load {
        place: P,
        value: u32,
    },
    Swap {
        place: P,
        seen: u32,
        new: u32,
        won: bool,
    },
    Clock {
        reading: u32,
    },
}

/// The attempt was stopped before its next access.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

/// The memory of an attempt: it gives the answers that there are, makes one access, and stops.
pub struct Player<P, const WORDS: usize> {
    pub words: Cell<[u32; WORDS]>,
    pub answers: Cell<Answers>,
    /// The access that was made.
    pub access: Cell<Option<Access<P>>>,
    reading: u32,
    played: Cell<u8>,
}

impl<P: Copy, const WORDS: usize> Player<P, WORDS> {
    /// `reading` is what the clock says if it is asked.
    pub fn new(words: [u32; WORDS], answers: Answers, reading: u32) -> Self {
        Self {
            words: Cell::new(words),
            answers: Cell::new(answers),
            access: Cell::new(None),
            reading,
            played: Cell::new(0),
        }
    }

    pub fn load(&self, place: P, index: usize) -> Result<u32, Stopped> {
        self.step(|words| {
            let value = words[index];
            (value, Access::Load { place, value })
        })
    }

    pub fn swap_if(&self, place: P, index: usize, seen: u32, new: u32) -> Result<bool, Stopped> {
        let answer = self.step(|words| {
            let won = words[index] == seen;
            if won {
                words[index] = new;
            }
            (
                u32::from(won),
                Access::Swap {
                    place,
                    seen,
                    new,
                    won,
                },
            )
        });
        Ok(answer? == 1)
    }

    /// Puts a value there, and answers with what was there before.
    #[allow(dead_code, reason = "not every explorer has what is exchanged")]
    pub fn exchange(&self, place: P, index: usize, new: u32) -> Result<u32, Stopped> {
        self.step(|words| {
            let seen = words[index];
            words[index] = new;
            let won = true;
            (
                seen,
                Access::Swap {
                    place,
                    seen,
                    new,
                    won,
                },
            )
        })
    }

    pub fn clock(&self) -> Result<u32, Stopped> {
        let reading = self.reading;
        self.step(|_| (reading, Access::Clock { reading }))
    }

    fn step(&self, perform: impl FnOnce(&mut [u32; WORDS]) -> (u32, Access<P>)) -> Result<u32, Stopped> {
        let mut answers = self.answers.get();
        let played = self.played.get();
        if played == answers.count {
            if self.access.get().is_some() {
                return Err(Stopped);
            }
            let mut words = self.words.get();
            let (answer, access) = perform(&mut words);
            self.words.set(words);
            self.access.set(Some(access));
            answers.push(answer);
            self.answers.set(answers);
        }
        self.played.set(played + 1);
        Ok(answers.list[usize::from(played)])
    }
}

/// Takes each state that a step leads to, with the sights seen on the way, or a sentence that says what is wrong.
pub type Offer<'a, S> = &'a mut dyn FnMut(Result<(S, u64), String>);

/// What is explored: states, and the steps between them.
pub trait System {
    type State: Clone;

    /// Two states with one fingerprint are taken for one.
    fn fingerprint(&self, state: &Self::State) -> u128;

    /// Offers every state that one step leads to, in an order that does not change. Each sight has a bit of 64.
    fn steps(&self, state: &Self::State, offer: Offer<Self::State>);

    /// What is wrong with a state in itself.
    fn inspect(&self, state: &Self::State) -> Result<(), String>;

    /// One line about a state's step of this number.
    fn show(&self, state: &Self::State, number: u32) -> String;
}

/// What an exploration amounted to.
#[derive(Clone, Debug)]
pub struct Explored {
    pub states: u64,
    pub steps: u64,
    /// How many steps showed each sight.
    pub sights: [u64; 64],
}

/// Something wrong, and the shortest way to it.
#[derive(Clone)]
pub struct Found {
    pub sentence: String,
    pub way: Vec<String>,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.sentence)?;
        self.way
            .iter()
            .enumerate()
            .try_for_each(|(number, line)| writeln!(f, "{number:4}  {line}"))
    }
}

/// Visits every state that can be reached from `start`.
pub fn explore<S: System>(system: &S, start: &S::State) -> Result<Explored, Found> {
    let mut explored = Explored {
        states: 1,
        steps: 0,
        sights: [0; 64],
    };
    let mut wrong = system.inspect(start).is_err();
    let mut visited: HashSet<u128, Kept> = HashSet::default();
    visited.insert(system.fingerprint(start));
    let mut open = vec![start.clone()];
    while let Some(state) = open.pop() {
        system.steps(&state, &mut |step| {
            explored.steps += 1;
            let Ok((next, mut sights)) = step else {
                wrong = true;
                return;
            };
            while sights != 0 {
                explored.sights[sights.trailing_zeros() as usize] += 1;
                sights &= sights - 1;
            }
            if visited.insert(system.fingerprint(&next)) {
                wrong |= system.inspect(&next).is_err();
                open.push(next);
            }
        });
        if wrong {
            return Err(shortest(system, start).expect("what depth first found, breadth first finds"));
        }
    }
    explored.states = visited.len() as u64;
    Ok(explored)
}

/// The shortest way to something wrong, if there is any.
pub fn shortest<S: System>(system: &S, start: &S::State) -> Option<Found> {
    // From where, and by which of its steps, a state was first reached.
    let mut came: HashMap<u128, (u128, u32), Kept> = HashMap::default();
    let origin = system.fingerprint(start);
    came.insert(origin, (origin, 0));
    let mut open = VecDeque::from([start.clone()]);
    while let Some(state) = open.pop_front() {
        let print = system.fingerprint(&state);
        let mut wrong = system.inspect(&state).err();
        let mut number = 0;
        system.steps(&state, &mut |step| {
            match step {
                Err(sentence) => wrong = wrong.take().or(Some(sentence)),
                Ok((next, _)) => {
                    if let Entry::Vacant(entry) = came.entry(system.fingerprint(&next)) {
                        entry.insert((print, number));
                        open.push_back(next);
                    }
                }
            }
            number += 1;
        });
        if let Some(sentence) = wrong {
            return Some(Found {
                sentence,
                way: way(system, start, &came, print),
            });
        }
    }
    None
}

fn way<S: System>(
    system: &S,
    start: &S::State,
    came: &HashMap<u128, (u128, u32), Kept>,
    mut print: u128,
) -> Vec<String> {
    let mut numbers = Vec::new();
    while let Some(&(from, number)) = came.get(&print).filter(|(from, _)| *from != print) {
        numbers.push(number);
        print = from;
    }
    let mut state = start.clone();
    let mut lines = Vec::new();
    for number in numbers.into_iter().rev() {
        let mut steps = Vec::new();
        system.steps(&state, &mut |step| steps.push(step));
        lines.push(system.show(&state, number));
        (state, _) = steps.swap_remove(number as usize).expect("it was taken before");
    }
    lines
}

/// 128 bits of hash, in two lanes of folded multiplications. No defence against anybody, only against chance: among
/// 10^8 states two share all of them once in 10^22 explorations.
pub struct Fingerprint(u64, u64);

impl Fingerprint {
    pub fn of(value: &impl Hash) -> u128 {
        let mut hasher = Self(0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344);
        value.hash(&mut hasher);
        // Once more, so that the last word reaches every bit.
        hasher.write_u64(0xa409_3822_299f_31d0);
        u128::from(hasher.0) << 64 | u128::from(hasher.1)
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word) ^ (chunk.len() as u64) << 56);
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_u64(&mut self, value: u64) {
        let fold = |lane: u64, key: u64| {
            let product = u128::from(lane ^ value) * u128::from(key);
            (product >> 64) as u64 ^ product as u64
        };
        // The digits of the square roots of 2 and 3; each lane goes on from the other, so that no zero stays.
        let first = fold(self.0, 0x6a09_e667_f3bc_c909);
        let second = fold(self.1.rotate_left(23), 0xbb67_ae85_84ca_a73b);
        (self.0, self.1) = (first.wrapping_add(self.1), second.wrapping_add(self.0));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A fingerprint is a hash already.
pub type Kept = BuildHasherDefault<AsItIs>;

#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are kept");
    }

    fn write_u128(&mut self, print: u128) {
        self.0 = print as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
