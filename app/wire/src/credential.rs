//! Credentials: keys and tokens that a project's agents work with. What clients see of one never holds its values.

use serde::{Deserialize, Serialize};

use crate::tagged::read_tagged;
use crate::value::SaveValue;
use crate::{CredentialId, Timestamp};

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CredentialTypeId {
    /// Anthropic's API.
    Anthropic,
    /// `OpenAI`'s API.
    OpenAi,
    /// Google's Gemini API.
    Google,
    /// `OpenRouter`.
    OpenRouter,
    /// GitHub.
    GitHub,
    /// GitLab, that of gitlab.com or one's own.
    GitLab,
    /// A registry of packages or images.
    Registry,
    /// A server of one's own that speaks `OpenAI`'s protocol.
    OpenAiCompatible,
    /// Headers for a host, that the user names.
    Headers,
    /// Variables of the user's own.
    Variables,
}

/// What the values of a credential are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CredentialValues {
    /// One key. It stays outside of sandboxes: programs get a placeholder.
    Key,
    /// Headers that are set in requests to the credential's address, and beneath it. They stay outside of sandboxes. One with `+`
    /// before its name is added beside those that a program sends; one without a value is taken away.
    Headers,
    /// Variables. Programs get them as they are.
    Variables,
}

/// A type of credentials. Data, not code: the server lists those it knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CredentialType {
    /// Its id.
    pub id: CredentialTypeId,
    /// What the UI calls it.
    pub name: String,
    /// One sentence on what it opens.
    pub description: String,
    /// What its values are.
    pub values: CredentialValues,
    /// The variables that an agent's program finds its key in. Empty where the user names the values.
    pub variables: Vec<String>,
    /// Whether it has an address of its own.
    pub has_base_url: bool,
    /// The address where none is given; none for a type that has to be given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_base_url: Option<String>,
    /// Whether the server can try it.
    pub can_be_tested: bool,
}

/// A credential, without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Its name, of which a project has one once.
    pub name: String,
    /// Its type.
    pub credential_type: CredentialTypeId,
    /// Where the API is, of a type that has an address of its own; none for the type's default.
    pub base_url: Option<String>,
    /// The variables that an agent's program finds its values in.
    pub variables: Vec<String>,
    /// Whether all sessions of the project have it. The others have it where it was given to them.
    pub every_session: bool,
    /// What came of the last try; none before the first.
    pub tested: Option<CredentialTest>,
    /// When an agent was last given it.
    pub last_used_at: Option<Timestamp>,
    /// When its values were last replaced.
    pub rotated_at: Timestamp,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A try of a credential with a real request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CredentialTest {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: CredentialTestOutcome,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum CredentialTestOutcome {
    /// The API took it.
    Accepted,
    /// The API refused it.
    Refused {
        /// How, for a person.
        reason: String,
    },
    /// The API couldn't be asked, so nothing is known.
    Unknown {
        /// Why not, for a person.
        reason: String,
    },
}

read_tagged!(
    CredentialTestOutcome by "outcome" with { reason: String } as
    Accepted {} Refused { reason } Unknown { reason }
);

/// A project's credentials, and what there could be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CredentialsView {
    /// The credentials, oldest first.
    pub credentials: Vec<Credential>,
    /// The types that this server knows, in the order in which they are offered.
    pub types: Vec<CredentialType>,
}

/// A request to add a credential, or to change one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SaveCredential {
    /// Its name.
    pub name: String,
    /// Its type. It can't be changed later.
    pub credential_type: CredentialTypeId,
    /// See [`Credential::base_url`].
    #[serde(default)]
    pub base_url: Option<String>,
    /// Its values, all of them. A type with a variable of its own has that one.
    pub values: Vec<SaveValue>,
    /// See [`Credential::every_session`].
    pub every_session: bool,
}

/// Which credentials a session was given, beside those that every session has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionCredentials {
    /// Their ids.
    pub credentials: Vec<CredentialId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_reads_back() {
        let outcomes = [
            CredentialTestOutcome::Accepted,
            CredentialTestOutcome::Refused { reason: "no".to_owned() },
            CredentialTestOutcome::Unknown { reason: "away".to_owned() },
        ];
        for outcome in outcomes {
            let json = serde_json::to_string(&outcome).unwrap();
            assert_eq!(serde_json::from_str::<CredentialTestOutcome>(&json).unwrap(), outcome, "{json}");
        }
    }
}
