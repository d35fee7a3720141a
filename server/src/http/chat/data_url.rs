//! Files within an address: `data:` URLs (RFC 2397), as the AI SDK makes them of what a person picks. Pure.

use base64::Engine as _;
// Programs write Base64 with `=` at its end or without.
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT as BASE64;

/// Why an address isn't a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidDataUrl {
    /// It names another place. Fetching from there would tell that place about the session.
    #[error("isn't in the request. Send its content as a data: URL, as the SDK does with files that are picked.")]
    Elsewhere,
    /// It has no comma, or isn't encoded as it says.
    #[error("can't be read: its data: URL isn't well-formed.")]
    Malformed,
}

/// The media type and the bytes of a file that stands in its address. The type is empty where none is given.
pub(super) fn read(url: &str) -> Result<(String, Vec<u8>), InvalidDataUrl> {
    let scheme = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:"));
    let rest = scheme.map(|scheme| &url[scheme.len()..]).ok_or(InvalidDataUrl::Elsewhere)?;
    let (about, content) = rest.split_once(',').ok_or(InvalidDataUrl::Malformed)?;
    let content = unescaped(content)?;
    let (about, data) = match about.rsplit_once(';') {
        Some((about, way)) if way.eq_ignore_ascii_case("base64") => {
            (about, BASE64.decode(content).map_err(|_| InvalidDataUrl::Malformed)?)
        }
        _ => (about, content),
    };
    let media_type = about.split(';').next().unwrap_or_default();
    Ok((media_type.to_ascii_lowercase(), data))
}

/// The bytes of a text in which `%20` and the like stand for bytes.
fn unescaped(text: &str) -> Result<Vec<u8>, InvalidDataUrl> {
    if !text.contains('%') {
        return Ok(text.as_bytes().to_vec());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or(InvalidDataUrl::Malformed)?);
        rest = &rest[2..];
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_from_its_address_however_it_is_encoded() {
        let cases: [(&str, &str, &[u8]); 7] = [
            ("data:text/plain;base64,b25l", "text/plain", b"one"),
            ("DATA:Image/PNG;BASE64,AAE=", "image/png", &[0, 1]),
            ("data:image/png;base64,AAE", "image/png", &[0, 1]),
            ("data:text/plain;charset=utf-8;base64,w6k%3D", "text/plain", "é".as_bytes()),
            ("data:,a%20b", "", b"a b"),
            ("data:text/csv,a,b", "text/csv", b"a,b"),
            ("data:;base64,", "", b""),
        ];
        for (url, media_type, data) in cases {
            assert_eq!(read(url), Ok((media_type.to_owned(), data.to_vec())), "{url}");
        }
    }

    #[test]
    fn what_is_elsewhere_or_broken_is_no_file() {
        for url in ["", "data", "https://example.com/a.png", "blob:null/1", "é", "file:///etc/passwd"] {
            assert_eq!(read(url), Err(InvalidDataUrl::Elsewhere), "{url}");
        }
        for url in ["data:", "data:text/plain", "data:;base64,é", "data:;base64,a", "data:,%", "data:,%+1", "data:,%é"]
        {
            assert_eq!(read(url), Err(InvalidDataUrl::Malformed), "{url}");
        }
    }
}
