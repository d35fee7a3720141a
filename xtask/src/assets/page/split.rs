//! Splitting the page's WASM: functions marked `#[lazy]` in the app, and what only they use, go into chunks that the
//! browser fetches when such a function is first called.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use wasm_split_cli_support::Options;

use super::SCRIPT;
use crate::folder;

/// A split needs to know of every reference from function to function, so the linker keeps them.
pub const COMPILER_OPTIONS: [&str; 1] = ["-Clink-args=--emit-relocs"];

/// The module that loads the chunks; Leptos knows it under this name only.
const LOADER: &str = "./__wasm_split.______________________.js";

/// Which chunks a lazy function needs, under the name by which Leptos reads it to let a browser fetch them early.
const MANIFEST: &str = "__wasm_split_manifest.json";

/// Writes loader, chunks and manifest into the result's folder, and what is left to a path beside it, which is
/// returned: wasm-bindgen makes the main module from that.
pub fn split(compiled: &Path, result: &Path) -> Result<PathBuf> {
    let main = result.with_extension("main.wasm");
    let wasm = folder::read(compiled)?;
    let mut options = Options::new(&wasm);
    options.output_dir = result;
    options.main_out_path = &main;
    options.link_name = LOADER;
    let script = format!("./{SCRIPT}");
    options.main_module = &script;
    let split =
        wasm_split_cli_support::transform(options).map_err(|error| anyhow!("the WASM can't be split: {error:#}"))?;
    folder::write(&result.join(MANIFEST), &serde_json::to_vec(&split.prefetch_map)?)?;
    Ok(main)
}
