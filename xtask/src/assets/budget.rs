//! The budget of the page: what a browser loads before a session is usable.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::compress::beside;
use super::page::WASM;
use crate::folder;
use crate::progress;

/// WASM and JavaScript before a session is usable, compressed with Brotli: 350 KB.
const LIMIT: u64 = 350_000;

/// A file and its compressed size in bytes.
type Sized = (PathBuf, u64);

/// Fails with a table of sizes when the page's program is over its budget.
pub fn check(page: &Path) -> Result<()> {
    progress::step("Check the page's budget", |step| {
        let sizes = sizes(page)?;
        let total = sizes.iter().map(|(_, size)| size).sum();
        step.note(format!("{} of {} Brotli", progress::kilobytes(total), progress::kilobytes(LIMIT)));
        ensure!(total <= LIMIT, "the page is over its budget\n{}", table(&sizes, total));
        Ok(())
    })
}

fn sizes(page: &Path) -> Result<Vec<Sized>> {
    let programs = folder::files(page)?.into_iter().filter(|file| loads_first(file));
    programs.map(|file| Ok((file.clone(), beside(&page.join(&file), "br").metadata()?.len()))).collect()
}

/// All the JavaScript and the main module, but what stands in folders of its own; every other WASM is a chunk that loads late.
fn loads_first(file: &Path) -> bool {
    let is_at_top = file.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    is_at_top && is_program(file)
}

fn is_program(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "js") || file == Path::new(WASM)
}

fn table(sizes: &[Sized], total: u64) -> String {
    let mut text = String::new();
    for (file, size) in sizes {
        writeln!(text, "  {:>10}  {}", progress::kilobytes(*size), file.display()).expect("a string can be written to");
    }
    write!(text, "  {:>10}  in all; at most {}", progress::kilobytes(total), progress::kilobytes(LIMIT))
        .expect("a string can be written to");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(size: usize) -> tempfile::TempDir {
        let page = tempfile::tempdir().unwrap();
        folder::write(&page.path().join("octobot.js"), b"").unwrap();
        folder::write(&page.path().join("octobot.js.br"), &vec![0; size]).unwrap();
        page
    }

    #[test]
    fn a_page_at_its_limit_passes() {
        check(page(350_000).path()).unwrap();
    }

    #[test]
    fn chunks_that_load_late_are_not_counted() {
        let page = page(350_000);
        folder::write(&page.path().join("split_terminal.wasm"), b"").unwrap();
        folder::write(&page.path().join("split_terminal.wasm.br"), b"chunk").unwrap();
        folder::write(&page.path().join("late/terminal.js"), b"").unwrap();
        folder::write(&page.path().join("late/terminal.js.br"), b"script").unwrap();
        check(page.path()).unwrap();
    }

    #[test]
    fn a_page_over_its_limit_fails_with_the_sizes() {
        let error = check(page(350_001).path()).unwrap_err().to_string();
        assert!(error.contains("350.0 KB  octobot.js"), "{error}");
    }
}
