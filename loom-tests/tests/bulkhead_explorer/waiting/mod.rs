//! The waiting room: every interleaving of its protocol, as it ships, and as each broken twin until that is caught.

mod alone;
mod claims;
mod machine;
mod plans;
mod script;
mod standing;
mod system;
mod twins;
