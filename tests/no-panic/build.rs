//! The program brings its own entry point and needs nothing but the C library's memory functions.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg=-nostartfiles");
}
