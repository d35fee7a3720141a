//! Credential types: what each one opens, where a program looks for it, and how it is tried. Data, one entry for each type.

use octobot_wire::credential::{CredentialType, CredentialTypeId, CredentialValues};

/// A type.
pub struct CredentialRecipe {
    id: CredentialTypeId,
    name: &'static str,
    description: &'static str,
    /// What its values are.
    pub values: CredentialValues,
    /// The variables that programs look for its key in; it is stored under the first one. Empty where the user names the values.
    pub variables: &'static [&'static str],
    /// Whether it has an address of its own.
    pub has_address: bool,
    /// The address where none is given; none for a type that has to be given one.
    pub default_address: Option<&'static str>,
    /// The variable that programs look for that address in.
    pub address_variable: Option<&'static str>,
    /// How it is tried; none for what can't be.
    pub trial: Option<Trial>,
    /// How a text begins that programs take for a key of this type.
    pub looks_like: &'static str,
    /// Where its key goes in requests. Where a credential was given an address of its own, the host is that one.
    pub uses: &'static [Use],
}

/// Requests that a key belongs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The host; empty for the credential's own address.
    pub host: &'static str,
    /// How it stands there.
    pub form: Form,
}

/// How a key stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In a header, in place of the placeholder that a program was given.
    Header {
        /// The header.
        name: &'static str,
        /// What stands before the key.
        prefix: &'static str,
    },
    /// As the password of git over HTTPS, for every repository: git asks for none before it is refused.
    GitPassword {
        /// The user's name that goes with it.
        user: &'static str,
    },
    /// As clients of registries log in: a token as a bearer, `name:password` by Basic authentication. Where a client sends nothing, as
    /// it does at first, or the placeholder.
    Login,
}

/// A key in a header.
const fn header(host: &'static str, name: &'static str, prefix: &'static str) -> Use {
    Use { host, form: Form::Header { name, prefix } }
}

impl CredentialRecipe {
    /// Whether its value is one key, and not whatever the user names.
    pub fn has_key(&self) -> bool {
        self.values == CredentialValues::Key
    }
}

/// A request that costs nothing and that an API answers differently to whom it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Its address, or the end of one that begins with the credential's own.
    pub url: &'static str,
    /// The end of the address where the credential was given one of its own, if that is another.
    pub elsewhere: Option<&'static str>,
    /// The header that the key stands in.
    pub header: &'static str,
    /// What stands before the key.
    pub prefix: &'static str,
    /// A header that the API wants besides.
    pub also: Option<(&'static str, &'static str)>,
}

const BEARER: Trial = Trial { url: "", elsewhere: None, header: "authorization", prefix: "Bearer ", also: None };

/// All types, in the order in which they are offered. The requests are those of the APIs' references: “List models” of
/// Anthropic, `OpenAI` and Gemini, “Get current API key” of `OpenRouter`, “Get rate limit status” of GitHub, “Get
/// the current user” of GitLab.
const RECIPES: [CredentialRecipe; 10] = [
    CredentialRecipe {
        id: CredentialTypeId::Anthropic,
        name: "Anthropic",
        description: "Claude's models. Made at console.anthropic.com.",
        values: CredentialValues::Key,
        variables: &["ANTHROPIC_API_KEY"],
        has_address: false,
        default_address: None,
        address_variable: None,
        trial: Some(Trial {
            url: "https://api.anthropic.com/v1/models?limit=1",
            elsewhere: None,
            header: "x-api-key",
            prefix: "",
            also: Some(("anthropic-version", "2023-06-01")),
        }),
        looks_like: "sk-ant-api03-",
        uses: &[header("api.anthropic.com", "x-api-key", "")],
    },
    CredentialRecipe {
        id: CredentialTypeId::OpenAi,
        name: "OpenAI",
        description: "OpenAI's models. Made at platform.openai.com.",
        values: CredentialValues::Key,
        variables: &["OPENAI_API_KEY"],
        has_address: false,
        default_address: None,
        address_variable: None,
        trial: Some(Trial { url: "https://api.openai.com/v1/models", ..BEARER }),
        looks_like: "sk-proj-",
        uses: &[header("api.openai.com", "authorization", "Bearer ")],
    },
    CredentialRecipe {
        id: CredentialTypeId::Google,
        name: "Google Gemini",
        description: "Google's models. Made at aistudio.google.com.",
        values: CredentialValues::Key,
        variables: &["GEMINI_API_KEY"],
        has_address: false,
        default_address: None,
        address_variable: None,
        trial: Some(Trial {
            url: "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1",
            elsewhere: None,
            header: "x-goog-api-key",
            prefix: "",
            also: None,
        }),
        looks_like: "AIza",
        uses: &[header("generativelanguage.googleapis.com", "x-goog-api-key", "")],
    },
    CredentialRecipe {
        id: CredentialTypeId::OpenRouter,
        name: "OpenRouter",
        description: "Many providers' models. Made at openrouter.ai.",
        values: CredentialValues::Key,
        variables: &["OPENROUTER_API_KEY"],
        has_address: false,
        default_address: None,
        address_variable: None,
        trial: Some(Trial { url: "https://openrouter.ai/api/v1/key", ..BEARER }),
        looks_like: "sk-or-v1-",
        uses: &[header("openrouter.ai", "authorization", "Bearer ")],
    },
    CredentialRecipe {
        id: CredentialTypeId::GitHub,
        name: "GitHub",
        description: "A token for repositories, pull requests, packages and Copilot, of https://github.com or a GitHub Enterprise of your own. \
                      Made at github.com/settings/tokens.",
        values: CredentialValues::Key,
        variables: &["GITHUB_TOKEN", "GH_TOKEN", "COPILOT_GITHUB_TOKEN"],
        has_address: true,
        default_address: Some("https://github.com"),
        address_variable: None,
        trial: Some(Trial {
            url: "https://api.github.com/rate_limit",
            elsewhere: Some("/api/v3/rate_limit"),
            ..BEARER
        }),
        looks_like: "github_pat_",
        uses: &[
            header("api.github.com", "authorization", "Bearer "),
            header("api.github.com", "authorization", "token "),
            Use { host: "github.com", form: Form::GitPassword { user: "x-access-token" } },
        ],
    },
    CredentialRecipe {
        id: CredentialTypeId::GitLab,
        name: "GitLab",
        description: "A token for repositories and the API, of https://gitlab.com or a GitLab of your own. Made in its user settings.",
        values: CredentialValues::Key,
        variables: &["GITLAB_TOKEN"],
        has_address: true,
        default_address: Some("https://gitlab.com"),
        address_variable: Some("GITLAB_HOST"),
        trial: Some(Trial { url: "/api/v4/user", elsewhere: None, header: "private-token", prefix: "", also: None }),
        looks_like: "glpat-",
        uses: &[
            header("", "private-token", ""),
            header("", "authorization", "Bearer "),
            Use { host: "", form: Form::GitPassword { user: "oauth2" } },
        ],
    },
    CredentialRecipe {
        id: CredentialTypeId::Registry,
        name: "Registry",
        description: "A registry of packages or images: a token, or a name and a password with a colon between them.",
        values: CredentialValues::Key,
        variables: &["REGISTRY_TOKEN"],
        has_address: true,
        default_address: None,
        address_variable: None,
        trial: None,
        looks_like: "",
        uses: &[Use { host: "", form: Form::Login }],
    },
    CredentialRecipe {
        id: CredentialTypeId::OpenAiCompatible,
        name: "OpenAI-compatible",
        description: "A server of your own, or another provider's, that speaks OpenAI's protocol.",
        values: CredentialValues::Key,
        variables: &["OPENAI_API_KEY"],
        has_address: true,
        default_address: None,
        address_variable: Some("OPENAI_BASE_URL"),
        trial: Some(Trial { url: "/models", ..BEARER }),
        looks_like: "sk-",
        uses: &[header("", "authorization", "Bearer ")],
    },
    CredentialRecipe {
        id: CredentialTypeId::Headers,
        name: "Headers",
        description: "Headers for any other host: for one, such as https://api.example.com/v2, or all beneath https://*.example.com.",
        values: CredentialValues::Headers,
        variables: &[],
        has_address: true,
        default_address: None,
        address_variable: None,
        trial: None,
        looks_like: "",
        uses: &[],
    },
    CredentialRecipe {
        id: CredentialTypeId::Variables,
        name: "Variables",
        description: "Anything else that a program reads from its environment.",
        values: CredentialValues::Variables,
        variables: &[],
        has_address: false,
        default_address: None,
        address_variable: None,
        trial: None,
        looks_like: "",
        uses: &[],
    },
];

/// The credential types that this server knows, in the order in which they are offered.
pub fn credential_types() -> Vec<CredentialType> {
    let wire = |recipe: &CredentialRecipe| CredentialType {
        id: recipe.id,
        name: recipe.name.to_owned(),
        description: recipe.description.to_owned(),
        values: recipe.values,
        variables: recipe.variables.iter().map(|&name| name.to_owned()).collect(),
        has_base_url: recipe.has_address,
        default_base_url: recipe.default_address.map(str::to_owned),
        can_be_tested: recipe.trial.is_some(),
    };
    RECIPES.iter().map(wire).collect()
}

/// A type.
pub fn recipe(id: CredentialTypeId) -> &'static CredentialRecipe {
    RECIPES.iter().find(|recipe| recipe.id == id).expect("there is a recipe for every type, as a test says")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_recipe() {
        use CredentialTypeId::{
            Anthropic, GitHub, GitLab, Google, Headers, OpenAi, OpenAiCompatible, OpenRouter, Registry, Variables,
        };
        let ids =
            [Anthropic, OpenAi, Google, OpenRouter, GitHub, GitLab, Registry, OpenAiCompatible, Headers, Variables];
        for id in ids {
            assert_eq!(recipe(id).id, id);
            assert_eq!(recipe(id).has_key(), !recipe(id).variables.is_empty());
        }
    }

    #[test]
    fn a_type_with_an_address_of_its_own_is_tried_there() {
        for recipe in &RECIPES {
            let is_relative = recipe.trial.map(|trial| trial.elsewhere.unwrap_or(trial.url).starts_with('/'));
            assert!(is_relative.is_none_or(|relative| relative == recipe.has_address), "{}", recipe.name);
            assert!(recipe.default_address.is_none() || recipe.has_address, "{}", recipe.name);
        }
    }
}
