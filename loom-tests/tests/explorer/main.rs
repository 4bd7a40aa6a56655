//! Explores every interleaving of the breaker's protocol at small widths: as it ships, all of it; and each broken
//! twin, until it is caught.
//!
//! | file | |
//! |---|---|
//! | `explore` | the explorer, for any protocol |
//! | `model` | what a breaker must do, in whole numbers |
//! | `script` | what threads do, and where they stand in it |
//! | `breaker` | their steps on the protocol's three words, with the model beside them |
//! | `claims` | what is claimed of each step |
//! | `alone` | what is claimed of each state: whoever is left alone gets on |
//! | `scripts` | what is explored of what ships; the large plans are run by `.ci/explore` |
//! | `twins` | what must be caught |

mod alone;
mod breaker;
mod claims;
mod explore;
mod model;
mod script;
mod scripts;
#[path = "../subjects/mod.rs"]
mod subjects;
mod twins;
