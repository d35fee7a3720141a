//! What the host's kernel knows about a session, by the session's id: independent of any provider's own bookkeeping.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders in `/proc` of processes in one of whose files this text stands.
fn speaking_of(text: &str, files: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir("/proc").expect("there is a /proc").flatten();
    let processes = entries.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
    let speaks = |path: &Path| {
        let mut contents = files.iter().filter_map(|file| fs::read(path.join(file)).ok());
        contents.any(|content| String::from_utf8_lossy(&content).contains(text))
    };
    processes.map(|entry| entry.path()).filter(|path| speaks(path)).collect()
}

/// Processes whose command line or mounts speak of this text.
pub fn processes(text: &str) -> Vec<String> {
    let processes = speaking_of(text, &["cmdline", "mountinfo"]).into_iter();
    processes.map(|path| format!("process {}", fs::read_to_string(path.join("stat")).unwrap_or_default())).collect()
}

/// How many process namespaces there are in which the mounts speak of this text.
pub fn process_namespaces(text: &str) -> usize {
    let processes = speaking_of(text, &["mountinfo"]).into_iter();
    processes.filter_map(|path| fs::read_link(path.join("ns/pid")).ok()).collect::<HashSet<_>>().len()
}

/// Mounts that this process sees.
pub fn mounts(text: &str) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("there is a /proc");
    mounts.lines().filter(|line| line.contains(text)).map(|line| format!("mount {line}")).collect()
}

/// Control groups with this text in their name.
pub fn control_groups(text: &str) -> Vec<String> {
    fn visit(folder: &Path, text: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name().to_string_lossy().contains(text) {
                    found.push(entry.path());
                }
                visit(&entry.path(), text, found);
            }
        }
    }
    let mut found = Vec::new();
    visit(Path::new("/sys/fs/cgroup"), text, &mut found);
    found.into_iter().map(|path| format!("control group {}", path.display())).collect()
}
