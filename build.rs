//! How the program is linked.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a rendering runs lies side by side: the functions that `link/record.sh` has seen.
const ORDER: &str = "link/order.ld";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ORDER}");
    if target("OS") != "linux" || target("ENV") != "gnu" {
        return;
    }
    // A program that can be loaded anywhere is adjusted to where it is at each start, in 35,000 places. Static ones are told
    // by their flags.
    if !target("FEATURE").split(',').any(|feature| feature == "crt-static") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    if let Some(script) = order() {
        println!("cargo::rustc-link-arg-bins={}", argument(&script));
    }
}

fn target(part: &str) -> String {
    env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default()
}

fn argument(script: &Path) -> String {
    format!("-Wl,-T,{}", script.display())
}

/// The order of the functions, where it is of use: in a release whose functions have the names that it is written with,
/// and with a linker that understands it. (Not all do, and a program whose functions lie scattered runs as well.)
fn order() -> Option<PathBuf> {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").ok()?;
    let flags: Vec<&str> = flags.split('\x1f').collect();
    let has_its_names = flags.iter().any(|flag| flag.ends_with("symbol-mangling-version=v0"));
    if env::var("PROFILE").ok()? != "release" || !has_its_names {
        return None;
    }
    let script = Path::new(&env::var("CARGO_MANIFEST_DIR").ok()?).join(ORDER);
    let folder = PathBuf::from(env::var("OUT_DIR").ok()?);
    let probe = folder.join("probe.rs");
    fs::write(&probe, "fn main() {}\n").ok()?;
    let mut rustc = Command::new(env::var("RUSTC").ok()?);
    rustc.args(flags).args(["--target", &env::var("TARGET").ok()?]).arg("-o").arg(folder.join("probe"));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let linked = rustc.arg("-C").arg(format!("link-arg={}", argument(&script))).arg(&probe).output().ok()?;
    if !linked.status.success() {
        println!("cargo::warning=the linker does not take {ORDER}: the program will start slower");
        return None;
    }
    Some(script)
}
