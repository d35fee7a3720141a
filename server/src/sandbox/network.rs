//! What is the same about every sandbox's network, whoever makes it: a proxy of its own is the only way out, programs are told of
//! it by variables, and trust its certificate authority.
//!
//! Nothing here runs a proxy or makes a network: that is the providers' business.

mod addresses;
mod home;
mod runtime;
mod trust;

pub use addresses::of_machine as machine_addresses;
pub use home::ProxyHome;
pub use runtime::{RuntimeError, RuntimeFolder};
pub use trust::{STORES, Trust};

/// Where the certificates are inside that programs trust.
pub const CA_BUNDLE: &str = "/.octobot/ca-bundle.crt";

/// The same for Java.
pub const JAVA_STORE: &str = "/.octobot/cacerts";

/// Variables that point at a proxy; both spellings are in use.
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// Variables that point at certificates: of OpenSSL and Go, Node, Python's requests, curl, git, pip, cargo, Deno, and the AWS tools.
const TRUST_VARIABLES: [&str; 9] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "AWS_CA_BUNDLE",
];

/// What programs are told of the network. They get nowhere else without it; with it they say which host they mean, and
/// reach other ports than those of the web.
pub fn variables() -> Vec<(&'static str, String)> {
    let proxy = format!("http://{}", octobot_inlet::PROXY);
    let mut variables: Vec<_> = PROXY_VARIABLES.iter().map(|&name| (name, proxy.clone())).collect();
    variables.extend(["NO_PROXY", "no_proxy"].map(|name| (name, "localhost,127.0.0.1,::1".to_owned())));
    // Node asks for the ones above only when it is told to.
    variables.push(("NODE_USE_ENV_PROXY", "1".to_owned()));
    // It says so on standard error at each start, but reaches every Java, wherever that was installed.
    variables.push(("JAVA_TOOL_OPTIONS", format!("-Djavax.net.ssl.trustStore={JAVA_STORE}")));
    variables.extend(TRUST_VARIABLES.iter().map(|&name| (name, CA_BUNDLE.to_owned())));
    variables
}
