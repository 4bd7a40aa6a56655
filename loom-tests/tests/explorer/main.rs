//! The explorer.
#[path = "../subjects/mod.rs"]
mod subjects;
