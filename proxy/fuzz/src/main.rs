//! The fuzzer: which target it runs, `OCTOBOT_FUZZ_TARGET` says.

#![no_main]

mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// Names the target.
const TARGET: &str = "OCTOBOT_FUZZ_TARGET";

static RUN: OnceLock<targets::Run> = OnceLock::new();

fuzz_target!(init: {
    let name = std::env::var(TARGET).unwrap_or_default();
    let found = targets::ALL.iter().find(|(target, _)| *target == name);
    let (_, run) = found.unwrap_or_else(|| panic!("{TARGET} is none of the targets"));
    RUN.set(*run).expect("it begins once");
}, |bytes: &[u8]| {
    RUN.get().expect("it has begun")(bytes);
});
