//! Sets the private cfg under which the sources take loom's atomics, for this package alone; and writes the broken
//! twins of the protocols that the explorer and the models must catch.

mod twins;

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=twins.rs");
    println!("cargo::rerun-if-changed=twins");
    // Bare-metal builds of the workspace have no loom.
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        println!("cargo::rustc-cfg=watertight_loom");
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for family in twins::FAMILIES {
        println!("cargo::rerun-if-changed={}", family.source);
        let source = fs::read_to_string(family.source)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", family.source));
        for twin in family.twins {
            let text = family
                .write(twin, &source)
                .unwrap_or_else(|sentence| panic!("{sentence}"));
            let path = Path::new(&out).join(twin.name).with_extension("rs");
            fs::write(&path, text)
                .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
        }
    }
}
