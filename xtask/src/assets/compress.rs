//! Compressed forms of files, made once at build time so that the server only has to choose among them.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::folder;

/// What compresses well. Pictures and fonts are compressed already.
const COMPRESSIBLE: [&str; 8] = ["css", "html", "ico", "js", "json", "svg", "txt", "wasm"];

/// How much time goes into compressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// The smallest result.
    Most,
    /// The quickest result.
    Least,
}

impl Effort {
    fn brotli(self) -> i32 {
        match self {
            Self::Most => 11,
            Self::Least => 1,
        }
    }

    fn gzip(self) -> Compression {
        match self {
            Self::Most => Compression::best(),
            Self::Least => Compression::fast(),
        }
    }
}

/// Writes `.br` and `.gz` beside every compressible file of a folder.
pub fn folder(root: &Path, effort: Effort) -> Result<()> {
    for file in folder::files(root)? {
        let extension = file.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| COMPRESSIBLE.contains(&extension)) {
            let path = root.join(file);
            brotli(&path, effort).with_context(|| format!("{} couldn't be compressed", path.display()))?;
            gzip(&path, effort).with_context(|| format!("{} couldn't be compressed", path.display()))?;
        }
    }
    Ok(())
}

/// The path of a file's compressed form.
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn brotli(path: &Path, effort: Effort) -> Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut writer = File::create(beside(path, "br"))?;
    let params = BrotliEncoderParams {
        quality: effort.brotli(),
        lgwin: 22,
        size_hint: usize::try_from(path.metadata()?.len())?,
        ..BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut reader, &mut writer, &params)?;
    Ok(())
}

fn gzip(path: &Path, effort: Effort) -> Result<()> {
    let mut encoder = GzEncoder::new(File::create(beside(path, "gz"))?, effort.gzip());
    encoder.write_all(&folder::read(path)?)?;
    encoder.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn both_compressed_forms_hold_the_same_content() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("page.js");
        let content = b"export const answer = 42;\n".repeat(100);
        folder::write(&path, &content).unwrap();
        folder(root.path(), Effort::Most).unwrap();
        let (mut from_brotli, mut from_gzip) = (Vec::new(), Vec::new());
        brotli::Decompressor::new(File::open(beside(&path, "br")).unwrap(), 4096)
            .read_to_end(&mut from_brotli)
            .unwrap();
        flate2::read::GzDecoder::new(File::open(beside(&path, "gz")).unwrap()).read_to_end(&mut from_gzip).unwrap();
        assert_eq!((&from_brotli, &from_gzip), (&content, &content));
        assert!(beside(&path, "br").metadata().unwrap().len() < content.len() as u64 / 10);
    }

    #[test]
    fn pictures_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        folder::write(&root.path().join("a.png"), b"picture").unwrap();
        folder(root.path(), Effort::Most).unwrap();
        assert_eq!(folder::files(root.path()).unwrap(), [PathBuf::from("a.png")]);
    }
}
