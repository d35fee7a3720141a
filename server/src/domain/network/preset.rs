//! The proxy's lists of hosts, as a project is offered them. Data.

use octobot_proxy::policy::Preset;
use octobot_wire::network::NetworkPreset;

/// In the order in which they are offered: those that hold others first, then what they hold.
const OFFERED: [Preset; 16] = [
    Preset::ModelApis,
    Preset::Anthropic,
    Preset::Openai,
    Preset::Google,
    Preset::Openrouter,
    Preset::PackageRegistries,
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

/// The presets that there are.
pub fn catalogue() -> Vec<NetworkPreset> {
    let entry = |preset: Preset| NetworkPreset {
        name: preset.name().to_owned(),
        title: title(preset).to_owned(),
        part_of: whole(preset).map(|whole| whole.name().to_owned()),
        hosts: preset.hosts().into_iter().map(str::to_owned).collect(),
    };
    OFFERED.into_iter().map(entry).collect()
}

/// The preset of this name.
pub fn find(name: &str) -> Option<Preset> {
    OFFERED.into_iter().find(|preset| preset.name() == name)
}

/// Whether a preset has nothing but APIs of models.
pub(super) fn is_of_models(preset: Preset) -> bool {
    preset == Preset::ModelApis || whole(preset) == Some(Preset::ModelApis)
}

fn title(preset: Preset) -> &'static str {
    match preset {
        Preset::ModelApis => "Model APIs",
        Preset::PackageRegistries => "Package registries",
        Preset::Anthropic => "Anthropic",
        Preset::Openai => "OpenAI",
        Preset::Google => "Google",
        Preset::Openrouter => "OpenRouter",
        Preset::Npm => "npm and Yarn",
        Preset::Pypi => "PyPI",
        Preset::CratesIo => "crates.io and rustup",
        Preset::Debian => "Debian and Ubuntu",
        Preset::Docker => "Container registries",
        Preset::Go => "Go modules",
        Preset::Maven => "Maven and Gradle",
        Preset::Rubygems => "RubyGems",
        Preset::Github => "GitHub",
        Preset::Gitlab => "GitLab",
    }
}

fn whole(preset: Preset) -> Option<Preset> {
    match preset {
        Preset::Anthropic | Preset::Openai | Preset::Google | Preset::Openrouter => Some(Preset::ModelApis),
        Preset::Npm
        | Preset::Pypi
        | Preset::CratesIo
        | Preset::Debian
        | Preset::Docker
        | Preset::Go
        | Preset::Maven
        | Preset::Rubygems => Some(Preset::PackageRegistries),
        Preset::ModelApis | Preset::PackageRegistries | Preset::Github | Preset::Gitlab => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_that_is_part_of_another_holds_nothing_that_the_other_does_not() {
        let offered = catalogue();
        for part in &offered {
            let Some(whole) = &part.part_of else { continue };
            let whole = offered.iter().find(|preset| preset.name == *whole).unwrap();
            assert!(part.hosts.iter().all(|host| whole.hosts.contains(host)), "{} and {}", part.name, whole.name);
        }
        assert_eq!(offered.iter().filter(|preset| find(&preset.name).is_some()).count(), OFFERED.len());
    }
}
