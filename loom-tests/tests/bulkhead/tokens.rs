//! A bulkhead with a bucket behind it, as it ships: a place and a token together, or nothing.

use core::mem;
use core::time::Duration;
use std::sync::Arc;

use loom::thread::spawn;
use watertight::bulkhead::{Statistics, Stats};
use watertight::{Bulkhead, Instant, Quota, Reason, TokenBucket, TokenBulkhead};

use crate::common::{State, model};

const WEDGED: &str = "a place did not come back";
const USED_TWICE: &str = "one token for two";
const TOO_LATE: &str = "a place without the tokens of the one before";

/// The time stands: what this is about are places and tokens.
type Both = TokenBulkhead<Bulkhead<Stats>, TokenBucket<Instant, Quota>>;

fn both(limit: u16, tokens: u32) -> Arc<Both> {
    let quota = Quota::per(1, Duration::from_secs(1))
        .burst(1)
        .initial(tokens)
        .build();
    let bucket = TokenBucket::new(Instant::from_micros(1_000_000), quota);
    Arc::new(TokenBulkhead::new(
        Bulkhead::with_stats(limit, Stats::new()),
        bucket,
    ))
}

fn statistics(both: &Both) -> Statistics {
    both.bulkhead().statistics()
}

/// Enters, and tells how it was refused.
fn enter(both: &Both) -> Result<(), Reason> {
    both.try_enter().map(drop).map_err(|refusal| refusal.reason())
}

/// Keeps the place when the token is refused, for a twin.
fn enter_and_keep(both: &Both) -> Result<(), Reason> {
    let slot = both.bulkhead().try_enter().map_err(|refusal| refusal.reason())?;
    match both.bucket().try_acquire() {
        Ok(_) => Ok(()),
        Err(refusal) => {
            mem::forget(slot);
            Err(refusal.reason())
        }
    }
}

/// Three want the one token.
fn one_token([entered, neighbour]: [State; 2], enter: fn(&Both) -> Result<(), Reason>) {
    let both = both(2, 1);
    let entering = [(); 3].map(|()| {
        let both = both.clone();
        spawn(move || enter(&both))
    });
    let answers = entering.map(|entering| entering.join().unwrap());
    let of = |answer| answers.iter().filter(|other| **other == answer).count() as u32;
    assert_eq!(of(Ok(())), 1, "the one token is used once, whoever was refused");
    entered.seen();
    let (full, limited) = (of(Err(Reason::Full)), of(Err(Reason::RateLimited)));
    assert_eq!(full + limited, 2);
    // Two have place, so that who is told "full" has two neighbours inside at that moment.
    assert!(full <= 1, "refused two neighbours");
    if full == 1 {
        neighbour.seen();
    }
    let kept = statistics(&both);
    assert_eq!(
        (kept.refused(Reason::Full), kept.refused(Reason::RateLimited)),
        (full, limited)
    );
    assert_eq!(kept.in_flight(), 0, "{WEDGED}");
    assert!(kept.most_in_flight() <= 2, "too many");
}

/// There is no token, and one place: who is refused it may stand in the other's way for a moment.
fn no_token([alone, neighbour]: [State; 2], enter: fn(&Both) -> Result<(), Reason>) {
    let both = both(1, 0);
    let entering = [(); 2].map(|()| {
        let both = both.clone();
        spawn(move || enter(&both))
    });
    let answers = entering.map(|entering| entering.join().unwrap());
    match answers {
        [Err(Reason::RateLimited), Err(Reason::RateLimited)] => alone.seen(),
        [Err(Reason::RateLimited), Err(Reason::Full)] | [Err(Reason::Full), Err(Reason::RateLimited)] => {
            neighbour.seen();
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(both.bulkhead().in_flight(), 0, "{WEDGED}");
    assert_eq!(enter(&both), Err(Reason::RateLimited), "{WEDGED}");
}

/// Gives back first the tokens, then the place.
fn refund(both: &Both) -> Option<u32> {
    both.try_enter().ok().map(|permit| permit.refund())
}

/// The other way round, for a twin.
fn refund_late(both: &Both) -> Option<u32> {
    let receipt = both.try_enter().ok()?.into_receipt();
    Some(both.bucket().refund(receipt))
}

/// One enters and gives everything back, while another enters.
fn refunded([full, before, after]: [State; 3], refund: fn(&Both) -> Option<u32>) {
    let both = both(1, 1);
    let giving = {
        let both = both.clone();
        spawn(move || refund(&both))
    };
    let entering = {
        let both = both.clone();
        spawn(move || enter(&both))
    };
    let (given, entered) = (giving.join().unwrap(), entering.join().unwrap());
    match (given, entered) {
        (Some(1), Err(Reason::Full)) => full.seen(),
        (None, Ok(())) => before.seen(),
        (Some(1), Ok(())) => after.seen(),
        other => panic!("{TOO_LATE}: {other:?}"),
    }
    assert_eq!(both.bulkhead().in_flight(), 0, "{WEDGED}");
}

/// Leaves, and then gives back what it has used, for a twin.
fn leave_and_refund(both: &Both) -> Result<(), Reason> {
    let permit = both.try_enter().map_err(|refusal| refusal.reason())?;
    both.bucket().refund(permit.into_receipt());
    Ok(())
}

/// Two enter and leave for one token, which is used once.
fn used([limited, full]: [State; 2], enter: fn(&Both) -> Result<(), Reason>) {
    let both = both(1, 1);
    let entering = [(); 2].map(|()| {
        let both = both.clone();
        spawn(move || enter(&both))
    });
    match entering.map(|entering| entering.join().unwrap()) {
        [Ok(()), Err(Reason::RateLimited)] | [Err(Reason::RateLimited), Ok(())] => limited.seen(),
        [Ok(()), Err(Reason::Full)] | [Err(Reason::Full), Ok(())] => full.seen(),
        other => panic!("{USED_TWICE}: {other:?}"),
    }
    assert_eq!(both.bulkhead().in_flight(), 0, "{WEDGED}");
}

#[test]
fn a_refused_token_gives_the_place_back() {
    model("two places, one token")
        .at_least(15_000, 980)
        .bound(2, "so that it takes seconds; three threads change three words")
        .holds(["one entered", "one was told full"], |states| {
            one_token(states, enter)
        });
    model("one place, no token").at_least(72, 72).holds(
        ["each was told too fast", "a neighbour was told full"],
        |states| no_token(states, enter),
    );
    model("twin: keeps the place").breaks(WEDGED, || no_token(Default::default(), enter_and_keep));
}

#[test]
fn a_refund_gives_the_tokens_to_whoever_has_the_place() {
    model("a refund").at_least(72, 72).holds(
        ["told full", "entered before", "entered with the same token"],
        |states| refunded(states, refund),
    );
    model("twin: gives the place back first").breaks(TOO_LATE, || {
        refunded(Default::default(), refund_late);
    });
}

#[test]
fn who_leaves_has_used_its_token() {
    model("two for one token, one after the other")
        .at_least(72, 72)
        .holds(["told too fast", "told full"], |states| used(states, enter));
    model("twin: gives a used token back").breaks(USED_TWICE, || {
        used(Default::default(), leave_and_refund);
    });
}
