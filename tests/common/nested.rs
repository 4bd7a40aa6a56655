//! Builds the packages below `tests/` that are outside of the workspace: programs that must not compile, or link.

use std::process::Command;

pub struct Built {
    pub success: bool,
    pub stderr: String,
}

/// `cargo build` of the package in `tests/{package}`, into a target directory of the tests.
pub fn build(package: &str, arguments: &[&str]) -> Built {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--color=never"])
        .args([
            "--manifest-path",
            &format!("{}/tests/{package}/Cargo.toml", env!("CARGO_MANIFEST_DIR")),
        ])
        .args([
            "--target-dir",
            &format!("{}/{package}", env!("CARGO_TARGET_TMPDIR")),
        ])
        .args(arguments)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs, as it is running this test");
    Built {
        success: output.status.success(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
