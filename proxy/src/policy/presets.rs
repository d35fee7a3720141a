//! Lists of hosts that a project turns on by name. Data.
//!
//! The hosts are those that the services' own documents tell to open in a firewall.

use serde::{Deserialize, Serialize};

/// A list of hosts with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The APIs of all model providers of this list.
    ModelApis,
    /// All package registries of this list.
    PackageRegistries,
    /// Anthropic's API and the sign-in of Claude.
    Anthropic,
    /// `api.openai.com`, and the sign-in at `chatgpt.com`.
    Openai,
    /// Google's Gemini and Vertex AI, and the sign-in of Google.
    Google,
    /// `openrouter.ai`.
    Openrouter,
    /// npm and Yarn.
    Npm,
    /// The Python Package Index.
    Pypi,
    /// crates.io, and Rust's own downloads.
    CratesIo,
    /// Debian's and Ubuntu's archives.
    Debian,
    /// Docker Hub, GitHub's, Google's, Microsoft's and Red Hat's container registries.
    Docker,
    /// Go's module proxy and checksum database.
    Go,
    /// Maven Central and Gradle.
    Maven,
    /// `rubygems.org`.
    Rubygems,
    /// GitHub: git, API, downloads.
    Github,
    /// GitLab: git, API, downloads.
    Gitlab,
}

impl Preset {
    /// The name, as configuration has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ModelApis => "model-apis",
            Self::PackageRegistries => "package-registries",
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::Google => "google",
            Self::Openrouter => "openrouter",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::CratesIo => "crates-io",
            Self::Debian => "debian",
            Self::Docker => "docker",
            Self::Go => "go",
            Self::Maven => "maven",
            Self::Rubygems => "rubygems",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    /// Patterns of the hosts.
    pub fn hosts(self) -> Vec<&'static str> {
        match self {
            Self::ModelApis => [Self::Anthropic, Self::Openai, Self::Google, Self::Openrouter].map(Self::own).concat(),
            Self::PackageRegistries => [
                Self::Npm,
                Self::Pypi,
                Self::CratesIo,
                Self::Debian,
                Self::Docker,
                Self::Go,
                Self::Maven,
                Self::Rubygems,
            ]
            .map(Self::own)
            .concat(),
            one => one.own().to_vec(),
        }
    }

    fn own(self) -> &'static [&'static str] {
        match self {
            Self::ModelApis | Self::PackageRegistries => &[],
            Self::Anthropic => {
                &["api.anthropic.com", "claude.ai", "*.claude.ai", "platform.claude.com", "console.anthropic.com"]
            }
            Self::Openai => &["api.openai.com", "auth.openai.com", "chatgpt.com", "*.chatgpt.com"],
            Self::Google => &[
                "generativelanguage.googleapis.com",
                "aiplatform.googleapis.com",
                "*.aiplatform.googleapis.com",
                "cloudcode-pa.googleapis.com",
                "oauth2.googleapis.com",
                "accounts.google.com",
                "www.googleapis.com",
            ],
            Self::Openrouter => &["openrouter.ai", "*.openrouter.ai"],
            Self::Npm => &["registry.npmjs.org", "registry.yarnpkg.com", "repo.yarnpkg.com"],
            Self::Pypi => &["pypi.org", "files.pythonhosted.org"],
            Self::CratesIo => {
                &["crates.io", "index.crates.io", "static.crates.io", "static.rust-lang.org", "sh.rustup.rs"]
            }
            Self::Debian => &[
                "deb.debian.org",
                "security.debian.org",
                "ftp.debian.org",
                "archive.ubuntu.com",
                "*.archive.ubuntu.com",
                "security.ubuntu.com",
                "ports.ubuntu.com",
            ],
            Self::Docker => &[
                "registry-1.docker.io",
                "auth.docker.io",
                "index.docker.io",
                "production.cloudflare.docker.com",
                "production.cloudfront.docker.com",
                "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
                "ghcr.io",
                "pkg-containers.githubusercontent.com",
                "gcr.io",
                "*.gcr.io",
                "registry.k8s.io",
                "*.pkg.dev",
                "mcr.microsoft.com",
                "*.data.mcr.microsoft.com",
                "quay.io",
                "*.quay.io",
            ],
            Self::Go => &["proxy.golang.org", "sum.golang.org", "go.dev", "dl.google.com"],
            Self::Maven => &["repo.maven.apache.org", "repo1.maven.org", "plugins.gradle.org", "services.gradle.org"],
            Self::Rubygems => &["rubygems.org", "*.rubygems.org"],
            Self::Github => &[
                "github.com",
                "api.github.com",
                "codeload.github.com",
                "uploads.github.com",
                "raw.githubusercontent.com",
                "objects.githubusercontent.com",
                "release-assets.githubusercontent.com",
                "media.githubusercontent.com",
                "github-cloud.githubusercontent.com",
                "github-cloud.s3.amazonaws.com",
                "npm.pkg.github.com",
            ],
            Self::Gitlab => &["gitlab.com", "registry.gitlab.com", "cdn.registry.gitlab-static.net"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::pattern::HostPattern;

    const ALL: [Preset; 16] = [
        Preset::ModelApis,
        Preset::PackageRegistries,
        Preset::Anthropic,
        Preset::Openai,
        Preset::Google,
        Preset::Openrouter,
        Preset::Npm,
        Preset::Pypi,
        Preset::CratesIo,
        Preset::Debian,
        Preset::Docker,
        Preset::Go,
        Preset::Maven,
        Preset::Rubygems,
        Preset::Github,
        Preset::Gitlab,
    ];

    #[test]
    fn every_preset_has_hosts_and_is_read_by_its_name() {
        for preset in ALL {
            assert!(!preset.hosts().is_empty(), "{preset:?}");
            let read: Preset = serde_json::from_value(preset.name().into()).unwrap();
            assert_eq!(read, preset);
        }
    }

    #[test]
    fn every_host_of_a_preset_is_a_pattern_in_its_one_form() {
        for host in ALL.into_iter().flat_map(Preset::hosts) {
            let pattern: HostPattern = host.parse().unwrap();
            assert_eq!(pattern.to_string(), host);
            assert_ne!(pattern, HostPattern::Every);
        }
    }
}
