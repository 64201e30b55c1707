//! Inputs that the fuzzer found (`fixtures/fuzz/TARGET/`), and some that begin where it should: none does harm.

mod support;

use support::fuzz::TARGETS;

#[test]
fn what_the_fuzzer_found_does_no_harm() {
    for (name, target) in TARGETS {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz").join(name);
        let mut paths: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{} holds no input", directory.display());
        for path in paths {
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
        }
    }
}
