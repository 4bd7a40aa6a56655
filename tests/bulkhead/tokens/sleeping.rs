//! Waiting for a place, and then for tokens with the caller's sleep: what is left when it is given up, wherever that is.

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread;

use watertight::bulkhead::{TokenSlot, Waiting};
use watertight::{
    Clock, Instant, ManualClock, Micros, Quota, Reason, Receipt, Rejected, RetryAfter, TokenBucket,
    TokenBulkhead,
};

use super::{clock, millis};
use crate::hands::{Woken, glance, poll};

type Both<'a> = TokenBulkhead<Waiting<4>, TokenBucket<&'a ManualClock>>;
type Entering<'a> = Pin<Box<dyn Future<Output = Result<TokenSlot<&'a Both<'a>>, Rejected>> + 'a>>;

/// One in half a second.
static ONE: Quota = Quota::per_second(2)
    .burst(1)
    .longest_wait(core::time::Duration::from_secs(1))
    .build();

fn both(clock: &ManualClock, limit: u16) -> Both<'_> {
    TokenBulkhead::new(Waiting::try_new(limit).unwrap(), TokenBucket::new(clock, &ONE))
}

/// Is ready when the clock is there.
fn sleep(clock: &ManualClock, until: Instant) -> impl Future<Output = ()> {
    poll_fn(move |_| {
        if until.since(clock.now()) == Micros::ZERO {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

fn enter<'a>(both: &'a Both<'a>, clock: &'a ManualClock) -> Entering<'a> {
    Box::pin(both.enter(1, Micros::MAX, move |until| sleep(clock, until)))
}

fn given<T>(answer: Poll<Result<T, Rejected>>) -> T {
    match answer {
        Poll::Ready(Ok(permit)) => permit,
        Poll::Ready(Err(refusal)) => panic!("{refusal}"),
        Poll::Pending => panic!("still waiting"),
    }
}

/// Places and tokens that are taken.
fn state(both: &Both<'_>) -> (u32, u32, u32) {
    let room = both.bulkhead();
    (room.in_flight(), room.waiting(), both.bucket().available())
}

#[test]
fn where_both_are_there_nobody_sleeps() {
    let clock = clock();
    let both = both(&clock, 1);
    let called = Cell::new(false);
    let mut entering = Box::pin(both.enter(1, Micros::MAX, |_| {
        called.set(true);
        core::future::ready(())
    }));
    let permit = given(glance(&mut entering));
    assert_eq!((permit.receipt().tokens(), called.get()), (1, false));
}

#[test]
fn it_sleeps_until_the_very_instant_at_which_the_tokens_are_there() {
    let clock = clock();
    let both = both(&clock, 2);
    drop(given(glance(&mut enter(&both, &clock))));
    let told = RefCell::new(Vec::new());
    let began = clock.now();
    let mut entering = Box::pin(both.enter(1, millis(500), |until: Instant| {
        told.borrow_mut().push(until);
        sleep(&clock, until)
    }));
    assert!(glance(&mut entering).is_pending());
    clock.advance(Micros::from_micros(499_999)).unwrap();
    assert!(glance(&mut entering).is_pending());
    clock.advance(Micros::from_micros(1)).unwrap();
    let permit = given(glance(&mut entering));
    assert_eq!(*told.borrow(), [began.after(millis(500))], "once");
    assert_eq!(permit.receipt().act_at(), clock.now());
    assert_eq!(state(&both), (1, 0, 0));
    drop((entering, permit));
    assert_eq!(state(&both), (0, 0, 0), "used is used");
}

#[test]
fn who_gives_up_before_it_began_was_never_there() {
    let clock = clock();
    let both = both(&clock, 1);
    drop(enter(&both, &clock));
    assert_eq!(state(&both), (0, 0, 1));
}

#[test]
fn who_gives_up_in_the_queue_leaves_it() {
    let clock = clock();
    let both = both(&clock, 1);
    let inside = both.bulkhead().try_enter().unwrap();
    let (mut first, mut second, woken) = (enter(&both, &clock), enter(&both, &clock), Woken::new());
    assert!(glance(&mut first).is_pending());
    assert!(poll(&mut second, &woken).is_pending());
    drop(first);
    assert_eq!(state(&both), (1, 1, 1));
    drop(inside);
    assert_eq!(woken.times(), 1);
    let permit = given(glance(&mut second));
    assert_eq!(state(&both), (1, 0, 0));
    drop(permit);
}

#[test]
fn who_gives_up_with_a_place_passes_it_on_and_has_taken_no_token() {
    let clock = clock();
    let both = both(&clock, 1);
    let inside = both.bulkhead().try_enter().unwrap();
    let (mut first, mut second, woken) = (enter(&both, &clock), enter(&both, &clock), Woken::new());
    assert!(glance(&mut first).is_pending());
    assert!(poll(&mut second, &woken).is_pending());
    drop(inside);
    assert_eq!(woken.times(), 0);
    drop(first);
    assert_eq!((woken.times(), state(&both)), (1, (1, 0, 1)));
    drop(given(glance(&mut second)));
}

/// Looks at the bucket when it is woken.
struct Looking {
    both: &'static Both<'static>,
    saw: std::sync::Mutex<Vec<(u32, u32, u32)>>,
}

impl Wake for Looking {
    fn wake(self: Arc<Self>) {
        self.saw.lock().unwrap().push(state(self.both));
    }
}

#[test]
fn who_gives_up_asleep_gives_the_tokens_back_before_the_next_is_woken() {
    static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(7));
    static BOTH: Both<'static> = TokenBulkhead::new(Waiting::new(1), TokenBucket::new(&CLOCK, &ONE));
    let looking = Arc::new(Looking {
        both: &BOTH,
        saw: std::sync::Mutex::new(Vec::new()),
    });
    drop(given(glance(&mut enter(&BOTH, &CLOCK))));
    let (mut first, mut second) = (enter(&BOTH, &CLOCK), enter(&BOTH, &CLOCK));
    assert!(glance(&mut first).is_pending());
    let waker = Waker::from(Arc::clone(&looking));
    let mut context = core::task::Context::from_waker(&waker);
    assert!(second.as_mut().poll(&mut context).is_pending());
    CLOCK.advance(millis(500)).unwrap();
    // It is there by now, but taken; and when the second is woken, it is there for him.
    assert_eq!(state(&BOTH), (1, 1, 0));
    drop(first);
    assert_eq!(*looking.saw.lock().unwrap(), [(1, 0, 1)]);
    let permit = given(glance(&mut second));
    assert_eq!(permit.receipt().act_at(), CLOCK.now(), "without a sleep");
    drop(permit);
}

#[test]
fn with_a_limit_of_one_the_next_in_the_queue_takes_the_very_tokens_that_were_given_up() {
    let clock = clock();
    let both = both(&clock, 1);
    drop(given(glance(&mut enter(&both, &clock))));
    let due = clock.now().after(millis(500));
    let (mut first, mut second) = (enter(&both, &clock), enter(&both, &clock));
    assert!(glance(&mut first).is_pending());
    assert!(glance(&mut second).is_pending());
    clock.advance(millis(200)).unwrap();
    drop(first);
    assert!(glance(&mut second).is_pending());
    clock.advance(millis(300)).unwrap();
    assert_eq!(given(glance(&mut second)).receipt().act_at(), due);
}

#[test]
fn the_place_goes_to_the_next_while_the_call_is_made() {
    let clock = clock();
    let both = both(&clock, 1);
    let mut all: Vec<_> = (0..4).map(|_| enter(&both, &clock)).collect();
    let receipt: Receipt = given(glance(&mut all[0])).into_receipt();
    assert_eq!((receipt.tokens(), state(&both)), (1, (0, 0, 0)));
    // One a time sleeps, and the others wait for him: half a second each, first come, first served.
    for entering in &mut all[1..] {
        assert!(glance(entering).is_pending());
    }
    assert_eq!(state(&both), (1, 2, 0));
    for served in 1..4 {
        clock.advance(millis(500)).unwrap();
        for (number, entering) in all.iter_mut().enumerate().skip(served) {
            match glance(entering) {
                Poll::Ready(permit) => {
                    assert_eq!(number, served);
                    let _spent = permit.unwrap().into_receipt();
                }
                Poll::Pending => assert_ne!(number, served),
            }
        }
    }
    assert_eq!(state(&both), (0, 0, 0));
}

#[test]
fn of_tokens_that_others_came_after_nothing_comes_back() {
    let clock = clock();
    let both = both(&clock, 2);
    drop(given(glance(&mut enter(&both, &clock))));
    let (mut first, mut second) = (enter(&both, &clock), enter(&both, &clock));
    assert!(glance(&mut first).is_pending());
    assert!(glance(&mut second).is_pending());
    drop(first);
    clock.advance(millis(500)).unwrap();
    assert!(
        glance(&mut second).is_pending(),
        "his instant is what he was told"
    );
    clock.advance(millis(500)).unwrap();
    drop(given(glance(&mut second)));
}

#[test]
fn who_is_refused_his_tokens_passes_the_place_on() {
    let clock = clock();
    let both = both(&clock, 1);
    let inside = given(glance(&mut enter(&both, &clock)));
    let mut impatient = Box::pin(both.enter(1, millis(100), |until| sleep(&clock, until)));
    let mut greedy = Box::pin(both.enter(2, Micros::MAX, |until| sleep(&clock, until)));
    let (mut patient, woken) = (enter(&both, &clock), Woken::new());
    assert!(glance(&mut impatient).is_pending());
    assert!(glance(&mut greedy).is_pending());
    assert!(poll(&mut patient, &woken).is_pending());
    drop(inside);
    let Poll::Ready(Err(refusal)) = glance(&mut impatient) else {
        panic!("not in 100 ms")
    };
    assert_eq!(
        (refusal.reason(), refusal.retry_after()),
        (Reason::RateLimited, RetryAfter::In(millis(400)))
    );
    let Poll::Ready(Err(refusal)) = glance(&mut greedy) else {
        panic!("never")
    };
    assert_eq!(
        (refusal.reason(), refusal.retry_after()),
        (Reason::MoreThanBurst, RetryAfter::Never)
    );
    assert_eq!((woken.times(), state(&both)), (1, (1, 0, 0)));
    assert!(glance(&mut patient).is_pending(), "asleep");
    clock.advance(millis(500)).unwrap();
    drop(given(glance(&mut patient)));
}

#[test]
fn a_full_waiting_room_takes_no_token() {
    let clock = clock();
    let both = both(&clock, 0);
    let mut waiting: Vec<_> = (0..5).map(|_| enter(&both, &clock)).collect();
    let answers: Vec<_> = waiting.iter_mut().map(glance).collect();
    assert!(answers[..4].iter().all(Poll::is_pending));
    let Poll::Ready(Err(refusal)) = &answers[4] else {
        panic!("there are four seats")
    };
    assert_eq!(refusal.reason(), Reason::RoomFull);
    assert_eq!(both.bucket().available(), 1);
}

#[test]
fn a_sleep_that_panics_gives_everything_back() {
    let clock = clock();
    let both = both(&clock, 1);
    drop(given(glance(&mut enter(&both, &clock))));
    let mut made = Box::pin(both.enter(1, Micros::MAX, |_| -> core::future::Ready<()> { panic!("made") }));
    catch_unwind(AssertUnwindSafe(|| glance(&mut made).is_ready())).expect_err("it goes through");
    let mut polled = Box::pin(both.enter(1, Micros::MAX, |_| poll_fn(|_| -> Poll<()> { panic!("polled") })));
    catch_unwind(AssertUnwindSafe(|| glance(&mut polled).is_ready())).expect_err("it goes through");
    assert_eq!(state(&both), (0, 0, 0));
    clock.advance(millis(500)).unwrap();
    assert_eq!(state(&both), (0, 0, 1), "nobody has taken any");
}

#[test]
fn an_owned_wait_goes_to_another_thread() {
    static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(7));
    let both: Arc<Both<'static>> = Arc::new(both(&CLOCK, 1));
    drop(both.try_enter().unwrap());
    let mut entering = Box::pin(TokenBulkhead::enter_owned(
        Arc::clone(&both),
        1,
        Micros::MAX,
        |until| sleep(&CLOCK, until),
    ));
    assert!(glance(&mut entering).is_pending());
    let permit = thread::spawn(move || {
        CLOCK.advance(millis(500)).unwrap();
        given(glance(&mut entering))
    });
    let permit = permit.join().unwrap();
    assert_eq!(state(&both), (1, 0, 0));
    assert_eq!(permit.refund(), 1);
    assert_eq!(state(&both), (0, 0, 1));
}
