//! Explores every interleaving of the breaker's protocol, and of the token bucket's, at small widths: as they ship, all of it;
//! and each broken twin, until it is caught.
//!
//! | file | |
//! |---|---|
//! | `explore` | the explorer, for any protocol |
//! | `model` | what a breaker must do, in whole numbers |
//! | `timers` | what its timer words must say |
//! | `tape` | what the last calls are, as a list |
//! | `ring` | what the last span of time holds, in buckets |
//! | `sights` | what must be seen, or a claim was not tried |
//! | `script` | what threads do, and where they stand in it |
//! | `breaker` | their steps on the protocol's words, with the model beside them |
//! | `claims`, `window`, `ring_claims` | what is claimed of each step |
//! | `alone` | what is claimed of each state: whoever is left alone gets on |
//! | `scripts`, `phases`, `tapes`, `rings`, `adjusted` | what is explored of what ships; the large plans are run by `.ci/explore` |
//! | `straight` | every sequence of outcomes, of one caller |
//! | `twins`, `phase_twins`, `tape_twins`, `ring_twins` | what must be caught |
//! | `bucket` | all of this for the token bucket |
//! | `adjusting` | all of this for a token bucket whose rate changes |

mod adjusted;
mod adjusting;
mod alone;
mod breaker;
mod bucket;
mod claims;
mod explore;
mod model;
mod phase_twins;
mod phases;
mod played;
mod ring;
mod ring_claims;
mod ring_twins;
mod rings;
mod script;
mod scripts;
mod sights;
mod straight;
#[path = "../subjects/mod.rs"]
mod subjects;
mod tape;
mod tape_twins;
mod tapes;
mod timers;
mod twins;
mod window;
