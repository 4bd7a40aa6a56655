//! The target says which board it is, and the board which memory the linker has.

use std::path::PathBuf;
use std::{env, fs};

/// The board of each target, and the linker's arguments.
const BOARDS: [(&str, &str, &[&str]); 6] = [
    ("thumbv6m-none-eabi", "microbit", CORTEX_M),
    ("thumbv7m-none-eabi", "lm3s6965evb", CORTEX_M),
    ("thumbv7em-none-eabihf", "mps2-an386", CORTEX_M),
    ("thumbv8m.main-none-eabi", "mps2-an505", CORTEX_M),
    ("riscv32imac-unknown-none-elf", "virt", RISC_V),
    ("riscv32imc-unknown-none-elf", "virt", RISC_V),
];

// `--nmagic`: without it the linker aligns sections to pages of a megabyte-sized machine.
const CORTEX_M: &[&str] = &["--nmagic", "-Tlink.x"];
// `riscv-rt` does not include `memory.x` on its own.
const RISC_V: &[&str] = &["--nmagic", "-Tmemory.x", "-Tlink.x"];

fn main() {
    let target = env::var("TARGET").expect("cargo names the target");
    let Some((_, board, arguments)) = BOARDS.iter().find(|(of, ..)| *of == target) else {
        panic!("no board for {target}: name one of the targets in examples/firmware/README.md with --target");
    };
    let memory = format!("boards/{board}.x");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a directory"));
    fs::copy(&memory, out.join("memory.x")).expect("the memory of the board");

    let names: Vec<String> = BOARDS.iter().map(|(_, board, _)| format!("{board:?}")).collect();
    println!("cargo::rustc-check-cfg=cfg(board, values({}))", names.join(", "));
    println!("cargo::rustc-cfg=board={board:?}");
    println!("cargo::rustc-link-search={}", out.display());
    for argument in *arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rerun-if-changed={memory}");
    println!("cargo::rerun-if-changed=build.rs");
}
