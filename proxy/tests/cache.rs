//! The cache with real files, and an upstream that is told what to send.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "cache/answers.rs"]
mod answers;
#[path = "cache/disk.rs"]
mod disk;
#[path = "cache/faults.rs"]
mod faults;
#[path = "cache/processes.rs"]
mod processes;
#[path = "cache/sharing.rs"]
mod sharing;
#[path = "cache/tenants.rs"]
mod tenants;
#[path = "cache/upstream.rs"]
mod upstream;
