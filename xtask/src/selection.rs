//! Which packages cargo builds together.
//!
//! Cargo unites the features of everything that it builds in one invocation, and builds a dependency anew for each
//! other set of features. So all chores select the same packages: what one has built, the next one finds.

use crate::repository::WASM_TARGET;

/// Packages that are built together, and how.
#[derive(Debug, Clone, Copy)]
pub struct Selection {
    /// How it is called in a step's line.
    pub name: &'static str,
    /// Cargo's options for it.
    pub options: &'static [&'static str],
}

/// The server, the agent, the tests of both: with them the app as the server renders it.
pub const SERVER: Selection = Selection {
    name: "server and agent",
    options: &["--workspace", "--exclude", "octobot-frontend", "--exclude", "xtask"],
};

/// The app as the browser runs it. Apart from the server, because one invocation would make the app for both at once.
pub const PAGE: Selection = Selection {
    name: "page",
    options: &[
        "--package",
        "octobot-frontend",
        "--package",
        "octobot-app",
        "--features",
        "octobot-app/hydrate",
        "--target",
        WASM_TARGET,
    ],
};

/// These chores, as `cargo xtask` has built them.
pub const CHORES: Selection = Selection { name: "chores", options: &["--package", "xtask"] };

/// Everything, one after the other.
pub const ALL: [Selection; 3] = [SERVER, PAGE, CHORES];
