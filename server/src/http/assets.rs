//! The page's files: hashed names that never change, compressed when they were built.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use octobot_wire::ProblemKind;
use serde::Deserialize;

use super::Web;
use super::failure::Failure;
use crate::problem::problem;

/// The page's files, by name. They are few and small, so they are held in memory.
#[derive(Debug)]
pub struct Assets {
    /// Addresses of what the page loads.
    pub page: octobot_app::Assets,
    files: HashMap<String, Variants>,
}

/// A file as it is and as it was compressed.
#[derive(Debug, Default)]
struct Variants {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

/// What the build says about the page's files.
#[derive(Debug, Deserialize)]
struct Manifest {
    script: String,
    wasm: String,
    style: String,
}

/// Why the page's files can't be read.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// A file is missing or can't be read.
    #[error(
        "can't read the page's files at {path}: build them with `cargo xtask build`, or say where they are with --site-dir"
    )]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The manifest isn't what the build writes.
    #[error("{path} is not a manifest of the page's files")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Assets {
    /// Reads the manifest and all files below a folder.
    pub fn load(site: &Path) -> Result<Self, AssetError> {
        let path = site.join("assets.json");
        let manifest: Manifest =
            serde_json::from_slice(&read(&path)?).map_err(|source| AssetError::Manifest { path, source })?;
        let mut files = HashMap::new();
        read_folder(site, "", &mut files)?;
        let page = octobot_app::Assets { script: manifest.script, wasm: manifest.wasm, style: manifest.style };
        Ok(Self { page, files })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, AssetError> {
    std::fs::read(path).map_err(|source| AssetError::Unreadable { path: path.to_owned(), source })
}

fn read_folder(folder: &Path, prefix: &str, files: &mut HashMap<String, Variants>) -> Result<(), AssetError> {
    let unreadable = |source| AssetError::Unreadable { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // The build gives its files plain names; others aren't the page's.
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else { continue };
        if entry.path().is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), files)?;
            continue;
        }
        let bytes = Bytes::from(read(&entry.path())?);
        if let Some(name) = name.strip_suffix(".br") {
            files.entry(name.to_owned()).or_default().brotli = Some(bytes);
        } else if let Some(name) = name.strip_suffix(".gz") {
            files.entry(name.to_owned()).or_default().gzip = Some(bytes);
        } else {
            files.entry(name).or_default().plain = bytes;
        }
    }
    Ok(())
}

/// The routes of the page's files.
pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{*name}", get(hashed)).route("/{name}", get(named))
}

async fn hashed(State(web): State<Web>, UrlPath(name): UrlPath<String>, headers: HeaderMap) -> Response {
    serve(&web.assets, &format!("assets/{name}"), &headers, "public, max-age=31536000, immutable")
}

/// Files with names that others know, such as the icon.
async fn named(State(web): State<Web>, UrlPath(name): UrlPath<String>, headers: HeaderMap) -> Response {
    if name == "assets.json" {
        return missing();
    }
    serve(&web.assets, &name, &headers, "public, max-age=3600")
}

fn missing() -> Response {
    Failure(problem(ProblemKind::NotFound, "There is nothing at this address.")).into_response()
}

fn serve(assets: &Assets, name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let Some(file) = assets.files.get(name) else { return missing() };
    let (encoding, bytes) = match (&file.brotli, &file.gzip) {
        (Some(bytes), _) if accepts(headers, "br") => (Some("br"), bytes),
        (_, Some(bytes)) if accepts(headers, "gzip") => (Some("gzip"), bytes),
        _ => (None, &file.plain),
    };
    let mut response = Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, media_type(name))
        .header(header::CACHE_CONTROL, cache)
        .header(header::VARY, "accept-encoding")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(encoding) = encoding {
        response = response.header(header::CONTENT_ENCODING, encoding);
    }
    response.body(Body::from(bytes.clone())).expect("these headers are all valid")
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some(encoding) && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0"))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
