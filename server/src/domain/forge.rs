//! Forges: which repository of which one an address of git leads to, and which credential opens it. Pure.

use http::Uri;
use http::uri::Authority;
use octobot_wire::code::pull_request::Forge;
use octobot_wire::credential::CredentialTypeId;
use octobot_wire::launch::Variable;

use super::Credential;
use super::credential_type::{Form, recipe};

/// Hosts at which the two great forges take ssh where only the port of HTTPS is open.
const SSH_DOORS: [(&str, &str); 2] = [("ssh.github.com", "github.com"), ("altssh.gitlab.com", "gitlab.com")];

/// Where a repository is, as far as a forge is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As [`web_origin`] tells it; none where ssh leads there.
    pub origin: Option<String>,
    /// The host.
    pub host: String,
    /// The path there, without slashes around it and `.git` behind it.
    pub path: String,
}

/// A forge: one of the great two, or one of somebody's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its kind.
    pub forge: Forge,
    /// Where its pages are, without a slash at the end.
    pub url: String,
}

/// A repository of a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgeRepository {
    /// The forge.
    pub site: Site,
    /// Its path there, as in `owner/name`.
    pub path: String,
}

// === impl Address ===

impl Address {
    /// Reads a URL that git takes: of HTTP, of ssh, or as in `git@host:path`. None for any other, such as a folder's.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, authority, path) = if let Some((scheme, rest)) = url.split_once("://") {
            let (authority, path) = rest.split_once('/')?;
            (scheme, authority, path)
        } else {
            let (authority, path) = url.split_once(':')?;
            ("ssh", authority, path)
        };
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let is_web = !scheme.eq_ignore_ascii_case("ssh");
        let origin = if is_web { Some(web_origin(&format!("{scheme}://{authority}"))?) } else { None };
        let authority: Authority = authority.parse().ok()?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
        Some(Self { origin, host: authority.host().to_ascii_lowercase(), path: path.to_owned() })
    }
}

// === impl Site ===

impl Site {
    /// The path of a repository that is here; none for one that is elsewhere.
    pub fn path_of(&self, address: &Address) -> Option<String> {
        let url: Uri = self.url.parse().ok()?;
        let path = if let Some(origin) = &address.origin {
            if *origin != web_origin(&self.url)? {
                return None;
            }
            // A forge may be in a folder of its host.
            let folder = url.path().trim_matches('/');
            let rest = address.path.strip_prefix(folder)?;
            if !folder.is_empty() && !rest.starts_with('/') {
                return None;
            }
            rest.trim_start_matches('/')
        } else {
            let door = SSH_DOORS.iter().find(|(door, _)| *door == address.host);
            let host = door.map_or(address.host.as_str(), |(_, host)| host);
            if !url.host()?.eq_ignore_ascii_case(host) {
                return None;
            }
            &address.path
        };
        let parts: Vec<_> = path.split('/').collect();
        let is_there = match self.forge {
            Forge::GitHub => parts.len() == 2,
            Forge::GitLab => parts.len() >= 2,
        };
        (is_there && parts.iter().all(|part| is_name(part))).then(|| path.to_owned())
    }

    /// Its host, with the port where it isn't the scheme's own.
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }
}

// === impl ForgeRepository ===

impl ForgeRepository {
    /// The page of a pull request. It is made here rather than taken from an answer, so that a link leads nowhere else.
    pub fn page_of(&self, number: u64) -> String {
        let Self { site: Site { forge, url }, path } = self;
        match forge {
            Forge::GitHub => format!("{url}/{path}/pull/{number}"),
            Forge::GitLab => format!("{url}/{path}/-/merge_requests/{number}"),
        }
    }
}

impl Credential {
    /// The forge that it opens; none where it is for something else.
    pub fn site(&self) -> Option<Site> {
        let forge = match self.credential_type {
            CredentialTypeId::GitHub => Forge::GitHub,
            CredentialTypeId::GitLab => Forge::GitLab,
            CredentialTypeId::Anthropic
            | CredentialTypeId::OpenAi
            | CredentialTypeId::Google
            | CredentialTypeId::OpenRouter
            | CredentialTypeId::Registry
            | CredentialTypeId::OpenAiCompatible
            | CredentialTypeId::Headers
            | CredentialTypeId::Variables => return None,
        };
        let url = self.address()?.trim_end_matches('/').to_owned();
        Some(Site { forge, url })
    }

    /// The name and password with which git fetches from and pushes to an origin (see [`web_origin`]); none where it isn't for that one.
    pub fn git_login(&self, values: &[Variable], origin: &str) -> Option<(&'static str, String)> {
        let site = self.site()?;
        let user = recipe(self.credential_type).uses.iter().find_map(|of_key| match of_key.form {
            Form::GitPassword { user } => Some(user),
            Form::Header { .. } | Form::Login => None,
        })?;
        if web_origin(&site.url)? != origin {
            return None;
        }
        self.key(values).map(|key| (user, key.to_owned()))
    }

    /// Its key.
    pub fn key<'v>(&self, values: &'v [Variable]) -> Option<&'v str> {
        let name = recipe(self.credential_type).variables.first()?;
        values.iter().find(|value| value.name == *name).map(|value| value.value.as_str())
    }
}

/// `scheme://host` of an address of HTTP, with the port where it isn't the scheme's own.
pub fn web_origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let own = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority: Authority = rest.split('/').next()?.parse().ok()?;
    let host = authority.host().to_ascii_lowercase();
    let port = authority.port_u16().filter(|port| *port != own);
    Some(port.map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}")))
}

/// Whether a part of a path can be the name of an owner, a group or a repository, which needs no escaping in a URL then.
fn is_name(part: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !matches!(part, "" | "." | "..") && part.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use octobot_wire::{CredentialId, ProjectId, Timestamp};

    use super::*;

    fn site(forge: Forge, url: &str) -> Site {
        Site { forge, url: url.to_owned() }
    }

    fn path(site: &Site, url: &str) -> Option<String> {
        site.path_of(&Address::parse(url)?)
    }

    #[test]
    fn a_repository_is_found_by_every_form_of_its_address() {
        let github = site(Forge::GitHub, "https://github.com");
        for url in [
            "https://github.com/acme/app",
            "HTTPS://GitHub.com:443/acme/app.git/",
            "ssh://git@github.com:22/acme/app.git",
            "ssh://git@ssh.github.com:443/acme/app.git",
            "git@github.com:acme/app.git",
            "github.com:/acme/app",
        ] {
            assert_eq!(path(&github, url).as_deref(), Some("acme/app"), "{url}");
        }
        let own = site(Forge::GitLab, "http://code.example:8080/gitlab");
        assert_eq!(path(&own, "http://code.example:8080/gitlab/a/b/c.git").as_deref(), Some("a/b/c"));
        assert_eq!(path(&own, "git@code.example:a/b/c.git").as_deref(), Some("a/b/c"));
    }

    #[test]
    fn what_is_elsewhere_or_no_repository_is_not_found() {
        let github = site(Forge::GitHub, "https://github.com");
        for url in [
            "https://github.com.evil.example/acme/app",
            "https://github.com:8443/acme/app",
            "http://github.com/acme/app",
            "https://evil.example/github.com/acme/app",
            "https://github.com/acme",
            "https://github.com/acme/app/more",
            "https://github.com/acme/..",
            "https://github.com/acme/a%2Fb",
            "https://github.com/acme/app?x=1",
            "file:///srv/github.com/acme/app",
            "/srv/acme/app",
            "git@gitlab.com:acme/app",
            "github:acme/app",
        ] {
            assert_eq!(path(&github, url), None, "{url}");
        }
        let own = site(Forge::GitLab, "https://code.example/gitlab");
        assert_eq!(path(&own, "https://code.example/gitlab-old/a/b"), None);
    }

    #[test]
    fn a_page_is_the_forges_own() {
        let at = |site, path: &str| ForgeRepository { site, path: path.to_owned() }.page_of(7);
        assert_eq!(at(site(Forge::GitHub, "https://github.com"), "a/b"), "https://github.com/a/b/pull/7");
        let gitlab = at(site(Forge::GitLab, "https://h:8443/gitlab"), "a/b/c");
        assert_eq!(gitlab, "https://h:8443/gitlab/a/b/c/-/merge_requests/7");
        assert_eq!(site(Forge::GitLab, "https://h:8443/gitlab").host(), "h:8443");
    }

    #[test]
    fn a_login_is_for_its_own_origin_only() {
        let of = |credential_type, base_url: Option<&str>| Credential {
            id: CredentialId::new(uuid::Uuid::nil()),
            project_id: ProjectId::local(),
            name: "c".to_owned(),
            credential_type,
            base_url: base_url.map(str::to_owned),
            every_session: true,
            value_names: Vec::new(),
            tested: None,
            last_used_at: None,
            rotated_at: Timestamp(0),
            created_at: Timestamp(0),
        };
        let values = |name: &str| vec![Variable { name: name.to_owned(), value: "t".to_owned() }];
        let (github, gitlab) = (CredentialTypeId::GitHub, CredentialTypeId::GitLab);
        let login = |credential: Credential, name, origin| credential.git_login(&values(name), origin).map(|it| it.0);
        assert_eq!(login(of(github, None), "GITHUB_TOKEN", "https://github.com"), Some("x-access-token"));
        assert_eq!(login(of(github, None), "GITHUB_TOKEN", "http://github.com"), None);
        assert_eq!(login(of(gitlab, None), "GITLAB_TOKEN", "https://gitlab.com"), Some("oauth2"));
        let own = Some("https://git.example:8443/x");
        assert_eq!(login(of(github, own), "GITHUB_TOKEN", "https://git.example:8443"), Some("x-access-token"));
        assert_eq!(login(of(github, own), "GITHUB_TOKEN", "https://github.com"), None);
        assert_eq!(login(of(CredentialTypeId::Registry, own), "REGISTRY_TOKEN", "https://git.example:8443"), None);
    }
}
