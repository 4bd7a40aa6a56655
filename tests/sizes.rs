//! Sizes on targets with pointers of 32 bits: `tests/sizes` compiles there only if they are what is promised.
#![cfg(not(miri))]

#[path = "common/nested.rs"]
mod nested;

use std::path::Path;
use std::process::Command;

use nested::build;

/// Whether there is a `core` for it.
fn is_installed(target: &str) -> bool {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output();
    let folder = output.map(|output| String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    folder.is_ok_and(|folder| !folder.is_empty() && Path::new(&folder).is_dir())
}

#[test]
fn sizes_on_32_bits_are_what_is_promised() {
    for target in [
        "thumbv7em-none-eabihf",
        "thumbv6m-none-eabi",
        "riscv32imac-unknown-none-elf",
    ] {
        if !is_installed(target) {
            println!("MISSING: {target}, nothing was looked at");
            continue;
        }
        let built = build("sizes", &["--target", target]);
        assert!(built.success, "{target}:\n{}", built.stderr);
    }
}
