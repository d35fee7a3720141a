//! The repository that is measured with: many files of made-up lines, of which some have a word that no other has.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// How many files there are.
pub const FILES: usize = 50_000;

/// How large each of them is about, in bytes: 1 GB in all.
const BYTES: usize = 20_000;

/// How many files are in a folder.
const TOGETHER: usize = 50;

/// A word that some files have, each once.
pub const NEEDLE: &str = "octopodes";

/// How many do.
pub const NEEDLES: usize = FILES / 250;

const WORDS: [&str; 24] = [
    "let", "value", "return", "match", "self", "buffer", "index", "fn", "struct", "length", "reader", "writer",
    "state", "error", "result", "option", "path", "folder", "session", "stream", "token", "while", "for", "if",
];

/// Makes the repository with one commit, all of it in one pack.
pub fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    done(git(folder).args(["init", "--quiet", "--initial-branch=main"]))?;
    let mut import = git(folder).args(["fast-import", "--quiet", "--depth=0"]).stdin(Stdio::piped()).spawn()?;
    let mut input = BufWriter::new(import.stdin.take().context("it has an input")?);
    input.write_all(b"commit refs/heads/main\ncommitter Octobot <octobot@localhost> 0 +0000\ndata 5\nFiles\n")?;
    for number in 0..FILES {
        let content = content(number);
        write!(input, "M 644 inline {}\ndata {}\n{content}\n", path(number), content.len())?;
    }
    input.flush()?;
    drop(input);
    ensure!(import.wait()?.success(), "git fast-import failed");
    done(git(folder).args(["reset", "--quiet", "--hard"]))
}

/// Git as it is without anybody's configuration.
pub fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    git.args(["-c", "safe.directory=*"]).stdout(Stdio::null());
    git
}

/// Runs a command that must succeed.
pub fn done(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Changes so many files: most are edited, some are new, some gone. Returns those that were edited.
pub fn change(folder: &Path, count: usize) -> Result<Vec<String>> {
    let mut edited = Vec::new();
    for number in 0..count {
        let path = path(number * (FILES / count));
        match number % 10 {
            0 => fs::write(folder.join(format!("new-{number}.rs")), content(FILES + number))?,
            1 => fs::remove_file(folder.join(path))?,
            _ => {
                append(folder, &path)?;
                edited.push(path);
            }
        }
    }
    Ok(edited)
}

/// Adds a line to a file.
pub fn append(folder: &Path, path: &str) -> Result<()> {
    let mut file: File = OpenOptions::new().append(true).open(folder.join(path))?;
    Ok(file.write_all(b"// One more line.\n")?)
}

fn path(number: usize) -> String {
    let folder = number / TOGETHER;
    format!("part-{}/module-{folder}/file-{number}.rs", folder / 40)
}

/// The same for the same number, and otherwise for another.
fn content(number: usize) -> String {
    let mut text = String::with_capacity(BYTES + 100);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ (number as u64 + 1).wrapping_mul(0xff51_afd7_ed55_8ccd);
    while text.len() < BYTES {
        for _ in 0..8 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let word = WORDS[usize::try_from(state >> 32).unwrap_or_default() % WORDS.len()];
            let _infallible = write!(text, "{word}_{} ", state & 0xff);
        }
        text.push('\n');
    }
    if number < FILES && number.is_multiple_of(FILES / NEEDLES) {
        let _infallible = writeln!(text, "// {NEEDLE}");
    }
    text
}
