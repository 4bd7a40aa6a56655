//! The naive caller: three attempts, one right after the other. "It is only a retry."

use std::sync::Arc;

use crate::caller::{Caller, Outcome};
use crate::common::wire::Client;
use crate::phases::ATTEMPTS;

/// Attempts a call again at once.
pub struct Naive {
    client: Arc<Client>,
}

impl Naive {
    /// Calls through `client`.
    pub fn new(client: Arc<Client>) -> Self {
        Self { client }
    }
}

impl Caller for Naive {
    async fn call(&self, number: u32) -> Outcome {
        let mut outcome = Outcome::FailedAtOnce;
        for _ in 0..ATTEMPTS {
            match self.client.attempt(number).await {
                Ok(()) => return Outcome::Succeeded,
                Err(failure) => outcome = outcome.after(failure),
            }
        }
        outcome
    }
}
