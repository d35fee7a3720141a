//! What a repository says of the network of its sessions. Whoever wrote it isn't trusted with more than to take away: it can narrow what
//! the project allows, and say what of its own is worth keeping in the cache.

use octobot_proxy::cache::PathRegex;
use octobot_proxy::config::{Config, TextError, read_yaml};
use octobot_proxy::policy::Allowlist;
use serde::{Deserialize, Serialize};

/// The file in a repository.
pub const REPOSITORY_POLICY_PATH: &str = ".octobot/proxy/config.yaml";

/// What stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepositoryPolicy {
    /// A list that a host has to pass as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowlist: Option<Allowlist>,
    /// How the cache is used.
    cache: CacheUse,
}

/// How a repository's sessions use the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CacheUse {
    /// Whether they do.
    enabled: bool,
    /// Paths that never change their content, beside those that are known to.
    patterns: Vec<PathRegex>,
}

impl Default for CacheUse {
    fn default() -> Self {
        Self { enabled: true, patterns: Vec::new() }
    }
}

impl RepositoryPolicy {
    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        read_yaml(text)
    }

    /// Takes away from a proxy's configuration what it says.
    pub fn narrow(&self, config: &mut Config) {
        config.workspaces.extend(self.allowlist.clone());
        config.cache.enabled &= self.cache.enabled;
        config.cache.patterns.extend(self.cache.patterns.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use octobot_proxy::policy::{Phase, Policy, Scheme, Target};

    use super::*;

    fn reaches(config: &Config, host: &str) -> bool {
        let policy = Policy::new(&config.allowlist, &config.workspaces, Phase::Agent, Vec::new());
        policy.admit(&Target::parse(host, Scheme::Https).unwrap()).is_ok()
    }

    #[test]
    fn it_takes_away_and_never_adds() {
        let mut config = Config::from_yaml("allowlist: { domains: [a.example, b.example] }").unwrap();
        let policy = RepositoryPolicy::parse("allowlist: { domains: [b.example, c.example] }").unwrap();
        policy.narrow(&mut config);
        let reached = ["a.example", "b.example", "c.example"].map(|host| reaches(&config, host));
        assert_eq!(reached, [false, true, false]);
        let mut config = Config::from_yaml("allowlist: { domains: [a.example, b.example] }").unwrap();
        RepositoryPolicy::parse("allowlist: { enabled: false, deny: { domains: [b.example] } }")
            .unwrap()
            .narrow(&mut config);
        assert_eq!(["a.example", "b.example", "c.example"].map(|host| reaches(&config, host)), [true, false, false]);
    }

    #[test]
    fn it_can_keep_out_of_the_cache_but_not_turn_it_on() {
        let mut config = Config::default();
        config.cache.enabled = false;
        RepositoryPolicy::parse("cache: { enabled: true, patterns: ['^/files/'] }").unwrap().narrow(&mut config);
        assert!(!config.cache.enabled);
        assert_eq!(config.cache.patterns.len(), 1);
        RepositoryPolicy::parse("# nothing").unwrap().narrow(&mut config);
        assert_eq!((config.workspaces.len(), config.cache.patterns.len()), (0, 1));
    }

    #[test]
    fn what_isnt_a_repositorys_to_say_is_refused_with_its_line() {
        for text in ["\nheaders: {}", "\nupstream: {}", "\nhosts: []", "\ncache: { max_size: 1GB }", "\nallowlist: [a]"]
        {
            assert_eq!(RepositoryPolicy::parse(text).unwrap_err().line, 2, "{text}");
        }
    }
}
