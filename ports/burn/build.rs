//! Tells the port which compiler builds it, and which burn-nn Cargo.lock pins.

use std::{env, fs, process::Command};

fn main() {
    let rustc = env::var("RUSTC").expect("cargo sets RUSTC");
    let output = Command::new(rustc).arg("--version").output().expect("rustc answers --version");
    let text = String::from_utf8(output.stdout).expect("rustc --version is text");
    let compiler = text.split(' ').nth(1).expect("rustc --version has a version");
    println!("cargo::rustc-env=COMPILER_VERSION={compiler}");

    let lock = fs::read_to_string("Cargo.lock").expect("Cargo.lock stands beside build.rs");
    let (_, entry) =
        lock.split_once("name = \"burn-nn\"\nversion = \"").expect("Cargo.lock has burn-nn");
    let (library, _) = entry.split_once('"').expect("the version ends");
    println!("cargo::rustc-env=BURN_VERSION={library}");
    println!("cargo::rerun-if-changed=Cargo.lock");
}
