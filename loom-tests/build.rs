//! Sets the private cfg under which the sources take loom's atomics: for this package alone.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Bare-metal builds of the workspace have no loom.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        println!("cargo::rustc-cfg=watertight_loom");
    }
}
