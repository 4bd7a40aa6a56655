//! Explores every interleaving of the token bucket's protocol at small widths: as it ships, all of it; and each broken
//! twin, until it is caught.
//!
//! | file | |
//! |---|---|
//! | `line` | drops and time without a modulus |
//! | `model` | what was handed out, and when |
//! | `script` | what threads do, and where they stand in it; what must be seen, or a claim was not tried |
//! | `system` | their steps on the protocol's words, with the model beside them |
//! | `claims`, `answers` | what is claimed of each step |
//! | `alone` | what is claimed of each state: whoever is left alone gets on |
//! | `plans` | what is explored of what ships; the large plans are run by `.ci/explore` |
//! | `twins` | what must be caught |

mod alone;
mod answers;
mod claims;
mod line;
mod model;
mod plans;
mod script;
#[path = "../../subjects/bucket.rs"]
pub mod subjects;
mod system;
mod twins;
