//! What is kept of a response beside its body, and which responses are kept at all. Pure.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, response};
use serde::{Deserialize, Serialize};

use super::key::{Key, hex};

/// The headers that are kept. The others are about the transfer, the moment, or the client that asked first.
const KEPT: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_DISPOSITION,
    header::ETAG,
    header::LAST_MODIFIED,
    header::CACHE_CONTROL,
    HeaderName::from_static("docker-content-digest"),
    HeaderName::from_static("docker-distribution-api-version"),
];

/// The head of what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The key that it was kept under, as text: an entry under another name isn't believed.
    pub key: String,
    /// The length of the body in bytes.
    pub length: u64,
    /// The headers that are kept.
    headers: Vec<(String, String)>,
}

/// Why a response isn't kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unkept {
    /// It isn't the whole thing.
    Status,
    /// Its length isn't said, so that a cut-off one couldn't be told.
    Length,
    /// There is nothing to keep.
    Empty,
    /// It is larger than all that may be kept.
    Size,
    /// It is an encoding of the thing that another client might not understand.
    Encoding,
    /// Upstream doesn't want it.
    Forbidden,
}

impl Head {
    /// The head of a response that is to be kept under `key`.
    pub fn of(parts: &response::Parts, key: &Key, most_bytes: u64) -> Result<Self, Unkept> {
        if parts.status != StatusCode::OK {
            return Err(Unkept::Status);
        }
        let encodings = parts.headers.get_all(header::CONTENT_ENCODING);
        if encodings.iter().any(|encoding| encoding != "identity") {
            return Err(Unkept::Encoding);
        }
        let says = |name, word: &str| {
            let mut values = parts.headers.get_all(name).iter();
            values.any(|value| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains(word)))
        };
        // What is named by its digest isn't anybody's own.
        let is_private = key.digest.is_none() && says(header::CACHE_CONTROL, "private");
        if is_private || says(header::CACHE_CONTROL, "no-store") || says(header::VARY, "*") {
            return Err(Unkept::Forbidden);
        }
        let length = content_length(&parts.headers).ok_or(Unkept::Length)?;
        if length == 0 {
            return Err(Unkept::Empty);
        }
        if length > most_bytes {
            return Err(Unkept::Size);
        }
        let kept = KEPT.into_iter().filter_map(|name| {
            let value = parts.headers.get(&name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Ok(Self { key: key.hex(), length, headers: kept.collect() })
    }

    /// The headers of a response with the whole body, but for its length. `sha256` is that of the body, if it is known.
    pub fn headers(&self, sha256: Option<&[u8; 32]>) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 4);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        if !headers.contains_key(header::ETAG)
            && let Some(sha256) = sha256
            && let Ok(tag) = HeaderValue::try_from(format!("\"sha256:{}\"", hex(sha256)))
        {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers
    }
}

/// The length that the headers say, if they say one.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let length = values.next()?.to_str().ok()?;
    let is_one_number = values.next().is_none() && length.bytes().all(|byte| byte.is_ascii_digit());
    is_one_number.then(|| length.parse().ok())?
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    fn head(status: u16, headers: &[(&str, &str)]) -> Result<Head, Unkept> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Head::of(&response.body(()).unwrap().into_parts().0, &Key { id: [1; 32], digest: None }, 1000)
    }

    #[test]
    fn only_whole_plain_responses_of_a_known_length_are_kept() {
        assert_eq!(head(200, &[("content-length", "10")]).unwrap().length, 10);
        assert!(head(200, &[("content-length", "10"), ("content-encoding", "identity")]).is_ok());
        assert!(head(200, &[("content-length", "10"), ("vary", "accept")]).is_ok());
        for (status, headers, why) in [
            (206, vec![("content-length", "10")], Unkept::Status),
            (404, vec![("content-length", "10")], Unkept::Status),
            (307, vec![("content-length", "10")], Unkept::Status),
            (304, vec![], Unkept::Status),
            (200, vec![], Unkept::Length),
            (200, vec![("content-length", "x")], Unkept::Length),
            (200, vec![("content-length", "0")], Unkept::Empty),
            (200, vec![("content-length", "+1")], Unkept::Length),
            (200, vec![("content-length", "10"), ("content-length", "10")], Unkept::Length),
            (200, vec![("content-length", "1001")], Unkept::Size),
            (200, vec![("content-length", "10"), ("content-encoding", "gzip")], Unkept::Encoding),
            (200, vec![("content-length", "10"), ("cache-control", "max-age=1, No-Store")], Unkept::Forbidden),
            (200, vec![("content-length", "10"), ("cache-control", "private")], Unkept::Forbidden),
            (200, vec![("content-length", "10"), ("vary", "*")], Unkept::Forbidden),
        ] {
            assert_eq!(head(status, &headers), Err(why), "{status} {headers:?}");
        }
    }

    #[test]
    fn what_is_about_one_client_or_one_moment_is_not_kept() {
        let head = head(
            200,
            &[
                ("content-length", "10"),
                ("content-type", "application/octet-stream"),
                ("docker-content-digest", "sha256:00"),
                ("set-cookie", "secret"),
                ("date", "today"),
                ("www-authenticate", "Bearer"),
                ("x-request-id", "7"),
                ("connection", "close"),
            ],
        );
        let headers = head.unwrap().headers(Some(&[0xab; 32]));
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-ranges", "content-type", "docker-content-digest", "etag"]);
        assert_eq!(headers["etag"], format!("\"sha256:{}\"", "ab".repeat(32)));
    }
}
