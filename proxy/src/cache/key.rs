//! Which requests are for something that never changes, and under which key it is kept. Pure.
//!
//! Two kinds of things never change. What is named by its **digest** (a blob or manifest of a registry) is what its name
//! says wherever it comes from, and is checked against it. A **file** of a package registry that never replaces what it has
//! published is what the first download of it was.
//!
//! Who may have it: a key belongs to one tenant, to one scheme, host and port. Within those,
//!
//! - what is named by its digest is served to whoever names the digest. It is 256 bits that only the manifest tells, and a
//!   manifest asked for by its tag is never kept: upstream decides about that each time. So a member of a project who is
//!   told the digest of a private blob by another member gets that blob, without credentials of their own, when one of them
//!   has pulled it before. Other projects don't.
//! - a file is kept apart for each set of credentials, those that the proxy adds included: whoever asks with none, or with
//!   others, is answered by upstream. Every header that isn't known to be harmless counts as a credential.

use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method};
use sha2::{Digest as _, Sha256};

use crate::cache::config::PathRegex;
use crate::policy::{Host, Scheme, Target};

/// A request, as far as the cache looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where it goes.
    pub target: &'a Target,
    /// Its method.
    pub method: &'a Method,
    /// Its path and query.
    pub path: &'a str,
    /// Its headers, as the client sent them.
    pub headers: &'a HeaderMap,
    /// What names the credentials that the proxy will add: the same text for the same credentials and only for them, and not
    /// the credentials themselves. `None` where it adds none.
    pub injected: Option<&'a str>,
}

/// The name under which something is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The SHA-256 of all that makes it different from others.
    pub id: [u8; 32],
    /// What the content's SHA-256 has to be.
    pub digest: Option<[u8; 32]>,
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Blob([u8; 32]),
    Manifest([u8; 32]),
    File,
}

/// Requests with one of these want something that only upstream can answer.
const ONLY_UPSTREAM: [HeaderName; 3] = [header::IF_MATCH, header::IF_UNMODIFIED_SINCE, header::UPGRADE];

/// Headers that tell nothing about who asks. Any other may be a credential: registries have invented many.
const HARMLESS: [&str; 17] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "dnt",
    "host",
    "keep-alive",
    "pragma",
    "priority",
    "proxy-connection",
    "range",
    "referer",
    "te",
    "user-agent",
];

/// The beginnings of more of them; the last two are npm's.
const HARMLESS_BEGINNINGS: [&str; 4] = ["if-", "sec-", "npm-", "pacote-"];

/// The longest path that is looked at, in bytes.
const LONGEST_PATH: usize = 4096;

impl Key {
    /// The key of what a request asks for; `None` when the cache has no business with it.
    pub fn of(asked: &Asked<'_>, tenant: &str, patterns: &[PathRegex]) -> Option<Self> {
        let scheme = match asked.target.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Tcp => return None,
        };
        if !is_plain_get(asked.method, asked.headers) || !is_plain_path(asked.path) {
            return None;
        }
        let named = named_by(&asked.target.host, asked.path, patterns)?;
        let mut parts: Vec<Vec<u8>> = vec![tenant.into(), scheme.into(), asked.target.to_string().into()];
        match named {
            Named::Blob(digest) => parts.extend([b"blob".to_vec(), digest.to_vec()]),
            Named::Manifest(digest) => parts.extend([b"manifest".to_vec(), digest.to_vec()]),
            Named::File => {
                parts.extend([b"file".to_vec(), asked.path.into()]);
                parts.push(asked.injected.unwrap_or_default().into());
                parts.extend(credentials(asked.headers));
            }
        }
        let digest = match named {
            Named::Blob(digest) | Named::Manifest(digest) => Some(digest),
            Named::File => None,
        };
        Some(Self { id: hash_parts(&parts), digest })
    }

    /// The key as text, for file names.
    pub fn hex(&self) -> String {
        hex(&self.id)
    }
}

/// What may tell one client from another, in an order that doesn't depend on the client's.
fn credentials(headers: &HeaderMap) -> impl Iterator<Item = Vec<u8>> {
    let is_harmless = |name: &str| {
        HARMLESS.contains(&name) || HARMLESS_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    };
    let mut telling: Vec<_> = headers.iter().filter(|(name, _)| !is_harmless(name.as_str())).collect();
    telling.sort_by_key(|(name, _)| name.as_str());
    telling.into_iter().flat_map(|(name, value)| [name.as_str().into(), value.as_bytes().to_vec()])
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Hashes parts, each with its length, so that no two lists of parts are hashed alike.
fn hash_parts(parts: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn is_plain_get(method: &Method, headers: &HeaderMap) -> bool {
    let forbids = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("no-store"));
    matches!(*method, Method::GET | Method::HEAD)
        && !ONLY_UPSTREAM.iter().any(|name| headers.contains_key(name))
        && !headers.get_all(header::CACHE_CONTROL).iter().any(forbids)
        // A body, which a GET has no use for.
        && !headers.contains_key(header::TRANSFER_ENCODING)
        && headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0")
}

/// Whether everybody reads the path in the same way: no dot segments, nothing empty, nothing that isn't printable ASCII.
fn is_plain_path(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let lower = path.to_ascii_lowercase();
    path.len() + query.len() < LONGEST_PATH
        && path.bytes().chain(query.bytes()).all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#')
        && path.starts_with('/')
        && !path[1..].split('/').any(|segment| matches!(segment, "" | "." | ".."))
        && !["%2e", "%2f", "%5c", "%25", "%00"].iter().any(|escape| lower.contains(escape))
}

fn named_by(host: &Host, path_and_query: &str, patterns: &[PathRegex]) -> Option<Named> {
    let path = path_and_query.split('?').next().unwrap_or(path_and_query);
    if let Some(named) = named_by_digest(path) {
        return Some(named);
    }
    let is_known = match host {
        Host::Name(name) => is_known_file(name.as_str(), path),
        Host::Address(_) => false,
    };
    (is_known || patterns.iter().any(|pattern| pattern.fits(path_and_query))).then_some(Named::File)
}

/// A path that ends in a digest, as registries (<https://distribution.github.io/distribution/spec/api/>) and the stores
/// that they redirect to have it:
///
/// - `/v2/<name>/blobs/sha256:<digest>` and `/v2/<name>/manifests/sha256:<digest>`,
/// - `…/blobs/sha256:<digest>` and `…/blobs/sha256/<first two>/<digest>/data`, where the query is a signature.
fn named_by_digest(path: &str) -> Option<Named> {
    let (rest, last) = path.rsplit_once('/')?;
    if let Some(digits) = last.strip_prefix("sha256:") {
        let digest = parse_digest(digits)?;
        let (rest, kind) = rest.rsplit_once('/')?;
        return match kind {
            "blobs" => Some(Named::Blob(digest)),
            "manifests" if rest.starts_with("/v2/") => Some(Named::Manifest(digest)),
            _ => None,
        };
    }
    let (rest, digits) = (last == "data").then(|| rest.rsplit_once('/')).flatten()?;
    let digest = parse_digest(digits)?;
    rest.strip_suffix(&digits[..2])?.ends_with("/blobs/sha256/").then_some(Named::Blob(digest))
}

fn parse_digest(digits: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if digits.len() != 64 || digits.bytes().any(|digit| !matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// Files of the public package registries that say that they never replace one.
fn is_known_file(host: &str, path: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    match host {
        "registry.npmjs.org" | "registry.yarnpkg.com" => path.contains("/-/") && ends(&[".tgz"]),
        "files.pythonhosted.org" => path.starts_with("/packages/"),
        "static.crates.io" => path.starts_with("/crates/") && ends(&[".crate", "/download"]),
        "proxy.golang.org" => path.contains("/@v/v") && ends(&[".zip", ".mod", ".info"]),
        "rubygems.org" => path.starts_with("/gems/") && ends(&[".gem"]),
        "repo.maven.apache.org" | "repo1.maven.org" => {
            path.starts_with("/maven2/") && ends(&[".jar", ".pom", ".aar", ".module"]) && !path.contains("-SNAPSHOT")
        }
        "deb.debian.org"
        | "security.debian.org"
        | "ftp.debian.org"
        | "archive.ubuntu.com"
        | "security.ubuntu.com"
        | "ports.ubuntu.com" => path.contains("/pool/") && ends(&[".deb", ".udeb", ".dsc", ".xz", ".gz"]),
        _ => host.ends_with(".archive.ubuntu.com") && path.contains("/pool/") && ends(&[".deb"]),
    }
}

#[cfg(test)]
mod tests;
