//! `cargo xtask up --dev`: watches the sources, rebuilds what changed, restarts the server and reloads the browser.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::assets::{self, Flavour};
use crate::build::{self, Profile};
use crate::dist::{self, Dist};
use crate::repository::Repository;

mod reload;
mod server;

use reload::Reload;
use server::Server;

/// The folders that are watched, and what is made from each. A file counts for the first folder that it stands in.
const SOURCES: [(&str, &[Product]); 8] = [
    ("app/wire", &[Product::Site, Product::Agent, Product::Server]),
    ("app", &[Product::Site, Product::Server]),
    ("frontend", &[Product::Site]),
    ("style", &[Product::Site]),
    ("public", &[Product::Site]),
    ("agent", &[Product::Agent]),
    ("server", &[Product::Server]),
    ("Cargo.lock", &[Product::Site, Product::Agent, Product::Server]),
];

/// An editor writes several files, or one file several times; a build waits until it has been quiet for this long.
const QUIET: Duration = Duration::from_millis(100);

/// What a change makes it necessary to build again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Product {
    Site,
    Agent,
    Server,
}

/// Builds, serves, and does both again after every change, until it is interrupted.
pub fn run(repository: &Repository, options: &[OsString]) -> Result<()> {
    let dist = build::everything(repository, Profile::Debug, Flavour::Development)?;
    let reload = Reload::listen()?;
    let (_watcher, events) = watch(repository)?;
    let mut server = Server::start(&dist, options, &reload.url())?;
    loop {
        let products = next_change(repository, &events)?;
        // A server that runs from its folder keeps its open files; it goes on if the sources don't compile.
        match rebuild(repository, &dist, &products) {
            Ok(()) => {
                server.stop()?;
                server = Server::start(&dist, options, &reload.url())?;
                reload.notify();
            }
            Err(error) => eprintln!("{error:#}"),
        }
    }
}

fn watch(repository: &Repository) -> Result<(RecommendedWatcher, Receiver<notify::Result<Event>>)> {
    let (sender, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(sender).context("the sources can't be watched")?;
    for (source, _) in SOURCES {
        let path = repository.path(source);
        // A folder inside one that is watched already needs no watch of its own.
        if path.exists() && source != "app/wire" {
            watcher.watch(&path, RecursiveMode::Recursive).with_context(|| format!("{source} can't be watched"))?;
        }
    }
    Ok((watcher, events))
}

/// Waits for a change, and then until it has been quiet.
fn next_change(repository: &Repository, events: &Receiver<notify::Result<Event>>) -> Result<BTreeSet<Product>> {
    let mut products = BTreeSet::new();
    while products.is_empty() {
        let first = events.recv().context("the sources are no longer watched")?;
        products.extend(products_of(repository, first?));
        while let Ok(event) = events.recv_timeout(QUIET) {
            products.extend(products_of(repository, event?));
        }
    }
    Ok(products)
}

fn products_of(repository: &Repository, event: Event) -> impl Iterator<Item = Product> {
    let paths = if event.kind.is_access() { Vec::new() } else { event.paths };
    let root = repository.root().to_path_buf();
    paths.into_iter().flat_map(move |path| made_from(path.strip_prefix(&root).unwrap_or(&path))).copied()
}

fn made_from(path: &Path) -> &'static [Product] {
    SOURCES.iter().find(|(source, _)| path.starts_with(source)).map_or(&[], |(_, products)| products)
}

fn rebuild(repository: &Repository, dist: &Dist, products: &BTreeSet<Product>) -> Result<()> {
    products.iter().try_for_each(|product| match product {
        Product::Site => assets::build(repository, Flavour::Development, &dist.site()),
        Product::Agent => dist::agent(repository, Profile::Debug, dist),
        Product::Server => dist::server(repository, Profile::Debug, dist),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_style_leaves_the_programs_alone() {
        assert_eq!(made_from(Path::new("style/tokens.css")), [Product::Site]);
    }

    #[test]
    fn a_change_of_the_wire_types_rebuilds_everything() {
        assert_eq!(made_from(Path::new("app/wire/src/id.rs")), [Product::Site, Product::Agent, Product::Server]);
    }

    #[test]
    fn a_change_elsewhere_rebuilds_nothing() {
        assert_eq!(made_from(Path::new("README.md")), []);
    }
}
