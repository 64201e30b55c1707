//! What becomes of results when nobody takes them.

use std::fs::File;
use std::process::{Command, Stdio};

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    for command in
        ["version", "show values core", "show all core", "template core", "lint vendor-charts/core", "completion bash"]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_vulas-native"))
            .args(command.split(' '))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !errors.contains("panicked"), "{command}: {}: {errors}", output.status);
    }
}

#[test]
fn warnings_that_cannot_be_written_are_no_failure() {
    for (command, code) in [("template core --force", 0), ("template core --bogus", 2), ("template nowhere", 1)] {
        let status = Command::new(env!("CARGO_BIN_EXE_vulas-native"))
            .args(command.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().write(true).open("/dev/full").unwrap())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(code), "{command}");
    }
}
