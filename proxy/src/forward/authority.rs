//! Which host a request is for. What its connection says, what its target says and what `Host` says have to agree. Pure.

use http::uri::{self, Authority, PathAndQuery};
use http::{Request, Uri, header};

use super::{Refusal, is_secure};
use crate::log::Entry;
use crate::policy::{Host, Scheme, Target};

/// What a connection says about its requests.
#[derive(Debug, Clone)]
pub enum Via {
    /// It is one to a proxy: each request names its host.
    Proxy,
    /// It is one to this target.
    Inside(Target),
    /// It was to be one to an address, at this port: the requests name the host, for the address is the client's word.
    Redirected(u16),
}

impl Via {
    /// Whether its requests came within TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Inside(target) if is_secure(target.scheme))
    }

    /// Notes what is known of a request that can't be understood.
    pub fn note(&self, entry: &mut Entry) {
        match self {
            Self::Inside(target) => entry.target(target),
            Self::Redirected(port) => entry.host("", *port),
            Self::Proxy => entry,
        };
    }
}

/// The target of a request.
pub fn target<B>(via: &Via, request: &Request<B>) -> Result<Target, Refusal> {
    let uri = request.uri();
    let host = host_header(request)?;
    let target = match via {
        Via::Inside(target) => {
            if let Some(scheme) = uri.scheme_str() {
                agree(scheme == name(target.scheme))?;
            }
            target.clone()
        }
        Via::Redirected(port) => {
            let host = uri.authority().map(Authority::as_str).or(host).ok_or(Refusal::NoHost)?;
            let target = Target::parse(host, Scheme::Http).map_err(Refusal::Host)?;
            let names_a_port = target.port != 80 || host.ends_with(":80");
            agree(!names_a_port || target.port == *port)?;
            Target { port: *port, ..target }
        }
        Via::Proxy => absolute(uri)?,
    };
    agree(uri.authority().is_none_or(|authority| target.is_named_by(authority.as_str())))?;
    agree(host.is_none_or(|host| target.is_named_by(host)))?;
    Ok(target)
}

/// The URI of a request with its target's scheme and host in the one form that they have.
pub fn whole_uri(target: &Target, uri: &Uri) -> Result<Uri, Refusal> {
    let authority = match &target.host {
        Host::Name(name) if target.scheme.default_port() == Some(target.port) => name.as_str().to_owned(),
        host if target.scheme.default_port() == Some(target.port) => host.to_string(),
        _ => target.to_string(),
    };
    let path = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    Uri::builder()
        .scheme(if is_secure(target.scheme) { uri::Scheme::HTTPS } else { uri::Scheme::HTTP })
        .authority(authority)
        .path_and_query(path)
        .build()
        .map_err(|_| Refusal::Path)
}

fn absolute(uri: &Uri) -> Result<Target, Refusal> {
    let scheme = match uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") => Scheme::Https,
        Some(_) => return Err(Refusal::Scheme),
        None => return Err(Refusal::NotAProxyRequest),
    };
    let authority = uri.authority().ok_or(Refusal::NotAProxyRequest)?;
    Target::parse(authority.as_str(), scheme).map_err(Refusal::Host)
}

fn host_header<B>(request: &Request<B>) -> Result<Option<&str>, Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    agree(hosts.next().is_none())?;
    host.map(|host| host.to_str().map_err(|_| Refusal::Disagreement)).transpose()
}

fn agree(agreed: bool) -> Result<(), Refusal> {
    if agreed { Ok(()) } else { Err(Refusal::Disagreement) }
}

fn name(scheme: Scheme) -> &'static str {
    if is_secure(scheme) { "https" } else { "http" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_of(via: &Via, uri: &str, host: &[&str]) -> Result<String, Refusal> {
        let mut request = Request::builder().uri(uri);
        for host in host {
            request = request.header("host", *host);
        }
        target(via, &request.body(()).unwrap()).map(|target| format!("{} {target}", name(target.scheme)))
    }

    #[test]
    fn a_proxy_request_names_its_host() {
        let target = |uri: &str, host: &[&str]| target_of(&Via::Proxy, uri, host);
        assert_eq!(target("http://A.example/x", &["a.example"]).unwrap(), "http a.example:80");
        assert_eq!(target("https://a.example:8443/", &[]).unwrap(), "https a.example:8443");
        assert!(matches!(target("/x", &["a.example"]), Err(Refusal::NotAProxyRequest)));
        assert!(matches!(target("ftp://a.example/", &["a.example"]), Err(Refusal::Scheme)));
        assert!(matches!(target("http://a.example/", &["b.example"]), Err(Refusal::Disagreement)));
        assert!(matches!(target("http://a.example/", &["a.example", "a.example"]), Err(Refusal::Disagreement)));
        assert!(matches!(target("http://u@a.example/", &[]), Err(Refusal::Host(_))));
        assert!(matches!(target("http://0x7f.1/", &[]), Err(Refusal::Host(_))));
    }

    #[test]
    fn a_request_in_a_connection_is_for_its_target() {
        let via = Via::Inside(Target::parse("a.example", Scheme::Https).unwrap());
        let target = |uri: &str, host: &[&str]| target_of(&via, uri, host);
        assert_eq!(target("/x", &["A.example:443"]).unwrap(), "https a.example:443");
        assert_eq!(target("https://a.example/x", &[]).unwrap(), "https a.example:443");
        for (uri, host) in [
            ("/x", "b.example"),
            ("/x", "a.example:8443"),
            ("https://b.example/", "a.example"),
            ("https://b.example/", "b.example"),
            ("http://a.example/", "a.example"),
            ("https://a.example/", "b.example"),
        ] {
            assert!(matches!(target(uri, &[host]), Err(Refusal::Disagreement)), "{uri} {host}");
        }
    }

    #[test]
    fn a_redirected_request_names_its_host_but_not_its_port() {
        let target = |host: &str| target_of(&Via::Redirected(8080), "/x", &[host]);
        assert_eq!(target("a.example").unwrap(), "http a.example:8080");
        assert_eq!(target("a.example:8080").unwrap(), "http a.example:8080");
        assert!(matches!(target("a.example:80"), Err(Refusal::Disagreement)));
        assert!(matches!(target_of(&Via::Redirected(80), "/x", &[]), Err(Refusal::NoHost)));
    }
}
