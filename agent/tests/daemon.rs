//! The real binary with real processes, over its real socket.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "daemon/access.rs"]
mod access;
#[path = "daemon/agent.rs"]
mod agent;
#[path = "daemon/blame.rs"]
mod blame;
#[path = "daemon/branches.rs"]
mod branches;
#[path = "daemon/changes.rs"]
mod changes;
#[path = "daemon/code.rs"]
mod code;
#[path = "daemon/editing.rs"]
mod editing;
#[path = "daemon/events.rs"]
mod events;
#[path = "daemon/fork.rs"]
mod fork;
#[path = "daemon/full_disk.rs"]
mod full_disk;
#[path = "daemon/init.rs"]
mod init;
#[path = "daemon/lines.rs"]
mod lines;
#[path = "daemon/output.rs"]
mod output;
#[path = "daemon/parts.rs"]
mod parts;
#[path = "daemon/recovery.rs"]
mod recovery;
#[path = "daemon/repository.rs"]
mod repository;
#[path = "daemon/rewinds.rs"]
mod rewinds;
#[path = "daemon/sandbox.rs"]
mod sandbox;
#[path = "daemon/searching.rs"]
mod searching;
#[path = "daemon/shell.rs"]
mod shell;
#[path = "daemon/staging.rs"]
mod staging;
#[path = "daemon/stop.rs"]
mod stop;
#[path = "daemon/terminal.rs"]
mod terminal;
#[path = "daemon/terminal_flow.rs"]
mod terminal_flow;
#[path = "daemon/viewer.rs"]
mod viewer;
