//! The page's program: the frontend crate compiled to WASM, bound to JavaScript and made small.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::{Flavour, Part, compress};
use crate::command;
use crate::folder;
use crate::npm::Packages;
use crate::progress::{self, Step};
use crate::repository::{Repository, WASM_TARGET};
use crate::stamp::{Fingerprint, Stamp};

/// The module that loads the WASM.
pub const SCRIPT: &str = "octobot.js";
/// The WASM, as wasm-bindgen names it.
pub const WASM: &str = "octobot_bg.wasm";

/// Counts up when the steps below change, so that results of the old ones aren't taken for new ones.
const RECIPE: &[u8] = b"11";

/// Small once it is compressed: inlining makes the code shorter, but repeats what Brotli would have found only once, and
/// locals that are numbered by how often they are used, after everything else, make functions look alike.
const SMALLEST: [&str; 11] =
    ["--flatten", "--rereloop", "-Os", "-Os", "-ocimfs", "0", "-aimfs", "0", "-fimfs", "0", "--reorder-locals"];

/// What rustc uses beyond the first version of WASM, and every browser of the last years has.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

mod editor;
mod late;
mod split;

/// Builds the page's program.
pub fn build(repository: &Repository, flavour: Flavour, caches: &Path) -> Result<Part> {
    let compiled = compile(repository, flavour)?;
    let result = caches.join("page");
    let late = late::Sources::read(repository, &editor::bundle(repository, flavour, caches)?)?;
    let fingerprint = Fingerprint::default().add("recipe", RECIPE).add("wasm", &folder::read(&compiled)?);
    let fingerprint = late.add_to(fingerprint).finish();
    let stamp = Stamp::of(&result);
    if stamp.matches(&fingerprint) {
        progress::unchanged("Bind WASM to JavaScript");
    } else {
        stamp.clear()?;
        progress::step("Bind WASM to JavaScript", |_| {
            bind(&compiled, &result, flavour)?;
            late.put(&result, SCRIPT)
        })?;
        if flavour == Flavour::Optimised {
            progress::step("Shrink WASM", |step| shrink(repository, &result, step))?;
            progress::step("Shrink JavaScript", |step| shrink_scripts(repository, &result, step))?;
        }
        progress::step("Compress WASM and JavaScript", |_| compress::folder(&result, flavour.effort()))?;
        stamp.set(&fingerprint)?;
    }
    // The files name each other, so they keep their names, and their folder is named after the content of them all.
    let name = Fingerprint::default().add_folder(&result)?.name();
    Ok(Part { folder: result, prefix: Path::new("assets").join(name) })
}

/// Compiles in a target folder of its own: a build of the server that runs at the same time doesn't wait for it.
fn compile(repository: &Repository, flavour: Flavour) -> Result<PathBuf> {
    let profile = match flavour {
        Flavour::Optimised => "wasm",
        Flavour::Development => "wasm-dev",
    };
    let target = repository.target("wasm");
    progress::step("Compile the page to WASM", |step| {
        let mut cargo = command::cargo(repository);
        cargo.args(["rustc", "--package", "octobot-frontend", "--lib", "--crate-type", "cdylib"]);
        cargo.args(["--target", WASM_TARGET, "--profile", profile, "--target-dir"]).arg(&target);
        cargo.arg("--").args(split::COMPILER_OPTIONS);
        command::run(&mut cargo, step)
    })?;
    Ok(target.join(WASM_TARGET).join(profile).join("octobot_frontend.wasm"))
}

/// Takes apart what loads late, and makes the JavaScript through which the rest calls the browser.
fn bind(compiled: &Path, result: &Path, flavour: Flavour) -> Result<()> {
    folder::empty_folder(result)?;
    let main = split::split(compiled, result)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&main).out_name("octobot").typescript(false).omit_default_module_path(true).web(true)?;
    // The chunks use what only the linker knows of, under the names that the linker gave it.
    bindgen.keep_lld_exports(true).demangle(false);
    bindgen.debug(flavour == Flavour::Development).remove_producers_section(true);
    bindgen.remove_name_section(flavour == Flavour::Optimised);
    bindgen.generate(result).context("wasm-bindgen failed; its version must be exactly the crate's")
}

fn shrink(repository: &Repository, result: &Path, step: &mut Step) -> Result<()> {
    let (mut before, mut after) = (0, 0);
    for file in folder::files(result)?.into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "wasm")) {
        let wasm = result.join(file);
        before += wasm.metadata()?.len();
        let mut wasm_opt = Command::new(Packages::Build.program(repository, "wasm-opt"));
        command::run(wasm_opt.args(SMALLEST).args(WASM_FEATURES).arg(&wasm).arg("-o").arg(&wasm), step)?;
        after += wasm.metadata()?.len();
    }
    step.note(format!("{} → {}", progress::kilobytes(before), progress::kilobytes(after)));
    Ok(())
}

/// What is fetched at once only: xterm.js is small already, and so is what was bundled.
fn shrink_scripts(repository: &Repository, result: &Path, step: &mut Step) -> Result<()> {
    let is_script =
        |file: &PathBuf| file.extension().is_some_and(|kind| kind == "js") && file.components().count() == 1;
    let (mut before, mut after) = (0, 0);
    for file in folder::files(result)?.into_iter().filter(is_script) {
        let script = result.join(file);
        before += script.metadata()?.len();
        let mut esbuild = Command::new(Packages::Build.program(repository, "esbuild"));
        esbuild.args(["--minify", "--format=esm", "--target=es2022", "--log-level=warning", "--allow-overwrite"]);
        let mut outfile = std::ffi::OsString::from("--outfile=");
        outfile.push(&script);
        command::run(esbuild.arg(&script).arg(outfile), step)?;
        after += script.metadata()?.len();
    }
    step.note(format!("{} → {}", progress::kilobytes(before), progress::kilobytes(after)));
    Ok(())
}
