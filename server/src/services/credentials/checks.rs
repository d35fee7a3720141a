//! What a credential may be.

use std::collections::HashSet;

use http::{HeaderName, Uri};
use octobot_proxy::inject::{Injector, OneOrMany};
use octobot_wire::credential::{CredentialValues, SaveCredential};
use octobot_wire::launch::Variable;
use octobot_wire::name::{InvalidName, parse_name};
use octobot_wire::value::SaveValue;

use crate::domain::Credential;
use crate::domain::credential_type::{CredentialRecipe, recipe};

/// How many variables one credential may have.
const MAX_VALUES: usize = 64;

/// How long a value or an address may be, in bytes.
const MAX_BYTES: usize = 32 * 1024;

/// What is wrong with a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredential {
    /// Its name.
    #[error("{0}")]
    Name(#[from] InvalidName),
    /// Its name again.
    #[error("There is another credential of this name.")]
    NameTwice,
    /// An address that isn't one.
    #[error("Give an address that begins with http:// or https://, without a user and a query.")]
    BaseUrl,
    /// The address is another, and a stored key would go there.
    #[error("Type the key again: the stored one was given for another address.")]
    KeyForOtherAddress,
    /// No value at all.
    #[error("Give a value.")]
    Empty,
    /// More values than it may have.
    #[error("A credential has at most {MAX_VALUES} variables.")]
    TooManyValues,
    /// A variable that can't be one.
    #[error("{0:?} can't be the name of a variable: letters, digits and “_”, not a digit first.")]
    VariableName(String),
    /// A header that can't be one.
    #[error("{0:?} can't be the name of a header: letters, digits and “-”, after a “+” for one that is added.")]
    HeaderName(String),
    /// Headers that the proxy couldn't set.
    #[error("The proxy can't do that: {0}.")]
    Rule(String),
    /// A variable twice.
    #[error("{0} is there twice.")]
    VariableTwice(String),
    /// A variable that the type doesn't have.
    #[error("This type of credential has the value {expected}, not {given:?}.")]
    OtherVariable {
        /// What it has.
        expected: &'static str,
        /// What was given.
        given: String,
    },
    /// A value that can't be given.
    #[error("The value of {0} can't be used: it is empty, too long, or has line breaks or other control characters.")]
    Value(String),
    /// A value without one that could be kept.
    #[error("{0} has no value.")]
    ValueMissing(String),
    /// The type is another.
    #[error("A credential keeps its type. Add another one instead.")]
    TypeFixed,
    /// More credentials than a project may have.
    #[error("A project has at most 100 credentials. Revoke one that isn't used any more.")]
    TooMany,
}

impl InvalidCredential {
    /// The field that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Name(_) | Self::NameTwice => "name",
            Self::BaseUrl => "baseUrl",
            Self::TypeFixed => "credentialType",
            Self::TooMany => "credentials",
            Self::KeyForOtherAddress
            | Self::Empty
            | Self::TooManyValues
            | Self::VariableName(_)
            | Self::HeaderName(_)
            | Self::Rule(_)
            | Self::VariableTwice(_)
            | Self::OtherVariable { .. }
            | Self::Value(_)
            | Self::ValueMissing(_) => "values",
        }
    }
}

/// A request with all its values; those that aren't given are the kept ones, which go to no other address than before.
pub(super) fn checked(
    request: SaveCredential,
    others: &[Credential],
    former_url: Option<&str>,
    kept: &[Variable],
) -> Result<(SaveCredential, Vec<Variable>), InvalidCredential> {
    let recipe = recipe(request.credential_type);
    let name = parse_name(&request.name)?;
    if others.iter().any(|other| other.name == name) {
        return Err(InvalidCredential::NameTwice);
    }
    let typed = request.base_url.as_deref().unwrap_or_default();
    let is_default = recipe.default_address.is_some() && typed.trim().is_empty();
    let url = (recipe.has_address && !is_default).then(|| checked_url(typed));
    let base_url = url.transpose()?.filter(|url| Some(url.as_str()) != recipe.default_address);
    let keeps_some = request.values.iter().any(|value| value.value.is_none());
    let at = |url: Option<&'_ str>| url.or(recipe.default_address).map(str::to_owned);
    if keeps_some && !kept.is_empty() && at(base_url.as_deref()) != at(former_url) {
        return Err(InvalidCredential::KeyForOtherAddress);
    }
    let values = checked_values(recipe, &request.values, kept)?;
    Ok((SaveCredential { name, base_url, ..request }, values))
}

/// Makes sure that the proxy takes what it would be told of a credential: it would refuse all that it is told otherwise.
pub(super) fn check_rules(credential: &Credential, values: &[Variable]) -> Result<(), InvalidCredential> {
    let rules = credential.rules(values);
    if rules.is_empty() && recipe(credential.credential_type).values == CredentialValues::Headers {
        return Err(InvalidCredential::BaseUrl);
    }
    for (host, rule) in rules {
        let told = [(host, OneOrMany::One(rule))].into();
        Injector::new(&told).map_err(|error| InvalidCredential::Rule(error.to_string()))?;
    }
    Ok(())
}

fn checked_url(url: &str) -> Result<String, InvalidCredential> {
    let url = url.trim().trim_end_matches('/');
    let uri: Uri = url.parse().map_err(|_| InvalidCredential::BaseUrl)?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().ok_or(InvalidCredential::BaseUrl)?;
    let is_plain = !authority.host().is_empty() && !authority.as_str().contains('@') && uri.query().is_none();
    let is_plain = is_plain && !url.contains('#');
    if is_http && is_plain && url.len() <= MAX_BYTES { Ok(url.to_owned()) } else { Err(InvalidCredential::BaseUrl) }
}

fn checked_values(
    recipe: &CredentialRecipe,
    given: &[SaveValue],
    kept: &[Variable],
) -> Result<Vec<Variable>, InvalidCredential> {
    if given.is_empty() {
        return Err(InvalidCredential::Empty);
    }
    if given.len() > MAX_VALUES {
        return Err(InvalidCredential::TooManyValues);
    }
    let mut names = HashSet::new();
    let mut values = Vec::with_capacity(given.len());
    for saved in given {
        let name = &saved.name;
        check_name(recipe, name)?;
        if !names.insert(name) {
            return Err(InvalidCredential::VariableTwice(name.clone()));
        }
        let value = saved.given_or_kept(kept).ok_or_else(|| InvalidCredential::ValueMissing(name.clone()))?;
        // What is pasted often has a line's end or blanks around it, and a key never does.
        let value = if recipe.has_key() { value.trim().to_owned() } else { value };
        if !is_value(&value, recipe.values) {
            return Err(InvalidCredential::Value(name.clone()));
        }
        values.push(Variable { name: name.clone(), value });
    }
    Ok(values)
}

fn check_name(recipe: &CredentialRecipe, name: &str) -> Result<(), InvalidCredential> {
    let header = || HeaderName::from_bytes(name.strip_prefix('+').unwrap_or(name).as_bytes());
    match (recipe.variables.first(), recipe.values) {
        (Some(expected), _) if *expected == name => Ok(()),
        (Some(expected), _) => Err(InvalidCredential::OtherVariable { expected, given: name.to_owned() }),
        (None, CredentialValues::Headers) => {
            header().map(drop).map_err(|_| InvalidCredential::HeaderName(name.to_owned()))
        }
        (None, _) if is_variable_name(name) => Ok(()),
        (None, _) => Err(InvalidCredential::VariableName(name.to_owned())),
    }
}

fn is_variable_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit()) && name.len() <= 256
}

/// A key becomes a header, so it has visible characters only. A header may be empty, and then is taken away; a variable may be a
/// file's text.
fn is_value(value: &str, values: CredentialValues) -> bool {
    value.len() <= MAX_BYTES
        && match values {
            CredentialValues::Key => !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic()),
            CredentialValues::Headers => value.chars().all(|c| c.is_ascii_graphic() || c == ' '),
            CredentialValues::Variables => !value.is_empty() && !value.contains('\0'),
        }
}

#[cfg(test)]
mod tests {
    use octobot_wire::credential::CredentialTypeId;

    use super::*;

    fn request(credential_type: CredentialTypeId, values: &[(&str, Option<&str>)]) -> SaveCredential {
        let value = |&(name, value): &(&str, Option<&str>)| SaveValue {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        SaveCredential {
            name: " Key ".to_owned(),
            credential_type,
            base_url: None,
            values: values.iter().map(value).collect(),
            every_session: true,
        }
    }

    fn variable(name: &str, value: &str) -> Variable {
        Variable { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_pasted_key_loses_what_stands_around_it_and_a_kept_one_stays() {
        let pasted = request(CredentialTypeId::Anthropic, &[("ANTHROPIC_API_KEY", Some(" sk-1\n"))]);
        let (saved, values) = checked(pasted, &[], None, &[]).unwrap();
        assert_eq!((saved.name.as_str(), values), ("Key", vec![variable("ANTHROPIC_API_KEY", "sk-1")]));
        let kept = [variable("ANTHROPIC_API_KEY", "old")];
        let without = request(CredentialTypeId::Anthropic, &[("ANTHROPIC_API_KEY", None)]);
        assert_eq!(checked(without.clone(), &[], None, &kept).unwrap().1, kept);
        let missing = InvalidCredential::ValueMissing("ANTHROPIC_API_KEY".to_owned());
        assert_eq!(checked(without, &[], None, &[]).unwrap_err(), missing);
    }

    #[test]
    fn what_no_program_can_be_given_is_refused() {
        let anthropic = |values: &[(&str, Option<&str>)]| {
            checked(request(CredentialTypeId::Anthropic, values), &[], None, &[]).unwrap_err()
        };
        assert_eq!(anthropic(&[]), InvalidCredential::Empty);
        for value in ["", " ", "a b", "a\r\nx-evil: 1", "é"] {
            assert_eq!(
                anthropic(&[("ANTHROPIC_API_KEY", Some(value))]),
                InvalidCredential::Value("ANTHROPIC_API_KEY".to_owned()),
                "{value:?}"
            );
        }
        let expected = "ANTHROPIC_API_KEY";
        let other = InvalidCredential::OtherVariable { expected, given: "PATH".to_owned() };
        assert_eq!(anthropic(&[("PATH", Some("x"))]), other);
        let own = |values: &[(&str, Option<&str>)]| {
            checked(request(CredentialTypeId::Variables, values), &[], None, &[]).unwrap_err()
        };
        for name in ["", "1A", "A-B", "A=B", "A B"] {
            assert_eq!(own(&[(name, Some("x"))]), InvalidCredential::VariableName(name.to_owned()), "{name:?}");
        }
        assert_eq!(own(&[("A", Some("1")), ("A", Some("2"))]), InvalidCredential::VariableTwice("A".to_owned()));
        assert_eq!(own(&[("A", Some("a\0b"))]), InvalidCredential::Value("A".to_owned()));
    }

    #[test]
    fn headers_that_no_request_can_have_are_refused() {
        let own = |url: &str, name: &str, value: &str| {
            let mut request = request(CredentialTypeId::Headers, &[(name, Some(value))]);
            request.base_url = Some(url.to_owned());
            let (request, values) = checked(request, &[], None, &[])?;
            let credential = Credential {
                id: octobot_wire::CredentialId::new(uuid::Uuid::nil()),
                project_id: octobot_wire::ProjectId::local(),
                name: request.name,
                credential_type: request.credential_type,
                base_url: request.base_url,
                every_session: true,
                value_names: Vec::new(),
                tested: None,
                last_used_at: None,
                rotated_at: octobot_wire::Timestamp(0),
                created_at: octobot_wire::Timestamp(0),
            };
            check_rules(&credential, &values)
        };
        for (name, value) in [("x-key", "a b"), ("+x-key", "1"), ("x-key", "")] {
            assert_eq!(own("https://*.example.com/v2", name, value), Ok(()), "{name}");
        }
        assert_eq!(own("https://a.example", "x key", "1"), Err(InvalidCredential::HeaderName("x key".to_owned())));
        assert_eq!(own("https://a.example", "x", "1\n2"), Err(InvalidCredential::Value("x".to_owned())));
        assert!(matches!(own("https://a.example", "host", "1"), Err(InvalidCredential::Rule(_))));
        assert!(matches!(own("https://*", "x", "1"), Err(InvalidCredential::Rule(_))));
        assert_eq!(own("https://a.example/%41", "x", "1"), Err(InvalidCredential::BaseUrl));
    }

    #[test]
    fn an_address_that_has_a_default_may_be_left_out() {
        let to = |url: Option<&str>, value: Option<&str>| SaveCredential {
            base_url: url.map(str::to_owned),
            ..request(CredentialTypeId::GitHub, &[("GITHUB_TOKEN", value)])
        };
        for url in [None, Some(" "), Some("https://github.com/")] {
            assert_eq!(checked(to(url, Some("k")), &[], None, &[]).unwrap().0.base_url, None, "{url:?}");
        }
        let kept = [variable("GITHUB_TOKEN", "old")];
        assert!(checked(to(None, None), &[], Some("https://github.com"), &kept).is_ok());
        let moved = checked(to(Some("https://evil.example"), None), &[], None, &kept);
        assert_eq!(moved.unwrap_err(), InvalidCredential::KeyForOtherAddress);
        let back = checked(to(None, None), &[], Some("https://git.example"), &kept);
        assert_eq!(back.unwrap_err(), InvalidCredential::KeyForOtherAddress);
    }

    #[test]
    fn a_stored_key_never_goes_to_another_address() {
        let to = |url: &str, value: Option<&str>| SaveCredential {
            base_url: Some(url.to_owned()),
            ..request(CredentialTypeId::OpenAiCompatible, &[("OPENAI_API_KEY", value)])
        };
        let kept = [variable("OPENAI_API_KEY", "old")];
        let former = Some("https://a.example/v1");
        assert!(checked(to("https://a.example/v1/", None), &[], former, &kept).is_ok());
        let moved = checked(to("https://evil.example/v1", None), &[], former, &kept);
        assert_eq!(moved.unwrap_err(), InvalidCredential::KeyForOtherAddress);
        assert!(checked(to("https://evil.example/v1", Some("new")), &[], former, &kept).is_ok());
        for url in ["", "a.example", "ftp://a.example", "http://u:p@a.example", "http://a.example/?x=1", "http://"] {
            let refused = checked(to(url, Some("k")), &[], None, &[]);
            assert_eq!(refused.unwrap_err(), InvalidCredential::BaseUrl, "{url}");
        }
    }
}
