//! Credentials. Their values stand apart from them, so that nobody reads secrets who only wants to know what there is.

use octobot_wire::credential::{self as wire, CredentialTest, CredentialTypeId, CredentialValues};
use octobot_wire::launch::Variable;
use octobot_wire::{CredentialId, ProjectId, Timestamp};

use super::credential_type;

/// A credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The project that has it.
    pub project_id: ProjectId,
    /// Its name, of which a project has one once.
    pub name: String,
    /// Its type.
    pub credential_type: CredentialTypeId,
    /// Where the API is, of a type that has an address of its own; none for the type's default.
    pub base_url: Option<String>,
    /// Whether all sessions of the project have it.
    pub every_session: bool,
    /// The names of its values.
    pub value_names: Vec<String>,
    /// What came of the last try.
    pub tested: Option<CredentialTest>,
    /// When an agent was last given it.
    pub last_used_at: Option<Timestamp>,
    /// When its values were last replaced.
    pub rotated_at: Timestamp,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Credential {
    /// The credential as clients see it.
    pub fn to_wire(&self) -> wire::Credential {
        wire::Credential {
            id: self.id,
            name: self.name.clone(),
            credential_type: self.credential_type,
            base_url: self.base_url.clone(),
            variables: self.variable_names(),
            every_session: self.every_session,
            tested: self.tested.clone(),
            last_used_at: self.last_used_at,
            rotated_at: self.rotated_at,
            created_at: self.created_at,
        }
    }

    /// Where its API is, or its pages; none of a type without an address.
    pub fn address(&self) -> Option<&str> {
        self.base_url.as_deref().or(credential_type::recipe(self.credential_type).default_address)
    }

    /// The variables that an agent's program is given for it. Headers are none.
    pub fn variables(&self, values: Vec<Variable>) -> Vec<Variable> {
        let recipe = credential_type::recipe(self.credential_type);
        if recipe.values == CredentialValues::Headers {
            return Vec::new();
        }
        let Some(key) = recipe.variables.first() else { return values };
        let Some(value) = values.into_iter().find(|value| value.name == *key).map(|value| value.value) else {
            return Vec::new();
        };
        let named = |name: &&str| Variable { name: (*name).to_owned(), value: value.clone() };
        let of_address = recipe.address_variable.zip(self.address());
        let address = of_address.map(|(name, url)| Variable { name: name.to_owned(), value: url.to_owned() });
        recipe.variables.iter().map(named).chain(address).collect()
    }

    fn variable_names(&self) -> Vec<String> {
        let recipe = credential_type::recipe(self.credential_type);
        if !recipe.has_key() {
            return self.value_names.clone();
        }
        recipe.variables.iter().copied().chain(recipe.address_variable).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(credential_type: CredentialTypeId, base_url: Option<&str>, value_names: &[&str]) -> Credential {
        Credential {
            id: CredentialId::new(uuid::Uuid::nil()),
            project_id: ProjectId::local(),
            name: "c".to_owned(),
            credential_type,
            base_url: base_url.map(str::to_owned),
            every_session: true,
            value_names: value_names.iter().map(|&name| name.to_owned()).collect(),
            tested: None,
            last_used_at: None,
            rotated_at: Timestamp(0),
            created_at: Timestamp(0),
        }
    }

    fn variable(name: &str, value: &str) -> Variable {
        Variable { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_token_is_given_under_every_name_that_a_program_may_look_for() {
        let github = credential(CredentialTypeId::GitHub, None, &["GITHUB_TOKEN"]);
        let given = github.variables(vec![variable("GITHUB_TOKEN", "t")]);
        assert_eq!(given, ["GITHUB_TOKEN", "GH_TOKEN", "COPILOT_GITHUB_TOKEN"].map(|name| variable(name, "t")));
        assert_eq!(github.to_wire().variables, ["GITHUB_TOKEN", "GH_TOKEN", "COPILOT_GITHUB_TOKEN"]);
    }

    #[test]
    fn an_address_goes_with_its_key() {
        let own = credential(CredentialTypeId::OpenAiCompatible, Some("http://h/v1"), &["OPENAI_API_KEY"]);
        let given = own.variables(vec![variable("OPENAI_API_KEY", "k")]);
        assert_eq!(given, [variable("OPENAI_API_KEY", "k"), variable("OPENAI_BASE_URL", "http://h/v1")]);
    }

    #[test]
    fn variables_of_the_users_own_are_given_as_they_are() {
        let own = credential(CredentialTypeId::Variables, None, &["A", "B"]);
        let values = vec![variable("A", "1"), variable("B", "2")];
        assert_eq!(own.variables(values.clone()), values);
        assert_eq!(own.to_wire().variables, ["A", "B"]);
    }
}
