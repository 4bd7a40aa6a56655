//! Explores every interleaving of those who ask a token bucket with those who change its rate and burst, at small widths: as
//! it ships, all of it; and each broken twin, until it is caught.
//!
//! | file | |
//! |---|---|
//! | `model` | drops and time without a modulus: which terms held when, and what was granted under them |
//! | `script` | what threads do, and where they stand in it; what must be seen, or a claim was not tried |
//! | `system` | their steps on the protocol's words, with the model beside them |
//! | `claims` | what is claimed of each step |
//! | `alone` | what is claimed of each state: whoever is left alone gets on |
//! | `plans` | what is explored of what ships; the large plans are run by `.ci/explore` |
//! | `twins` | what must be caught, and the documented limits |

mod alone;
mod claims;
mod model;
mod plans;
mod script;
#[path = "../../subjects/adjustable.rs"]
mod subjects;
mod system;
mod twins;
