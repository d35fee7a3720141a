//! An agent that is asked to commit.

use anyhow::{Result, ensure};
use octobot_end2end::Stage;
use octobot_end2end::api::Api;
use octobot_end2end::casting::{Role, Scene};
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::page::{self, hide, looks_right, permit_until, press, see};
use octobot_end2end::skip;
use serde_json::json;

use super::{commit_all, in_workspace, set_up};

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_commits_what_isnt_committed_and_the_workspace_takes_it_over() {
    const NAME: &str = "agent commit";
    let scene = Scene::local().expect("a folder can be made");
    if let Some(why) = scene.lacks(Role::ClaudeCode) {
        return skip(NAME, &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let part = Role::ClaudeCode.part(model.url());
    let run = |command: &str| Step::tool("Bash", json!({ "command": command, "description": "Work" }));
    model.play(
        Scenario::cued("make files")
            .step(run("echo 1 >one.txt; echo 2 >two.txt"))
            .step(Step::text("They are **there**.")),
    );
    let halfway = "git add one.txt; git commit -qm 'Add one'";
    model
        .play(Scenario::cued("Commit everything that isn").step(run(halfway)).step(Step::text("It is **half** done.")));
    let test = async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session_with(&workspace, &part.agent).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        page::hydrated(stage).await?;
        page::send(stage, "make files").await?;
        permit_until(stage, "//strong[text()='there']").await?;

        press(stage, "//button[text()='Let the agent commit']").await?;
        permit_until(stage, "//strong[text()='half']").await?;
        see(stage, "//p[contains(., '1 file still isn’t committed')]").await?;
        looks_right(stage, "agent commit failed", 844).await?;

        // The workspace has moved meanwhile.
        std::fs::write(folder.path().join("mine.txt"), "mine\n")?;
        commit_all(folder.path()).await?;
        let rest = "git add -A; git commit -qm 'Add two'";
        model.play(
            Scenario::cued("Commit everything that isn").step(run(rest)).step(Step::text("It is **wholly** done.")),
        );
        press(stage, "//button[text()='Let the agent commit']").await?;
        see(stage, "//p[contains(., 'which this session doesn’t have')]").await?;
        looks_right(stage, "agent commit moved", 844).await?;
        press(stage, "//button[text()='Commit, and rebase when applying']").await?;
        permit_until(stage, "//strong[text()='wholly']").await?;
        see(stage, "//p[contains(., 'The agent has committed everything')]").await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        ensure!(view["session"]["commitFlow"]["state"] == "completed", "{view}");
        press(stage, "//button[text()='Apply']").await?;
        press(stage, "//button[text()='Rebase']").await?;
        see(stage, "//p[contains(., '2 commits applied to')]").await?;
        ensure!(in_workspace(folder.path(), "two.txt").as_deref() == Some("2\n"));
        hide(stage, "//button[text()='Let the agent commit']").await
    };
    scene.stage(&part, NAME, test).await;
}
