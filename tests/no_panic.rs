//! No panic can be reached: a program that calls everything links although its panic handler calls a function that
//! does not exist (`tests/no-panic`).
#![cfg(all(target_os = "linux", not(miri)))]

#[path = "common/nested.rs"]
mod nested;

use nested::build;

#[test]
fn a_program_that_calls_everything_links_without_a_panic() {
    let built = build("no-panic", &["--release"]);
    assert!(built.success, "{}", built.stderr);
}

#[test]
fn the_probe_notices_a_panic() {
    let built = build("no-panic", &["--release", "--features", "can-panic"]);
    assert!(
        !built.success && built.stderr.contains("undefined"),
        "{}",
        built.stderr
    );
    assert!(built.stderr.contains("watertight_can_panic"), "{}", built.stderr);
}
