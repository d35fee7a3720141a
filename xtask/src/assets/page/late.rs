//! JavaScript that isn't ours and loads when it is first needed: xterm.js, for terminals, and CodeMirror, for files.
//!
//! The WASM's bindings import it by the names of npm packages, which no browser knows, and at once. So these names are made to
//! lead to small modules of our own, `frontend/xterm.js` and `frontend/editor.js`, which fetch the rest when they are asked to:
//! `frontend/late` and the files of the packages, and what [`super::editor`] has bundled.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::folder;
use crate::npm::Packages;
use crate::repository::Repository;
use crate::stamp::Fingerprint;

/// The modules that stand for packages.
const STAND_INS: [&str; 2] = ["editor.js", "xterm.js"];

/// The names that bindings import, and the module that stands for each.
const IMPORTED: [(&str, &str); 4] = [
    ("codemirror", "editor.js"),
    ("xterm", "xterm.js"),
    ("xterm-addon-fit", "xterm.js"),
    ("xterm-addon-search", "xterm.js"),
];

/// The folder of what is fetched later, below the page's own.
const FOLDER: &str = "late";

/// What is fetched later: the file in its package, and its name here.
const FILES: [(&str, &str); 7] = [
    ("@xterm/xterm/lib/xterm.mjs", "xterm.js"),
    ("@xterm/xterm/css/xterm.css", "xterm.css"),
    ("@xterm/addon-fit/lib/addon-fit.mjs", "addon-fit.js"),
    ("@xterm/addon-search/lib/addon-search.mjs", "addon-search.js"),
    ("@xterm/addon-unicode11/lib/addon-unicode11.mjs", "addon-unicode11.js"),
    ("@xterm/addon-web-links/lib/addon-web-links.mjs", "addon-web-links.js"),
    ("@xterm/addon-webgl/lib/addon-webgl.mjs", "addon-webgl.js"),
];

/// The files, read.
#[derive(Debug)]
pub struct Sources {
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Sources {
    /// Reads them; the packages have to be installed, and the editor bundled into a folder.
    pub fn read(repository: &Repository, editor: &Path) -> Result<Self> {
        let own = STAND_INS.map(PathBuf::from).into_iter().chain([Path::new(FOLDER).join("screen.js")]);
        let read = |name: PathBuf| Ok((name.clone(), folder::read(&repository.path("frontend").join(name))?));
        let mut files = own.map(read).collect::<Result<Vec<_>>>()?;
        for name in folder::files(editor)? {
            files.push((Path::new(FOLDER).join(&name), folder::read(&editor.join(name))?));
        }
        for (source, name) in FILES {
            let content = folder::read(&Packages::Build.file(repository, source))?;
            files.push((Path::new(FOLDER).join(name), without_map(content)?));
        }
        Ok(Self { files })
    }

    /// Adds them to what a result is made from.
    pub fn add_to(&self, fingerprint: Fingerprint) -> Fingerprint {
        let add = |fingerprint: Fingerprint, (name, content): &(PathBuf, Vec<u8>)| {
            fingerprint.add(&name.to_string_lossy(), content)
        };
        self.files.iter().fold(fingerprint, add)
    }

    /// Puts them into the result's folder, and has the script there import them.
    pub fn put(&self, result: &Path, script: &str) -> Result<()> {
        for (name, content) in &self.files {
            folder::write(&result.join(name), content)?;
        }
        let path = result.join(script);
        let text = String::from_utf8(folder::read(&path)?).context("the script isn't text")?;
        folder::write(&path, redirected(&text)?.as_bytes())
    }
}

/// The maps to the sources aren't there.
fn without_map(content: Vec<u8>) -> Result<Vec<u8>> {
    let text = String::from_utf8(content).context("a file of xterm.js isn't text")?;
    let lines = text.lines().filter(|line| !line.starts_with("//# sourceMappingURL="));
    Ok(lines.collect::<Vec<_>>().join("\n").into_bytes())
}

/// The script with imports that browsers understand.
fn redirected(script: &str) -> Result<String> {
    let mut text = script.to_owned();
    for (name, stand_in) in IMPORTED {
        for quote in ['\'', '"'] {
            text = text.replace(&format!("from {quote}{name}{quote}"), &format!("from \"./{stand_in}\""));
        }
    }
    let unknown = text
        .lines()
        .filter(|line| line.starts_with("import "))
        .find(|line| !line.contains("from \"./") && !line.contains("from './"));
    ensure!(unknown.is_none(), "a browser doesn't know what this imports: {}", unknown.unwrap_or_default());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages_lead_to_their_stand_ins() {
        let script = "import { Terminal, load } from 'xterm';\nimport { FitAddon } from \"xterm-addon-fit\";\nimport { loadEditor } from 'codemirror';\nimport * as a from './a.js';";
        let expected = "import { Terminal, load } from \"./xterm.js\";\nimport { FitAddon } from \"./xterm.js\";\nimport { loadEditor } from \"./editor.js\";\nimport * as a from './a.js';";
        assert_eq!(redirected(script).unwrap(), expected);
    }

    #[test]
    fn a_package_that_nobody_stands_for_fails_the_build() {
        let error = redirected("import { x } from 'left-pad';").unwrap_err().to_string();
        assert!(error.contains("left-pad"), "{error}");
    }

    #[test]
    fn what_loads_late_keeps_its_content_but_for_the_map() {
        assert_eq!(without_map(b"code\n//# sourceMappingURL=a.map\n".to_vec()).unwrap(), b"code");
    }
}
