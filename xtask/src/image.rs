//! `cargo xtask image`: builds the image that sandboxes are made of, and those for tests.
//!
//! Both start from Debian. Where no registry can be reached, Debian's own installer makes the same base.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command;
use crate::folder;
use crate::progress::{self, Step};
use crate::repository::Repository;
use crate::stamp::{Fingerprint, Stamp};

/// The name that the server looks for unless it is told another.
const PRODUCT: &str = "octobot/sandbox:latest";

/// The base as registries have it.
const BASE: &str = "debian:12-slim";

/// The base that is made here where no registry can be reached.
const OWN_BASE: &str = "octobot/base:12";

/// The release of the base.
const RELEASE: &str = "bookworm";

/// The images for tests, each with its target in `test.Dockerfile`.
const TEST_IMAGES: [(&str, &str); 3] =
    [("octobot-test/debian:12", "debian"), ("octobot-test/busybox:1", "busybox"), ("octobot-test/empty:1", "empty")];

/// The folder with the images' sources.
const SOURCES: &str = "server/sandbox";

/// What the product's image is made of, in that folder.
const PRODUCT_SOURCES: [&str; 4] = [".dockerignore", "Dockerfile", "package.json", "package-lock.json"];

/// Whether a container engine answers.
pub fn engine_answers() -> bool {
    command::first_line(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"])).is_some()
}

/// Builds the product's image.
pub fn product(repository: &Repository) -> Result<()> {
    ensure!(engine_answers(), "no container engine answers: install Docker and start it");
    let base = base(repository)?;
    let context = context(repository)?;
    progress::step("Build the sandbox image", |step| {
        step.note(PRODUCT);
        build(&context, "Dockerfile", base, None, PRODUCT, step)
    })?;
    Stamp::of(&context).set(&product_fingerprint(repository)?)
}

/// Builds the product's image unless the one that is here was made of the same sources.
pub fn product_once(repository: &Repository) -> Result<()> {
    if is_here(PRODUCT) && Stamp::of(&context_folder(repository)).matches(&product_fingerprint(repository)?) {
        progress::unchanged("Build the sandbox image");
        return Ok(());
    }
    product(repository)
}

fn product_fingerprint(repository: &Repository) -> Result<String> {
    let add = |all: Fingerprint, name: &&str| -> Result<Fingerprint> {
        Ok(all.add(name, &folder::read(&repository.path(SOURCES).join(name))?))
    };
    Ok(PRODUCT_SOURCES.iter().try_fold(Fingerprint::default(), add)?.finish())
}

/// Builds the images for tests where they aren't there.
pub fn for_tests(repository: &Repository) -> Result<()> {
    if TEST_IMAGES.iter().all(|(name, _)| is_here(name)) {
        progress::unchanged("Build the images for tests");
        return Ok(());
    }
    let base = base(repository)?;
    progress::step("Build the images for tests", |step| {
        let sources = repository.path(SOURCES);
        TEST_IMAGES
            .iter()
            .try_for_each(|(name, target)| build(&sources, "test.Dockerfile", base, Some(target), name, step))
    })
}

fn is_here(image: &str) -> bool {
    command::first_line(Command::new("docker").args(["image", "inspect", "--format", "{{.Id}}", image])).is_some()
}

/// The base that can be had here.
fn base(repository: &Repository) -> Result<&'static str> {
    if let Some(base) = [BASE, OWN_BASE].into_iter().find(|base| is_here(base)) {
        return Ok(base);
    }
    progress::step("Get Debian", |step| {
        let pulled = command::observe(Command::new("docker").args(["pull", "--quiet", BASE]), |line| step.show(line))?;
        if pulled.success {
            return Ok(BASE);
        }
        step.note("made here, because no registry can be reached");
        install_base(repository, step)?;
        Ok(OWN_BASE)
    })
}

/// Installs Debian into a folder and makes an image of that.
fn install_base(repository: &Repository, step: &Step) -> Result<()> {
    ensure!(
        command::exists("debootstrap"),
        "{BASE} can't be fetched, and debootstrap, which would make it, isn't installed (apt-get install debootstrap)"
    );
    let root = repository.target("octobot/base");
    folder::empty_folder(&root)?;
    command::run(Command::new("debootstrap").args(["--variant=minbase", RELEASE]).arg(&root), step)?;
    let archive = root.with_extension("tar");
    let mut pack = Command::new("tar");
    pack.arg("--directory").arg(&root).args(["--exclude=./var/cache/apt/archives/*.deb", "--create", "--file"]);
    command::run(pack.arg(&archive).arg("."), step)?;
    command::run(Command::new("docker").arg("import").arg(&archive).arg(OWN_BASE), step)?;
    folder::empty_folder(&root)?;
    std::fs::remove_file(&archive).with_context(|| format!("{} can't be removed", archive.display()))
}

/// The folder that the product's image is built in.
fn context_folder(repository: &Repository) -> PathBuf {
    repository.target("octobot/image")
}

/// Fills that folder: with the image's sources, and what comes from npm.
fn context(repository: &Repository) -> Result<PathBuf> {
    progress::step("Install the image's npm packages", |step| {
        let context = context_folder(repository);
        for name in PRODUCT_SOURCES {
            folder::write(&context.join(name), &folder::read(&repository.path(SOURCES).join(name))?)?;
        }
        let mut npm = Command::new("npm");
        // The packages run in the image, whose C library may be another than this machine's.
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--os=linux", "--libc=glibc"]);
        command::run(npm.current_dir(&context), step)?;
        Ok(context)
    })
}

fn build(context: &Path, file: &str, base: &str, target: Option<&str>, name: &str, step: &Step) -> Result<()> {
    let mut build = Command::new("docker");
    // The machine's network, because a packet filter may be in the way of the engine's own.
    build.args(["build", "--network", "host", "--tag", name, "--build-arg", &format!("BASE={base}"), "--file"]);
    build.arg(context.join(file));
    if let Some(target) = target {
        build.args(["--target", target]);
    }
    command::run(build.arg(context), step).map(drop)
}
