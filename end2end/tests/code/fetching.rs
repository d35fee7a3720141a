//! Fetching in a session from where only the project's credential leads, over the REST API: the sandbox has none.

use std::process::Command;

use anyhow::{Context as _, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::forge::{Forge, KEY, REPOSITORY};
use octobot_end2end::hosts::Hosts;
use octobot_end2end::{Place, rehearse_at};
use serde_json::json;

use super::set_up;

/// Played by a forge on this machine.
const HOST: &str = "github.com";

#[tokio::test(flavor = "multi_thread")]
async fn branches_are_fetched_with_a_credential_that_the_sandbox_never_has() {
    let source = tempfile::tempdir().expect("a folder can be made");
    set_up(source.path()).await.expect("a repository can be made");
    let forge = Forge::start(source.path()).await.expect("a forge can be played");
    let address = forge.url().trim_start_matches("http://").parse().expect("it is an address");
    let hosts = Hosts::play(&[(HOST, address)]).await.expect("hosts can be played");
    let place = Place { sandbox_proxy: Some(hosts.proxy_config().to_owned()), ..Place::default() };
    rehearse_at(place, "fetching", async |server, folder| {
        set_up(folder).await?;
        let origin = ["remote", "add", "origin", &format!("https://{HOST}/{REPOSITORY}.git")];
        ensure!(Command::new("git").args(origin).current_dir(folder).status()?.success());
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let path = format!("/sessions/{session}/repository/branches");
        api.submit(&session, "echo begun").await?;
        api.idle(&session).await?;

        let outcome = api.post(&format!("{path}/fetch"), &json!({})).await?;
        ensure!(outcome["end"] == "unauthenticated", "{outcome}");

        let credential = json!({
            "name": "forge", "credentialType": "gitHub", "everySession": true,
            "values": [{ "name": "GITHUB_TOKEN", "value": KEY }],
        });
        ensure!(api.send(Method::POST, "/credentials", Some(&credential)).await?.0 == 201);
        forge.git(&["branch", "from-elsewhere", "HEAD"]).await?;
        let outcome = api.post(&format!("{path}/fetch"), &json!({})).await?;
        ensure!(outcome["end"] == "fetched" && outcome["changed"].as_u64() >= Some(2), "{outcome}");
        let known = api.get(&path).await?;
        ensure!(known.to_string().contains("refs/remotes/origin/from-elsewhere"), "{known}");
        let again = api.post(&format!("{path}/fetch"), &json!({})).await?;
        ensure!(again["end"] == "fetched" && again["changed"] == 0, "{again}");

        // The same for what an agent does in its shell, which doesn't find the key.
        let script = "git ls-remote origin from-elsewhere; env | grep -c canary; git config --list | grep -c canary";
        api.submit(&session, script).await?;
        api.idle(&session).await?;
        let view = api.get(&format!("/sessions/{session}")).await?.to_string();
        ensure!(!view.contains(KEY), "{view}");
        let log = api.get(&format!("/sessions/{session}/network/log?host={HOST}")).await?;
        let records = log["records"].as_array().context("there are no records")?;
        ensure!(records.iter().any(|record| record["status"] == 200 && record["decision"] == "allow"), "{log}");
        ensure!(!log.to_string().contains(KEY), "{log}");
        Ok(())
    })
    .await;
}
