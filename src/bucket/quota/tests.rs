use super::*;
use std::string::ToString;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_not_said_follows_from_what_is() {
    let wanted = |builder: Builder| {
        let wanted = builder.wanted().expect("a rate");
        (wanted.burst, wanted.initial, wanted.longest_wait)
    };
    assert_eq!(wanted(Quota::per_second(50)), (50, 50, None));
    assert_eq!(wanted(Quota::per(50, SECOND).burst(3)), (3, 3, None));
    assert_eq!(wanted(Quota::per(50, SECOND).initial(7)), (50, 7, None));
    assert_eq!(wanted(Quota::at_most(50, SECOND)), (1, 1, None));
    // To a whole microsecond, up.
    let wait = Duration::from_nanos(1_001);
    assert_eq!(wanted(Quota::per_second(1).longest_wait(wait)), (1, 1, Some(2)));
    assert_eq!(Quota::per(50, SECOND).burst(3).build().burst(), 3);
}

#[test]
fn a_window_has_its_burst_and_what_comes_beside() {
    let rate = |builder: Builder| builder.wanted().expect("a rate").rate;
    let window = Quota::at_most(36, SECOND).burst(10);
    assert_eq!(rate(window), rate(Quota::per(27, SECOND)));
    // The first of a window and the first of the next are a window apart.
    assert_eq!(
        rate(Quota::at_most(10, SECOND).burst(10)),
        rate(Quota::per(1, SECOND))
    );
    let more = Quota::at_most(10, SECOND).burst(11).try_build();
    assert_eq!(more, Err(InvalidQuota::BurstOverWindow));
    assert_eq!(
        Quota::at_most(0, SECOND).try_build(),
        Err(InvalidQuota::BurstOverWindow)
    );
}

#[test]
fn no_two_refusals_say_the_same() {
    use InvalidQuota as Is;
    let of_quotas = [
        Is::Burst,
        Is::Initial,
        Is::Span,
        Is::TooFast,
        Is::LongestWait,
        Is::TooSlow,
        Is::BurstOverWindow,
    ];
    let of_adjustable_ones = [
        Is::BurstOverMost,
        Is::RateOverMost,
        Is::MostBurst,
        Is::MostRate,
        Is::TooSlowToAdjust,
    ];
    let all = [&of_quotas[..], &of_adjustable_ones].concat();
    for (i, one) in all.iter().enumerate() {
        assert!(one.to_string().len() > 40);
        for other in &all[..i] {
            assert_ne!(one.to_string(), other.to_string());
        }
    }
}
