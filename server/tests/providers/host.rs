//! What the host's kernel knows about a session, by the session's id: independent of any provider's own bookkeeping.

use std::fs;
use std::path::{Path, PathBuf};

/// Processes whose command line or mounts speak of this text.
pub fn processes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("there is a /proc").flatten() {
        let is_process = entry.file_name().to_str().is_some_and(|name| name.bytes().all(|b| b.is_ascii_digit()));
        let speaks = |file: &str| {
            fs::read(entry.path().join(file)).is_ok_and(|content| String::from_utf8_lossy(&content).contains(text))
        };
        if is_process && (speaks("cmdline") || speaks("mountinfo")) {
            let status = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            found.push(format!("process {status}"));
        }
    }
    found
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
