//! The style sheet: `style/main.css` and the partials that it imports, in one small file.

use std::fmt::Display;
use std::path::Path;

use anyhow::{Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::error::ErrorLocation;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};
use lightningcss::targets::{Browsers, Targets};

use super::{Flavour, Part, compress};
use crate::folder;
use crate::progress;
use crate::repository::Repository;
use crate::stamp::{Fingerprint, Stamp};

/// The name of the sheet.
pub const SHEET: &str = "octobot.css";

/// Counts up when the steps below change, so that results of the old ones aren't taken for new ones.
const RECIPE: &[u8] = b"1";

/// Browsers of the last two years; what they lack is rewritten, and what they have is left alone.
const BROWSERS: Browsers = Browsers {
    android: Some(version(130)),
    chrome: Some(version(130)),
    edge: Some(version(130)),
    firefox: Some(version(132)),
    ie: None,
    ios_saf: Some(version(18)),
    opera: Some(version(115)),
    safari: Some(version(18)),
    samsung: Some(version(27)),
};

/// A major version as lightningcss writes it: a byte each for major, minor and patch.
const fn version(major: u32) -> u32 {
    major << 16
}

/// Builds the style sheet.
pub fn build(repository: &Repository, flavour: Flavour, caches: &Path) -> Result<Part> {
    let sources = repository.path("style");
    let result = caches.join("style");
    let fingerprint = Fingerprint::default().add("recipe", RECIPE).add_folder(&sources)?.finish();
    let stamp = Stamp::of(&result);
    progress::step("Bundle CSS", |step| {
        if stamp.matches(&fingerprint) {
            step.unchanged();
            return Ok(());
        }
        stamp.clear()?;
        folder::empty_folder(&result)?;
        let sheet = bundle(&sources.join("main.css"))?;
        step.note(progress::kilobytes(sheet.len() as u64));
        folder::write(&result.join(SHEET), sheet.as_bytes())?;
        compress::folder(&result, flavour.effort())?;
        stamp.set(&fingerprint)
    })?;
    let name = Fingerprint::default().add_folder(&result)?.name();
    Ok(Part { folder: result, prefix: Path::new("assets").join(name) })
}

fn bundle(main: &Path) -> Result<String> {
    let targets = Targets::from(BROWSERS);
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler.bundle(main).map_err(|error| explain(&error))?;
    let options = MinifyOptions { targets, ..MinifyOptions::default() };
    sheet.minify(options).map_err(|error| explain(&error))?;
    let options = PrinterOptions { minify: true, targets, ..PrinterOptions::default() };
    Ok(sheet.to_css(options).map_err(|error| explain(&error))?.code)
}

/// The errors borrow from the sources, and count lines from 0.
fn explain<T: Display>(error: &lightningcss::error::Error<T>) -> anyhow::Error {
    match &error.loc {
        Some(ErrorLocation { filename, line, column }) => {
            anyhow!("{filename}:{}:{column}: {}", line + 1, error.kind)
        }
        None => anyhow!("{}", error.kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imported_partials_stand_in_the_sheet_in_their_order() {
        let root = tempfile::tempdir().unwrap();
        folder::write(&root.path().join("main.css"), b"@import './a.css';\n@import './b.css';\nmain { top: 0 }")
            .unwrap();
        folder::write(&root.path().join("a.css"), b"a { color: red; }").unwrap();
        folder::write(&root.path().join("b.css"), b"b { & i { inset: 0; } }").unwrap();
        assert_eq!(bundle(&root.path().join("main.css")).unwrap(), "a{color:red}b i{inset:0}main{top:0}");
    }

    #[test]
    fn a_mistake_is_reported_with_its_place() {
        let root = tempfile::tempdir().unwrap();
        folder::write(&root.path().join("main.css"), b"a { color: red; }\n}").unwrap();
        let error = bundle(&root.path().join("main.css")).unwrap_err().to_string();
        assert!(error.contains("main.css:2"), "{error}");
    }
}
