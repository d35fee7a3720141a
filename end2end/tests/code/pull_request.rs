//! Pull requests: what a session made is pushed with the project's credential and opened at a simulated forge, over the REST API in both
//! dialects, and in the browser.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Method};
use octobot_end2end::forge::{Forge, KEY};
use octobot_end2end::page::{self, complains_only_of, has_no_barriers, hide, looks_right, press, see, write};
use octobot_end2end::{Place, Stage, play, rehearse_at};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::set_up;

/// What the session does.
const SCRIPT: &str = "echo last >>notes.txt; git commit -qam 'Say what is last'";

/// A folder with a repository whose `origin` is a forge's.
async fn at_forge(folder: &Path) -> Result<Forge> {
    set_up(folder).await?;
    let forge = Forge::start(folder).await?;
    let origin = ["remote", "add", "origin", &forge.remote()];
    let status = Command::new("git").args(origin).current_dir(folder).status()?;
    ensure!(status.success(), "git: {status}");
    Ok(forge)
}

fn credential(kind: &str, variable: &str, url: &str, key: &str) -> Value {
    json!({
        "name": kind, "credentialType": kind, "baseUrl": url, "everySession": true,
        "values": [{ "name": variable, "value": key }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_opened_updated_and_closed_over_the_api() {
    for (kind, variable, page) in
        [("gitHub", "GITHUB_TOKEN", "/acme/app/pull/1"), ("gitLab", "GITLAB_TOKEN", "/acme/app/-/merge_requests/1")]
    {
        rehearse_at(Place::default(), "pull request", async |server, folder| {
            let forge = at_forge(folder).await?;
            let api = Api::new(&server.url(""));
            let workspace = api.add_workspace(&folder.display().to_string()).await?;
            let session = api.create_session(&workspace).await?;
            api.submit(&session, SCRIPT).await?;
            api.idle(&session).await?;
            let path = format!("/sessions/{session}/pull-requests");

            // Without a credential nobody knows what it is, and nothing is sent there.
            let proposal = api.get(&format!("{path}/proposal")).await?;
            let obstacle = proposal["obstacle"].as_str().unwrap_or_default();
            ensure!(obstacle.contains(forge.url()), "{proposal}");
            let wanted = json!({ "title": "Say it", "text": "Why", "base": "main", "isDraft": true });
            ensure!(api.send(Method::POST, &path, Some(&wanted)).await?.0 == 409);

            let added = api.post("/credentials", &credential(kind, variable, forge.url(), KEY)).await?;
            ensure!(added["tested"]["outcome"]["outcome"] == "accepted", "{added}");
            let proposal = api.get(&format!("{path}/proposal")).await?;
            ensure!(proposal["forge"] == kind && proposal["repository"] == "acme/app", "{proposal}");
            ensure!(
                proposal["base"] == "main"
                    && proposal["title"] == "Echo last >>notes.txt; git commit -qam 'Say what is last'",
                "{proposal}"
            );
            let text = proposal["text"].as_str().unwrap_or_default();
            ensure!(text.contains("> echo last") && text.contains("- Say what is last"), "{proposal}");

            let lost = json!({ "title": "", "base": "main" });
            let (status, problem) = api.send(Method::POST, &path, Some(&lost)).await?;
            ensure!(status == 422 && problem["errors"][0]["field"] == "title", "{problem}");
            let opened = api.post(&path, &wanted).await?;
            let request = &opened["pullRequest"];
            ensure!(opened["wasOpen"] == false && request["state"] == "open" && request["isDraft"] == true, "{opened}");
            ensure!(request["url"] == format!("{}{page}", forge.url()), "{opened}");
            let branch = request["branch"].as_str().unwrap_or_default().to_owned();
            let pull = forge.pulls().remove(0);
            ensure!(pull.head == branch && pull.base == "main" && pull.text == "Why", "{pull:?}");
            ensure!(forge.git(&["log", "-1", "--format=%s", &branch]).await? == "Say what is last\n");

            // The session has another name by now: its branch, and so its pull request, stay.
            let renamed = json!({ "displayName": "Other" });
            ensure!(api.send(Method::PATCH, &format!("/sessions/{session}"), Some(&renamed)).await?.0 == 200);
            api.submit(&session, "echo more >>notes.txt; git commit -qam More").await?;
            api.idle(&session).await?;
            let pushed = api.post(&format!("/sessions/{session}/repository/push"), &json!({})).await?;
            ensure!(pushed["branch"] == branch, "{pushed}");
            ensure!(forge.git(&["log", "-1", "--format=%s", &branch]).await? == "More\n");
            let again = api.post(&path, &wanted).await?;
            ensure!(again["wasOpen"] == true && again["pullRequest"]["number"] == 1, "{again}");
            ensure!(forge.pulls().len() == 1);

            let listed = api.get(&path).await?;
            ensure!(listed.as_array().map(Vec::len) == Some(1) && listed[0] == again["pullRequest"], "{listed}");
            let closed = api.post(&format!("{path}/1/close"), &json!({})).await?;
            ensure!(closed["state"] == "closed" && forge.pulls()[0].state == "closed", "{closed}");
            ensure!(forge.git(&["rev-parse", "--verify", &branch]).await.is_ok());
            let next = api.post(&path, &wanted).await?;
            ensure!(next["wasOpen"] == false && next["pullRequest"]["number"] == 2, "{next}");
            forge.merge(2);
            let merged = api.post(&format!("{path}/2/look"), &json!({})).await?;
            ensure!(merged["state"] == "merged", "{merged}");
            ensure!(api.send(Method::POST, &format!("{path}/9/close"), None).await?.0 == 404);

            // One whose commits the session doesn't have any more is closed by a person before there is another one.
            let third = api.post(&path, &wanted).await?;
            ensure!(third["pullRequest"]["number"] == 3, "{third}");
            let branch = octobot_end2end::api::text(&third["pullRequest"]["branch"])?;
            api.submit(&session, "git commit -q --amend -m Else").await?;
            api.idle(&session).await?;
            let (status, problem) = api.send(Method::POST, &path, Some(&wanted)).await?;
            let detail = problem["detail"].as_str().unwrap_or_default();
            ensure!(status == 409 && detail.contains("close that first") && detail.contains(&branch), "{problem}");
            ensure!(forge.pulls().len() == 3);
            // Merged there, of which nobody has heard here.
            forge.merge(3);
            let next = api.post(&path, &wanted).await?;
            ensure!(next["wasOpen"] == false && next["pullRequest"]["number"] == 4, "{next}");
            ensure!(next["pullRequest"]["branch"] != branch.as_str(), "{next}");
            for told in [&proposal, &opened, &again, &closed, &listed] {
                ensure!(!told.to_string().contains(KEY), "{told}");
            }
            Ok(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_cloned_with_the_projects_credential_and_a_wrong_one_is_told() {
    rehearse_at(Place::default(), "private repository", async |server, folder| {
        set_up(folder).await?;
        let forge = Forge::start(folder).await?;
        let api = Api::new(&server.url(""));
        let added = api.post("/workspaces", &json!({ "source": forge.remote() })).await?;
        let id = octobot_end2end::api::text(&added["id"])?;
        let failed = api.settled_workspace(&id).await?;
        let told = failed["state"]["reason"].as_str().unwrap_or_default();
        ensure!(told.contains("asks for credentials"), "{failed}");
        let wrong = credential("gitLab", "GITLAB_TOKEN", forge.url(), "wrong");
        let wrong = api.post("/credentials", &wrong).await?;
        let refresh = format!("/workspaces/{id}/refresh");
        api.post(&refresh, &json!({})).await?;
        let failed = api.settled_workspace(&id).await?;
        let told = failed["state"]["reason"].as_str().unwrap_or_default();
        ensure!(told.contains("doesn't take the project's credential") && !told.contains("wrong"), "{failed}");
        let right = credential("gitLab", "GITLAB_TOKEN", forge.url(), KEY);
        let path = format!("/credentials/{}", octobot_end2end::api::text(&wrong["id"])?);
        ensure!(api.send(Method::PUT, &path, Some(&right)).await?.0 == 200);
        api.post(&refresh, &json!({})).await?;
        let ready = api.settled_workspace(&id).await?;
        ensure!(ready["state"]["state"] == "ready" && ready["commit"]["branch"] == "main", "{ready}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_opened_and_closed_in_the_browser() {
    play("pull request", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let forge = at_forge(folder.path()).await?;
        page::add_workspace(stage, &folder.path().display().to_string()).await?;
        write(stage, page::PROMPT, SCRIPT).await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//h2[contains(., '1 file changed')]").await?;

        // What is missing is said, before anything is sent.
        press(stage, "//button[text()='Pull request…']").await?;
        see(stage, "//div[@role='alert'][contains(., 'Which forge')]//a[text()='Credentials']").await?;
        looks_right(stage, "pull request obstacle", 844).await?;
        press(stage, "//div[@role='alert']//button[text()='Cancel']").await?;
        let api = Api::new(&stage.server.url(""));
        api.post("/credentials", &credential("gitHub", "GITHUB_TOKEN", forge.url(), KEY)).await?;

        press(stage, "//button[text()='Push']").await?;
        see(stage, "//p[contains(., 'Pushed as')]").await?;
        press(stage, "//div[@role='status']//button[text()='Pull request…']").await?;
        let title = see(stage, "//input[@id='pull-request-title']").await?;
        ensure!(title.prop("value").await?.is_some_and(|title| title.starts_with("Echo last")));
        looks_right(stage, "pull request form", 844).await?;

        // Escape puts it away, and Ctrl+Enter sends it. A branch that isn't there is told where it was typed.
        title.send_keys(Key::Escape + "").await?;
        hide(stage, "//input[@id='pull-request-title']").await?;
        press(stage, "//button[text()='Pull request…']").await?;
        write(stage, "//input[@id='pull-request-title']", "Say what is last").await?;
        write(stage, "//input[@id='pull-request-base']", "none").await?;
        let text = see(stage, "//textarea[@id='pull-request-text']").await?;
        text.send_keys(Key::Control + Key::Enter).await?;
        see(stage, "//form[@aria-label='Pull request']//p[@role='alert'][contains(., 'base is invalid')]").await?;
        complains_only_of(stage, &["409"]).await?;
        write(stage, "//input[@id='pull-request-base']", "main").await?;
        press(stage, "//button[text()='Push and open it']").await?;
        let link = format!("//ul[@aria-label='Pull requests']//a[@href='{}/acme/app/pull/1']", forge.url());
        see(stage, &link).await?;
        hide(stage, "//input[@id='pull-request-title']").await?;
        let pull = forge.pulls().remove(0);
        ensure!(pull.title == "Say what is last" && pull.text.contains("## What was asked"), "{pull:?}");

        stage.browser.driver().refresh().await?;
        see(stage, &link).await?;
        looks_right(stage, "pull request open", 844).await?;

        // On a phone, the panel is opened first.
        stage.browser.resize(390, 844).await?;
        press(stage, "//button[@aria-label='Show or hide files and details']").await?;
        press(stage, "//button[text()='Pull request…']").await?;
        see(stage, "//input[@id='pull-request-title']").await?;
        stage.browser.screenshot("pull request form phone").await?;
        has_no_barriers(stage).await?;
        press(stage, "//form[@aria-label='Pull request']//button[text()='Cancel']").await?;
        stage.browser.screenshot("pull request open phone").await?;
        press(stage, "//button[text()='Close pull request']").await?;
        press(stage, "//button[text()='Close it for everybody?']").await?;
        see(stage, "//ul[@aria-label='Pull requests']/li[contains(., 'closed')]").await?;
        ensure!(forge.pulls()[0].state == "closed");
        hide(stage, "//button[text()='Close pull request']").await
    })
    .await;
}
