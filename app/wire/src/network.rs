//! Who may be reached from a project's sandboxes: the policy as it is kept, what it comes to and why.
//!
//! Patterns, ranges and ports are text here. The server reads them with the proxy's own parsers, and answers in their one
//! form.

use serde::{Deserialize, Serialize};

use crate::WorkspaceId;
use crate::tagged::read_tagged;

/// Whether an agent may reach what the setup before it may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NetworkMode {
    /// It may.
    #[default]
    Online,
    /// It may reach the model APIs that are turned on, and what is marked [`AllowedHost::offline`].
    OfflineAgent,
}

/// A part of a session's life that has rules of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NetworkPhase {
    /// The setup script runs.
    Setup,
    /// The agent works.
    #[default]
    Agent,
}

/// A host that may be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllowedHost {
    /// `github.com`, `*.github.com` for the names beneath it, an address, or a range such as `10.1.0.0/16`. A range names
    /// the private addresses in it.
    pub host: String,
    /// `443`, `8000-8999`, or `*`. None means 80 and 443.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// Whether a name may lead to private addresses, or to those of the machine.
    #[serde(default)]
    pub private: bool,
    /// Whether the agent may reach it in the mode `offline-agent` too.
    #[serde(default)]
    pub offline: bool,
}

/// The policy of a project. What a request leaves out is as in a project whose policy was never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkPolicy {
    /// Counts the changes. A request has the one that it was made from: a policy that somebody else has changed since isn't
    /// overwritten.
    pub revision: u64,
    /// Whether only what is listed may be reached. Otherwise every public host may; `denied` holds all the same.
    pub enabled: bool,
    /// Whether an agent may reach what the setup before it may.
    pub mode: NetworkMode,
    /// The names of the [`NetworkPreset`]s that are turned on.
    pub presets: Vec<String>,
    /// What else may be reached.
    pub allowed: Vec<AllowedHost>,
    /// What may not be reached, whatever else is listed: patterns like those of [`AllowedHost::host`].
    pub denied: Vec<String>,
}

/// What a workspace adds to its project's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkAdditions {
    /// See [`NetworkPolicy::revision`].
    pub revision: u64,
    /// What else may be reached.
    pub allowed: Vec<AllowedHost>,
    /// What may not be reached, whatever else is listed.
    pub denied: Vec<String>,
}

/// A list of hosts that comes with Octobot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NetworkPreset {
    /// Its name in a policy.
    pub name: String,
    /// What the UI calls it.
    pub title: String,
    /// The preset that holds all of this one's hosts and more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Patterns of its hosts.
    pub hosts: Vec<String>,
}

/// A project's policy, and what there could be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NetworkView {
    /// The policy.
    pub policy: NetworkPolicy,
    /// The presets that there are, in the order in which they are offered.
    pub presets: Vec<NetworkPreset>,
    /// Whether the caller may change the policy and what workspaces add to it.
    pub may_edit: bool,
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "from", rename_all = "camelCase")]
pub enum RuleOrigin {
    /// From what the operator says of every sandbox.
    Operator,
    /// From a list of the project's.
    Project,
    /// From a list of the workspace's.
    Workspace,
    /// From a preset that the project has turned on.
    Preset {
        /// Its name.
        name: String,
    },
    /// From the project's policy, which is off: every public host may be reached.
    PolicyOff,
}

read_tagged!(
    RuleOrigin by "from" with { name: String } as Operator {} Project {} Workspace {} Preset { name } PolicyOff {}
);

/// A rule that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EffectiveRule {
    /// What it is called in the log.
    pub rule: String,
    /// Which hosts or addresses it is about.
    pub what: String,
    /// On which ports; none means all.
    pub ports: Vec<String>,
    /// Whether private addresses may be reached by it.
    pub private: bool,
    /// Where it comes from.
    pub origin: RuleOrigin,
}

/// What a policy comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EffectivePolicy {
    /// In which part of a session's life.
    pub phase: NetworkPhase,
    /// What may not be reached; this comes first.
    pub denied: Vec<EffectiveRule>,
    /// What may be reached. All the rest may not.
    pub allowed: Vec<EffectiveRule>,
}

/// Whose policy, and when: the query of what asks for the policy in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyScope {
    /// With what this workspace adds; without it, the project's alone.
    pub workspace: Option<WorkspaceId>,
    /// In which part of a session's life: `agent` unless given.
    pub phase: NetworkPhase,
}

/// Why a host can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum RefusalKind {
    /// Nothing allows it.
    Unlisted,
    /// It is allowed, on other ports.
    Port,
    /// A list denies it.
    Denied,
    /// Its address is of a kind that has to be named.
    Address,
}

/// Whether a host would be reached, as far as its name tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostVerdict {
    /// The host in its one form.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Why not; none if it would be reached.
    pub refusal: Option<RefusalKind>,
    /// The rule that says so, as it is called in the log.
    pub rule: String,
    /// Where that rule comes from; none where it is a rule of the proxy's own.
    pub origin: Option<RuleOrigin>,
}

/// A request to let a host be reached, or to take that back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllowHost {
    /// A name or an address.
    pub host: String,
    /// On which port.
    #[serde(default = "https")]
    pub port: u16,
    /// See [`AllowedHost::private`].
    #[serde(default)]
    pub private: bool,
    /// The workspace whose list it comes into; without it the project's.
    #[serde(default)]
    pub workspace: Option<WorkspaceId>,
}

fn https() -> u16 {
    443
}

/// What came of a request to let a host be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostAllowed {
    /// What was added to the list, for taking it back; none where the host could be reached already.
    pub added: Option<AllowedHost>,
}

/// A request to take an allowed host from a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisallowHost {
    /// The entry, as it stands in the list.
    pub entry: AllowedHost,
    /// The workspace whose list it is taken from; without it the project's.
    #[serde(default)]
    pub workspace: Option<WorkspaceId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_reads_back() {
        let origins = [
            RuleOrigin::Operator,
            RuleOrigin::Project,
            RuleOrigin::Workspace,
            RuleOrigin::Preset { name: "github".to_owned() },
            RuleOrigin::PolicyOff,
        ];
        for origin in origins {
            let json = serde_json::to_string(&origin).unwrap();
            assert_eq!(serde_json::from_str::<RuleOrigin>(&json).unwrap(), origin, "{json}");
        }
    }

    #[test]
    fn a_host_alone_is_allowed_on_the_ports_of_the_web() {
        let host: AllowedHost = serde_json::from_str(r#"{"host":"a.example"}"#).unwrap();
        assert_eq!((host.ports.len(), host.private, host.offline), (0, false, false));
        let allow: AllowHost = serde_json::from_str(r#"{"host":"a.example"}"#).unwrap();
        assert_eq!(allow.port, 443);
    }
}
