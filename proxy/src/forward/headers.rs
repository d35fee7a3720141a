//! The headers that belong to a connection and not to a request (RFC 9110, section 7.6.1). Pure.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What belongs to a connection even if `Connection` doesn't name it.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Takes them away. What a client says about trailers is said again: they go through.
pub fn remove_hop_by_hop(headers: &mut HeaderMap, of_request: bool) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let takes_trailers = of_request
        && headers.get_all(header::TE).iter().any(|value| value.to_str().is_ok_and(|te| te.contains("trailers")));
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
    if takes_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_connection_stays_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("te", "gzip, trailers"),
            ("proxy-authorization", "Basic x"),
            ("keep-alive", "5"),
            ("authorization", "Bearer x"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers, true);
        let left: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        assert_eq!(left, ["authorization: Bearer x", "te: trailers"]);
    }
}
