//! CoAP: the retransmissions of RFC 7252, section 4.2.

use serde::Deserialize;

use super::super::file::{Said, Time};
use super::super::primitives::{backoff, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transmission {
    ack_timeout_ms: Time,
    ack_random_factor: Ratio,
    /// After the last of them it waits once more, and gives up.
    max_retransmit: u32,
}

/// Doubling from a first timeout that is drawn once: `ACK_TIMEOUT`, and up to so much more as its random factor says.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: Transmission = read(config)?;
    let Ratio {
        numerator,
        denominator,
    } = said.ack_random_factor;
    let more = numerator
        .checked_sub(denominator)
        .ok_or("a random factor is at least 1")?;
    let spread = Time {
        nanos: said.ack_timeout_ms.nanos * u128::from(more) / u128::from(denominator),
    };
    let growth = backoff::Growth::Exponential(Ratio {
        numerator: 2,
        denominator: 1,
    });
    Ok(backoff::Plan {
        spread: Some(spread.duration()),
        max_attempts: Some(said.max_retransmit.saturating_add(2)),
        ..backoff::Plan::new(growth, said.ack_timeout_ms, None)
    })
}
