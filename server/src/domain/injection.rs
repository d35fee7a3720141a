//! How a credential reaches an API without entering the sandbox: programs get a placeholder, and the proxy puts the key in its place in
//! requests to the credential's own hosts. Pure.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Uri;
use octobot_proxy::inject::{Rule, When};
use octobot_proxy::policy::PathPattern;
use octobot_proxy::secret::Secret;
use octobot_wire::launch::Variable;

use super::Credential;
use super::credential_type::{Form, Use, recipe};

/// The requests with which git fetches and pushes over HTTPS.
const GIT_PATHS: [&str; 3] = ["/**/info/refs", "/**/git-upload-pack", "/**/git-receive-pack"];

impl Credential {
    /// The variables that a program is given for it where a proxy adds the key: with a placeholder in place of it. A
    /// credential without a key is variables of the user's own, who was told that they are seen inside.
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
        let key = recipe.variables.first().and_then(|name| values.iter().find(|value| value.name == *name));
        let Some(Variable { value: key, .. }) = key else { return Vec::new() };
        recipe.uses.iter().filter_map(|of_key| self.rule(of_key, key)).collect()
    }

    fn rule(&self, of_key: &Use, key: &str) -> Option<(String, Rule)> {
        let mut rule = Rule::default();
        let host = if of_key.host.is_empty() {
            let address: Uri = self.base_url.as_deref()?.parse().ok()?;
            rule.plain = address.scheme_str() == Some("http");
            rule.ports = vec![address.port_u16().unwrap_or(if rule.plain { 80 } else { 443 })];
            address.host()?.to_owned()
        } else {
            of_key.host.to_owned()
        };
        match of_key.form {
            Form::Header { name, prefix } => {
                let sent = Secret::new(format!("{prefix}{}", self.placeholder()));
                rule.set.insert(name.to_owned(), Secret::new(format!("{prefix}{key}")));
                rule.when = When { headers: [(name.to_owned(), Some(sent))].into(), ..When::default() };
            }
            Form::GitPassword { user } => {
                let both = BASE64_STANDARD.encode(format!("{user}:{key}"));
                rule.set.insert("authorization".to_owned(), Secret::new(format!("Basic {both}")));
                let paths =
                    GIT_PATHS.map(|path| PathPattern::try_from(path.to_owned()).expect("the patterns are right"));
                rule.when = When { paths: paths.into(), ..When::default() };
            }
        }
        Some((host, rule))
    }

    /// What stands for the key inside. It looks like a key, so that programs take it for one, and tells whose place it has.
    fn placeholder(&self) -> String {
        format!("{}octobot-{}", recipe(self.credential_type).looks_like, self.id.uuid().simple())
    }
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
            assert_eq!(is_hidden, listed.id != CredentialTypeId::Variables, "{}", listed.name);
            assert_eq!(rules.is_empty(), listed.id == CredentialTypeId::Variables, "{}", listed.name);
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
}
