//! What is added to requests, and taken from them, that the client doesn't know. Pure: a request's head in, another out.
//!
//! A rule's headers go to the hosts and ports that it names, over TLS, and nowhere else. Here is no decision about who may be
//! reached, and nothing is logged.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sha2::{Digest as _, Sha256};

use crate::policy::{PathPattern, PatternError, ReadPath, Scheme, Target};
use crate::secret::Secret;

mod config;
mod domain;

pub use config::{OneOrMany, Rule, Rules, When, restore};

use domain::Domain;

/// What is wrong with a rule. No variant has a value.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The domain isn't one.
    #[error("headers: {domain:?} isn't a domain")]
    Domain {
        /// The text.
        domain: String,
        /// Why not.
        source: PatternError,
    },
    /// A name isn't one. It may be a whole header with its value, so that it isn't told.
    #[error("headers of {domain:?}: a name in `{part}` isn't a header's name")]
    Name {
        /// The rule's domain.
        domain: String,
        /// Which part of the rule has it.
        part: &'static str,
    },
    /// A header decides where a request goes or ends.
    #[error("headers of {domain:?}: {name:?} belongs to the connection and can't be changed")]
    Connection {
        /// The rule's domain.
        domain: String,
        /// The header.
        name: String,
    },
    /// A value can't stand in a header.
    #[error("headers of {domain:?}: the value of {name:?} has a character that no header may have")]
    Value {
        /// The rule's domain.
        domain: String,
        /// The header.
        name: String,
    },
    /// A value refers to a secret that isn't there, or no longer.
    #[error(
        "headers of {domain:?}: {name:?} refers to a secret that this header of the domain doesn't have: write its value"
    )]
    Unknown {
        /// The rule's domain.
        domain: String,
        /// The header.
        name: String,
    },
    /// A method isn't one.
    #[error("headers of {domain:?}: {method:?} isn't a method")]
    Method {
        /// The rule's domain.
        domain: String,
        /// The text.
        method: String,
    },
}

/// Rules that are ready to be applied.
#[derive(Debug, Default)]
pub struct Injector {
    rules: Vec<Ready>,
}

/// The rules for one request.
#[derive(Debug)]
pub struct Fitting<'a>(Vec<&'a Ready>);

/// A rule whose texts have been read.
#[derive(Debug)]
struct Ready {
    domain: Domain,
    ports: Vec<u16>,
    plain: bool,
    methods: Vec<Method>,
    paths: Vec<PathPattern>,
    wanted: Vec<(HeaderName, Option<Secret>)>,
    absent: Vec<HeaderName>,
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, HeaderValue)>,
    append: Vec<(HeaderName, HeaderValue)>,
    digest: Option<String>,
}

impl Injector {
    /// Reads the rules.
    pub fn new(rules: &Rules) -> Result<Self, RuleError> {
        let rules = rules.iter().flat_map(|(domain, rules)| rules.rules().iter().map(move |rule| (domain, rule)));
        let rules = rules.map(|(domain, rule)| Ready::new(domain, rule)).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// The rules for a request, as the client sent it: conditions don't look at what another rule made of it.
    pub fn fitting(&self, target: &Target, head: &Parts) -> Fitting<'_> {
        Fitting(self.rules.iter().filter(|rule| rule.fits(target, head)).collect())
    }
}

impl Fitting<'_> {
    /// What names the credentials that are injected, if any: the same for the same ones, and only for them.
    pub fn credentials(&self) -> Option<Cow<'_, str>> {
        let mut digests = self.0.iter().filter_map(|rule| rule.digest.as_deref());
        let first = digests.next()?;
        let names = digests.fold(Cow::Borrowed(first), |names, name| Cow::Owned(format!("{names}+{name}")));
        Some(names)
    }

    /// Applies the rules. What the client itself sent has been freed of the headers of its connection before, so that it
    /// can't have a header removed again that is set here.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for rule in &self.0 {
            for name in &rule.remove {
                headers.remove(name);
            }
            for (name, value) in &rule.set {
                headers.insert(name, value.clone());
            }
            for (name, value) in &rule.append {
                headers.append(name, value.clone());
            }
        }
    }
}

/// The SHA-256 of what a rule adds, in Base64; none if it adds nothing.
fn digest(rule: &Rule) -> Option<String> {
    if rule.set.is_empty() && rule.append.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    for (name, value) in rule.set.iter().chain(&rule.append) {
        for text in [name.as_str(), value.reveal()] {
            // With its length before it, no text can run into the next.
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
    Some(STANDARD_NO_PAD.encode(hash.finalize()))
}

impl Ready {
    fn new(domain: &str, rule: &Rule) -> Result<Self, RuleError> {
        let names =
            |part, names: &[String]| names.iter().map(|name| header_name(domain, part, name)).collect::<Result<_, _>>();
        let values = |part, values: &BTreeMap<String, Secret>| {
            values.iter().map(|(name, value)| header(domain, part, name, value)).collect::<Result<_, _>>()
        };
        let wanted = rule.when.headers.iter().map(|(name, value)| {
            let parsed = header_name(domain, "when", name)?;
            match value {
                Some(value) if value.is_reference() => {
                    Err(RuleError::Unknown { domain: domain.to_owned(), name: name.clone() })
                }
                value => Ok((parsed, value.clone())),
            }
        });
        let methods = rule.when.methods.iter().map(|method| {
            Method::from_bytes(method.as_bytes())
                .map_err(|_| RuleError::Method { domain: domain.to_owned(), method: method.clone() })
        });
        Ok(Self {
            domain: domain.parse().map_err(|source| RuleError::Domain { domain: domain.to_owned(), source })?,
            ports: match rule.ports.as_slice() {
                [] if rule.plain => vec![80, 443],
                [] => vec![443],
                ports => ports.to_vec(),
            },
            plain: rule.plain,
            methods: methods.collect::<Result<_, _>>()?,
            paths: rule.when.paths.clone(),
            wanted: wanted.collect::<Result<_, _>>()?,
            absent: names("when", &rule.when.absent)?,
            remove: names("remove", &rule.remove)?,
            set: values("set", &rule.set)?,
            append: values("append", &rule.append)?,
            digest: digest(rule),
        })
    }

    /// Whether the path is one of the rule's, however a server reads it.
    fn has_path(&self, path: &str) -> bool {
        self.paths.is_empty()
            || ReadPath::read(path).is_some_and(|path| self.paths.iter().any(|pattern| path.fits(pattern)))
    }

    fn fits(&self, target: &Target, head: &Parts) -> bool {
        (target.scheme == Scheme::Https || self.plain)
            && self.ports.contains(&target.port)
            && self.domain.contains(&target.host)
            && (self.methods.is_empty() || self.methods.contains(&head.method))
            && self.has_path(head.uri.path())
            && self.absent.iter().all(|name| !head.headers.contains_key(name))
            && self.wanted.iter().all(|(name, value)| {
                let mut sent = head.headers.get_all(name).iter().peekable();
                match value {
                    None => sent.peek().is_some(),
                    Some(value) => sent.any(|sent| sent.to_str().is_ok_and(|sent| value.is(sent))),
                }
            })
    }
}

/// Headers of the connection aren't for rules to change.
fn header_name(domain: &str, part: &'static str, name: &str) -> Result<HeaderName, RuleError> {
    const OF_THE_CONNECTION: [&str; 8] =
        ["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| RuleError::Name { domain: domain.to_owned(), part })?;
    if OF_THE_CONNECTION.contains(&parsed.as_str()) {
        return Err(RuleError::Connection { domain: domain.to_owned(), name: name.to_owned() });
    }
    Ok(parsed)
}

fn header(
    domain: &str,
    part: &'static str,
    name: &str,
    value: &Secret,
) -> Result<(HeaderName, HeaderValue), RuleError> {
    let parsed = header_name(domain, part, name)?;
    if value.is_reference() {
        return Err(RuleError::Unknown { domain: domain.to_owned(), name: name.to_owned() });
    }
    let mut value = HeaderValue::from_str(value.reveal())
        .map_err(|_| RuleError::Value { domain: domain.to_owned(), name: name.to_owned() })?;
    // Its `Debug` says nothing, and HTTP/2 doesn't put it into a table that later requests refer to.
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests;
