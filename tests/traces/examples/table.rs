//! Prints the table of digests. From the folder of the repository:
//!
//! ```text
//! cargo run --manifest-path tests/traces/Cargo.toml --example table > table && mv table tests/traces/digests.txt
//! ```
//!
//! With arguments, only the lines for so many operations: `-- 100`.

use watertight_traces::TRACES;

fn main() {
    let said: Vec<u32> = std::env::args()
        .skip(1)
        .map(|number| number.parse().expect("a number of operations"))
        .collect();
    println!("# name, operations, digest: tests/digests.rs tells how this is made");
    for operations in if said.is_empty() {
        vec![100, 10_000, 100_000]
    } else {
        said
    } {
        for trace in TRACES {
            println!(
                "{} {operations} {:016x}",
                trace.name,
                (trace.run)(operations).value()
            );
        }
    }
}
