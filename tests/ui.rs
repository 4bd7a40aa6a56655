//! Misuse does not compile, and the compiler says why in a sentence: each program in `tests/ui/src/bin` begins with
//! the sentence that its user must see.
#![cfg(not(miri))]

#[path = "common/nested.rs"]
mod nested;

use std::fs;
use std::path::Path;

use nested::build;

#[test]
fn misuse_does_not_compile_and_says_why() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/src/bin");
    let mut programs = 0;
    for entry in fs::read_dir(folder).expect("the programs are there") {
        let path = entry.expect("the folder can be read").path();
        let name = path
            .file_stem()
            .expect("a program has a name")
            .to_string_lossy()
            .into_owned();
        let source = fs::read_to_string(&path).expect("a program can be read");
        let built = build("ui", &["--bin", &name]);
        let first = source.lines().next().unwrap_or_default();
        if first == "//! compiles" {
            assert!(built.success, "{name} compiles:\n{}", built.stderr);
        } else {
            let sentence = first
                .strip_prefix("//! error: ")
                .expect("a program begins with what its user sees");
            assert!(!built.success, "{name} must not compile");
            assert!(
                built.stderr.contains(sentence),
                "{name} must say: {sentence}\n{}",
                built.stderr
            );
        }
        programs += 1;
    }
    assert!(programs >= 64, "{programs} programs");
}
