//! Going back to before a turn with the conversation: over the REST API, in the browser, and what the agent is told then.

use anyhow::{Result, ensure};
use octobot_end2end::api::{Api, Method, text};
use octobot_end2end::casting::{Role, Scene};
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::page::{self, hide, looks_right, permit_until, press, see, write};
use octobot_end2end::{Place, Stage, rehearse_at, skip};
use serde_json::json;

use super::{set_up, told};

/// What is asked of a session and refused; the answer says why.
async fn refused(api: &Api, path: &str, status: u16, why: &str) -> Result<()> {
    let (answered, problem) = api.send(Method::POST, path, Some(&json!({}))).await?;
    let detail = problem["detail"].as_str().unwrap_or_default();
    ensure!(answered == status && detail.contains(why), "{answered} {problem}");
    Ok(())
}

#[tokio::test]
async fn a_conversation_is_rewound_and_brought_back_over_the_api() {
    rehearse_at(Place::default(), "rewind", async |server, folder| {
        set_up(folder).await?;
        let mut api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        let mut turns = Vec::new();
        for number in 1..=3 {
            turns.push(api.submit(&session, &format!("echo {number} >made-{number}.txt")).await?);
            api.idle(&session).await?;
        }
        let path = format!("/sessions/{session}");
        let rewind = |turn: usize| format!("{path}/turns/{}/rewind?conversation=true", turns[turn - 1]);
        let files = async |api: &Api| Ok::<_, anyhow::Error>(told(&api.get(&format!("{path}/changes")).await?));
        let rewound = async |api: &Api| {
            let messages = api.messages(&session).await?.into_iter().filter(|message| message.rewound);
            Ok::<_, anyhow::Error>(messages.map(|message| message.number).collect::<Vec<_>>())
        };
        ensure!(rewound(&api).await?.is_empty());

        // Not while something is to come.
        let slow = api.submit(&session, "sleep 300").await?;
        api.session_state(&session, "running").await?;
        refused(&api, &rewind(2), 409, "A turn is running").await?;
        api.post(&format!("{path}/turns/{slow}/cancel"), &json!({})).await?;
        api.idle(&session).await?;

        let mut events = api.events(&format!("after=0&session={session}")).await?;
        let done = api.post(&rewind(2), &json!({})).await?;
        ensure!(files(&api).await? == ["added made-1.txt"], "{done}");
        ensure!(rewound(&api).await? == [3, 4, 5, 6, 7, 8], "{:?}", rewound(&api).await?);
        while events.next().await?["type"] != "rewound" {}
        refused(&api, &rewind(3), 409, "was rewound itself").await?;

        // A fork begins with what is in force, and not with what isn't.
        let fork = text(&api.post(&format!("{path}/fork"), &json!({})).await?["id"])?;
        ensure!(api.messages(&fork).await?.len() == 2);
        let (status, problem) =
            api.send(Method::POST, &format!("{path}/fork"), Some(&json!({ "turn": turns[2] }))).await?;
        ensure!(status == 409, "{problem}");

        // A server that is killed forgets nothing of it, and what was told is told again.
        server.kill_and_restart().await?;
        api = Api::new(&server.url(""));
        ensure!(rewound(&api).await?.len() == 6);
        let undo = format!("{path}/rewinds/{}/undo", done["number"]);
        api.post(&undo, &json!({})).await?;
        ensure!(rewound(&api).await?.is_empty());
        ensure!(files(&api).await?.len() == 3);
        api.post(&undo, &json!({})).await?;
        ensure!(files(&api).await?.len() == 3);

        // As if it was killed between the files and the conversation: to ask again does the rest.
        api.post(&format!("{path}/turns/{}/rewind", turns[1]), &json!({})).await?;
        ensure!(rewound(&api).await?.is_empty());
        let again = api.post(&rewind(2), &json!({})).await?;
        ensure!(again["files"] == 0 && rewound(&api).await?.len() == 6, "{again}");

        // It goes on from there, and stays so.
        api.submit(&session, "echo 4 >made-4.txt").await?;
        api.idle(&session).await?;
        ensure!(files(&api).await? == ["added made-1.txt", "added made-4.txt"]);
        refused(&api, &format!("{path}/rewinds/{}/undo", again["number"]), 409, "Something was said since").await?;
        api.post(&rewind(1), &json!({})).await?;
        ensure!(files(&api).await?.is_empty());
        ensure!(rewound(&api).await?.len() == 10, "{:?}", rewound(&api).await?);
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_goes_on_from_before_a_turn_and_returns_when_that_is_undone() {
    const NAME: &str = "rewind conversation";
    const DRAFT: &str = "//div[@class='grow__measure']";
    let scene = Scene::local().expect("a folder can be made");
    if let Some(why) = scene.lacks(Role::ClaudeCode) {
        return skip(NAME, &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let part = Role::ClaudeCode.part(model.url());
    let birds =
        [("a walrus", "one"), ("a heron", "two"), ("an ibis", "three"), ("which was", "four"), ("a crane", "five")];
    for (cue, answer) in birds {
        model.play(Scenario::cued(cue).step(Step::text(&format!("That is **{answer}**."))));
    }
    let test = async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        set_up(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session_with(&workspace, &part.agent).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        page::hydrated(stage).await?;
        for (cue, answer) in &birds[..3] {
            page::send(stage, &format!("remember {cue}")).await?;
            permit_until(stage, &format!("//strong[text()='{answer}']")).await?;
        }
        api.idle(&session).await?;

        press(stage, "(//button[@aria-label='Actions for the prompt'])[2]").await?;
        press(stage, "//button[contains(@class,'menu__item')][contains(., 'Rewind to here…')]").await?;
        see(stage, "//dialog[@open]//span[text()='Files and conversation']").await?;
        looks_right(stage, "rewind dialog", 844).await?;
        press(stage, "//dialog[@open]//button[text()='Rewind']").await?;
        see(stage, "//p[contains(., '2 turns were rewound')]").await?;
        hide(stage, "//strong[text()='two']").await?;
        see(stage, &format!("{DRAFT}[contains(., 'a heron')]")).await?;
        looks_right(stage, "rewound", 844).await?;
        press(stage, "//p[contains(., 'were rewound')]/button[text()='Show']").await?;
        see(stage, "//strong[text()='three']").await?;
        looks_right(stage, "rewound shown", 844).await?;
        press(stage, "//p[contains(., 'were rewound')]/button[text()='Hide']").await?;
        hide(stage, "//strong[text()='two']").await?;

        // A page that is loaded again shows the same, and brings it back.
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        page::hydrated(stage).await?;
        hide(stage, "//strong[text()='two']").await?;
        press(stage, "//p[contains(., 'were rewound')]/button[text()='Undo']").await?;
        press(stage, "//dialog[@open]//button[text()='Undo']").await?;
        see(stage, "//strong[text()='three']").await?;
        hide(stage, "//p[contains(., 'rewound')]").await?;
        page::send(stage, "which was it").await?;
        permit_until(stage, "//strong[text()='four']").await?;
        api.idle(&session).await?;
        ensure!(model.heard(&["a walrus", "an ibis", "which was it"]), "the thread is gone");
        ensure!(!model.heard(&["</transcript>"]), "it was told what it knows");

        // From the panel, and on with another prompt.
        press(stage, "//select[@aria-label='Whose changes']//option[contains(., 'an ibis')]").await?;
        press(stage, "//button[text()='Rewind to before this turn…']").await?;
        press(stage, "//dialog[@open]//button[text()='Rewind']").await?;
        see(stage, "//p[contains(., '2 turns were rewound')]").await?;
        see(stage, &format!("{DRAFT}[contains(., 'an ibis')]")).await?;
        write(stage, page::PROMPT, "remember a crane\n").await?;
        permit_until(stage, "//strong[text()='five']").await?;
        api.idle(&session).await?;
        hide(stage, "//p[contains(., 'were rewound')]/button[text()='Undo']").await?;
        ensure!(model.heard(&["a walrus", "a heron", "</transcript>", "a crane"]), "it wasn't told");
        let last = model.requests().into_iter().rfind(|request| request.body.to_string().contains("a crane"));
        ensure!(
            last.is_some_and(|request| !request.body.to_string().contains("an ibis")),
            "it was told what was rewound"
        );
        looks_right(stage, "rewound and on", 844).await
    };
    scene.stage(&part, NAME, test).await;
}
