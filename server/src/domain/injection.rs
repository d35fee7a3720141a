//! How a credential reaches an API without entering the sandbox: programs get a placeholder, and the proxy puts the key in its place in
//! requests to the credential's own hosts. Pure.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Uri;
use octobot_proxy::inject::{Rule, When};
use octobot_proxy::policy::PathPattern;
use octobot_proxy::secret::Secret;
use octobot_wire::credential::CredentialValues;
use octobot_wire::launch::Variable;

use super::Credential;
use super::credential_type::{Form, Use, recipe};

const AUTHORIZATION: &str = "authorization";

/// The requests with which git fetches and pushes over HTTPS.
const GIT_PATHS: [&str; 3] = ["/**/info/refs", "/**/git-upload-pack", "/**/git-receive-pack"];

impl Credential {
    /// The variables that a program is given for it where a proxy adds the key: with a placeholder in place of it. A
    /// credential without a key is variables of the user's own, who was told that they are seen inside, or headers.
    pub fn placeholders(&self, values: Vec<Variable>) -> Vec<Variable> {
        if !recipe(self.credential_type).has_key() {
            return self.variables(values);
        }
        let hidden = |value: Variable| Variable { value: self.placeholder(), ..value };
        self.variables(values.into_iter().map(hidden).collect())
    }

    /// What the proxy does for it, by host.
    pub fn rules(&self, values: &[Variable]) -> Vec<(String, Rule)> {
        let recipe = recipe(self.credential_type);
        if recipe.values == CredentialValues::Headers {
            let below = self.at_address().and_then(|(host, rule)| Some((host, self.below_address(rule)?)));
            return below.map(|(host, rule)| (host, with_headers(rule, values))).into_iter().collect();
        }
        let Some(key) = self.key(values) else { return Vec::new() };
        recipe.uses.iter().flat_map(|of_key| self.rules_of(of_key, key)).collect()
    }

    fn rules_of(&self, of_key: &Use, key: &str) -> Vec<(String, Rule)> {
        let place = if of_key.host.is_empty() || self.base_url.is_some() {
            self.at_address()
        } else {
            Some((of_key.host.to_owned(), Rule::default()))
        };
        let Some((host, rule)) = place else { return Vec::new() };
        let rules = match of_key.form {
            Form::Header { name, prefix } => {
                let sent = format!("{prefix}{}", self.placeholder());
                vec![in_place_of(sent, name, format!("{prefix}{key}"), rule)]
            }
            Form::GitPassword { user } => {
                let when = When { paths: GIT_PATHS.map(path_pattern).into(), ..When::default() };
                vec![setting(AUTHORIZATION, basic(&format!("{user}:{key}")), Rule { when, ..rule })]
            }
            Form::Login => {
                let (sent, login) = match key.split_once(':') {
                    Some((user, _)) => (basic(&format!("{user}:{}", self.placeholder())), basic(key)),
                    None => (format!("Bearer {}", self.placeholder()), format!("Bearer {key}")),
                };
                let when = When { absent: vec![AUTHORIZATION.to_owned()], ..When::default() };
                let at_first = setting(AUTHORIZATION, login.clone(), Rule { when, ..rule.clone() });
                vec![at_first, in_place_of(sent, AUTHORIZATION, login, rule)]
            }
        };
        rules.into_iter().map(|rule| (host.clone(), rule)).collect()
    }

    /// The host of its own address, and a rule for its port there.
    fn at_address(&self) -> Option<(String, Rule)> {
        let address: Uri = self.address()?.parse().ok()?;
        let plain = address.scheme_str() == Some("http");
        let ports = vec![address.port_u16().unwrap_or(if plain { 80 } else { 443 })];
        Some((address.host()?.to_owned(), Rule { ports, plain, ..Rule::default() }))
    }

    /// The rule for its own address and what is beneath it only; none for a path that no rule can be about.
    fn below_address(&self, rule: Rule) -> Option<Rule> {
        let address: Uri = self.address()?.parse().ok()?;
        let path = address.path().trim_end_matches('/');
        let paths = if path.is_empty() { Vec::new() } else { vec![path.to_owned(), format!("{path}/**")] };
        let paths = paths.into_iter().map(PathPattern::try_from).collect::<Result<_, _>>().ok()?;
        Some(Rule { when: When { paths, ..When::default() }, ..rule })
    }

    /// What stands for the key inside. It looks like a key, so that programs take it for one, and tells whose place it has.
    fn placeholder(&self) -> String {
        format!("{}octobot-{}", recipe(self.credential_type).looks_like, self.id.uuid().simple())
    }
}

/// Sets a header.
fn setting(name: &str, value: String, mut rule: Rule) -> Rule {
    rule.set.insert(name.to_owned(), Secret::new(value));
    rule
}

/// Sets a header where something else is sent in it.
fn in_place_of(sent: String, name: &str, value: String, mut rule: Rule) -> Rule {
    rule.when.headers.insert(name.to_owned(), Some(Secret::new(sent)));
    setting(name, value, rule)
}

/// The headers that a user names: a `+` before the name adds one beside what is sent, no value takes it away.
fn with_headers(mut rule: Rule, values: &[Variable]) -> Rule {
    for Variable { name, value } in values {
        let secret = || Secret::new(value.clone());
        match name.strip_prefix('+') {
            _ if value.is_empty() => rule.remove.push(name.clone()),
            Some(name) => drop(rule.append.insert(name.to_owned(), secret())),
            None => drop(rule.set.insert(name.clone(), secret())),
        }
    }
    rule
}

fn basic(login: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(login))
}

fn path_pattern(path: &str) -> PathPattern {
    PathPattern::try_from(path.to_owned()).expect("the patterns are right")
}

#[cfg(test)]
mod tests {
    use octobot_proxy::config::{Config, Settings};
    use octobot_proxy::inject::OneOrMany;
    use octobot_wire::credential::CredentialTypeId;
    use octobot_wire::{CredentialId, ProjectId, Timestamp};

    use super::super::credential_type::credential_types;
    use super::*;

    fn credential(credential_type: CredentialTypeId, base_url: Option<&str>) -> (Credential, Vec<Variable>) {
        let name = recipe(credential_type).variables.first().copied().unwrap_or("A");
        let credential = Credential {
            id: CredentialId::new(uuid::Uuid::nil()),
            project_id: ProjectId::local(),
            name: "c".to_owned(),
            credential_type,
            base_url: base_url.map(str::to_owned),
            every_session: true,
            value_names: vec![name.to_owned()],
            tested: None,
            last_used_at: None,
            rotated_at: Timestamp(0),
            created_at: Timestamp(0),
        };
        (credential, vec![Variable { name: name.to_owned(), value: "the-key".to_owned() }])
    }

    #[test]
    fn a_key_is_in_no_variable_and_in_rules_that_a_proxy_takes() {
        for listed in credential_types() {
            let base_url = listed.has_base_url.then_some("https://models.example:8443/v1");
            let (credential, values) = credential(listed.id, base_url);
            let given = credential.placeholders(values.clone());
            let rules = credential.rules(&values);
            let is_hidden = given.iter().all(|variable| !variable.value.contains("the-key"));
            assert_eq!(is_hidden, listed.values != CredentialValues::Variables, "{}", listed.name);
            assert_eq!(rules.is_empty(), listed.values == CredentialValues::Variables, "{}", listed.name);
            for (host, rule) in rules {
                let config = Config { headers: [(host, OneOrMany::One(rule))].into(), ..Config::default() };
                Settings::new(config, None).unwrap();
            }
        }
    }

    #[test]
    fn a_key_goes_where_its_placeholder_is_sent_and_nowhere_else() {
        let (credential, values) = credential(CredentialTypeId::Anthropic, None);
        let sent = credential.placeholders(values.clone()).remove(0).value;
        let (host, rule) = credential.rules(&values).remove(0);
        assert_eq!(host, "api.anthropic.com");
        assert_eq!(rule.when.headers["x-api-key"], Some(Secret::new(sent)));
        assert_eq!(rule.set["x-api-key"], Secret::new("the-key".to_owned()));
    }

    #[test]
    fn a_key_of_an_api_at_an_address_of_its_own_goes_to_that_port() {
        let (credential, values) = credential(CredentialTypeId::OpenAiCompatible, Some("http://10.0.0.7:11434/v1"));
        let (host, rule) = credential.rules(&values).remove(0);
        assert_eq!((host.as_str(), rule.ports.as_slice(), rule.plain), ("10.0.0.7", &[11434][..], true));
    }

    #[test]
    fn a_forges_token_goes_to_its_own_address_or_to_the_forges() {
        let hosts = |credential_type, base_url: Option<&str>| {
            let (credential, values) = credential(credential_type, base_url);
            let mut hosts: Vec<_> = credential.rules(&values).into_iter().map(|(host, _)| host).collect();
            hosts.dedup();
            hosts
        };
        assert_eq!(hosts(CredentialTypeId::GitHub, None), ["api.github.com", "github.com"]);
        assert_eq!(hosts(CredentialTypeId::GitHub, Some("https://git.example")), ["git.example"]);
        assert_eq!(hosts(CredentialTypeId::GitLab, None), ["gitlab.com"]);
    }

    #[test]
    fn a_login_is_put_where_a_client_sends_none_or_the_placeholder() {
        let registry = |key: &str| {
            let (credential, mut values) = credential(CredentialTypeId::Registry, Some("https://npm.example"));
            key.clone_into(&mut values[0].value);
            credential.rules(&values).into_iter().map(|(_, rule)| rule).collect::<Vec<_>>()
        };
        for (key, sent) in [("token", "Bearer token"), ("me:word", "Basic bWU6d29yZA==")] {
            let rules = registry(key);
            assert_eq!(rules[0].when.absent, ["authorization"]);
            assert!(rules[1].when.headers["authorization"].is_some());
            assert!(rules.iter().all(|rule| rule.set["authorization"] == Secret::new(sent.to_owned())), "{key}");
        }
    }

    #[test]
    fn headers_of_the_users_own_are_set_added_and_taken_away_beneath_the_address() {
        let (mut credential, _) = credential(CredentialTypeId::Headers, Some("https://*.example.com/v2"));
        let value = |name: &str, value: &str| Variable { name: name.to_owned(), value: value.to_owned() };
        let (host, rule) =
            credential.rules(&[value("x-set", "1"), value("+x-add", "2"), value("x-gone", "")]).remove(0);
        assert_eq!((host.as_str(), rule.ports.as_slice(), rule.plain), ("*.example.com", &[443][..], false));
        assert_eq!(rule.set["x-set"], Secret::new("1".to_owned()));
        assert_eq!(rule.append["x-add"], Secret::new("2".to_owned()));
        assert_eq!(rule.remove, ["x-gone"]);
        let paths: Vec<_> = rule.when.paths.iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["/v2", "/v2/**"]);
        credential.base_url = Some("https://a.example/%41".to_owned());
        assert_eq!(credential.rules(&[value("x-set", "1")]), []);
    }
}
