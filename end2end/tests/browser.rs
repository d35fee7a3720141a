//! What a person sees and does in a browser.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, make_repository, text};
use octobot_end2end::browser::{self, Scheme};
use octobot_end2end::model::{Block, Model, REFUSED_KEY, Scenario, Step};
use octobot_end2end::page::{
    PAINTED, PROMPT, add_workspace, complains_only_of, drop_onto, has_no_barriers, hide, hydrated, paste, press, see,
    send, write,
};
use octobot_end2end::{Place, Stage, agents, origin, play, play_at, skip};
use serde_json::json;
use thirtyfour::prelude::*;
use tokio::io::AsyncWriteExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_says_how_to_begin() {
    play("front page", async |stage: &mut Stage| -> Result<()> {
        stage.open("/").await?;
        let title = stage.browser.driver().title().await?;
        ensure!(title.contains("Octobot"), "the title is {title:?}");
        see(stage, "//label[text()='Folder path or git URL']").await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_under_development_waits_for_its_reload() {
    let reload = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let origin = format!("http://{}", reload.local_addr().expect("it is bound"));
    let place = Place { options: vec![format!("--dev-reload={origin}")], ..Place::default() };
    play_at(place, "development", async |stage: &mut Stage| -> Result<()> {
        let (opened, waiting) = tokio::join!(stage.open("/"), reload.accept());
        opened?;
        let mut tab = waiting?.0;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\naccess-control-allow-origin: *\r\n\r\n";
        tab.write_all(format!("{head}data: reload\n\n").as_bytes()).await?;
        // The page that was loaded again waits as the first one did.
        let mut again = reload.accept().await?.0;
        again.write_all(head.as_bytes()).await?;
        stage.browser.driver().goto("about:blank").await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_comes_from_a_folder_to_a_kept_transcript() {
    play("journey", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        make_repository(folder.path()).await?;
        add_workspace(stage, &folder.path().display().to_string()).await?;

        // The first session begins with a prompt.
        write(stage, PROMPT, "ls && git log --oneline").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        see(stage, "//*[contains(@class,'tool-call')]//*[contains(., 'two.txt')]").await?;
        see(stage, "//*[contains(@class,'tool-call')]//*[contains(., 'Second')]").await?;

        // A long turn: another prompt waits, is edited, and a third one is deleted.
        send(stage, "for i in $(seq 300); do echo tick $i; sleep 0.1; done").await?;
        see(stage, "//*[text()='tick 3']").await?;
        send(stage, "echo second").await?;
        send(stage, "echo third").await?;
        see(stage, "(//li[@class='queued'])[2]").await?;
        press(stage, "(//li[@class='queued'])[2]//button[@aria-label='Delete from the queue']").await?;
        press(stage, "(//li[@class='queued'])[1]//button[@aria-label='Edit the prompt']").await?;
        write(stage, "//textarea[@aria-label='Queued prompt']", "echo edited\n").await?;

        // A second tab and a reload see the same.
        let first = stage.browser.driver().window().await?;
        let address = stage.browser.driver().current_url().await?;
        let second = stage.browser.driver().new_tab().await?;
        stage.browser.driver().switch_to_window(second).await?;
        stage.browser.driver().goto(address.as_str()).await?;
        see(stage, "//li[@class='queued']//*[text()='echo edited']").await?;
        stage.browser.driver().refresh().await?;
        see(stage, "//*[starts-with(text(),'tick ')]").await?;
        stage.browser.driver().switch_to_window(first).await?;

        // The server is killed in the middle; the page goes on by itself.
        stage.server.kill_and_restart().await?;
        see(stage, "//*[contains(text(),'tick 90')]").await?;
        press(stage, "//button[contains(., 'Stop') and contains(@title, 'turn')]").await?;
        see(stage, "//*[contains(@class,'tool-call')]//*[text()='edited']").await?;
        hide(stage, "//li[@class='queued']").await?;

        stage.browser.driver().refresh().await?;
        see(stage, "//*[contains(@class,'tool-call')]//*[text()='edited']").await?;
        see(stage, "//*[contains(text(),'two.txt')]").await?;
        // The connection that broke when the server was killed is on the console, as it should be.
        complains_only_of(stage, &["net::ERR_"]).await?;
        Ok(())
    })
    .await;
}

/// What the server renders and what it hands over to be hydrated must be of the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_loads_while_its_session_changes_comes_alive() {
    play("reloads", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        for _ in 0..40 {
            api.submit(&session, "for i in {1..40}; do echo $i; read -t 0.005 <> <(:) || :; done").await?;
        }
        for _ in 0..25 {
            stage.open(&format!("/projects/local/sessions/{session}")).await?;
            hydrated(stage).await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_a_form_that_is_filled_in_in_one_tab_and_shows_the_answer_in_the_other() {
    const FORM: &str = "//section[@aria-label='The agent asks a question']";
    if let Some(why) = agents::missing("claude-agent-acp") {
        return skip("a question in the browser", &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let question = json!({
        "question": "Which licence shall it have?", "header": "Licence", "multiSelect": false,
        "options": [
            { "label": "MIT", "description": "Short and permissive" },
            { "label": "Apache-2.0", "description": "With a grant of patents" },
        ],
    });
    model.play(
        Scenario::cued("add a licence")
            .step(
                Step::thought("There are several.")
                    .and(Block::Text("I need to know which.".to_owned()))
                    .and(Block::Tool { name: "AskUserQuestion".to_owned(), input: json!({ "questions": [question] }) }),
            )
            .step(Step::text("It is **added**:\n\n```sh\nhead -1 LICENSE\n```")),
    );
    let tools = agents::tool_folder().expect("a folder can be made");
    play_at(agents::claude_code_place(&model, tools.path()), "a question", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        make_repository(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let agent = json!({ "name": "Claude", "agentType": "claudeCode", "options": { "mode": "default" } });
        let session = api.create_session_with(&workspace, &agent).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        send(stage, "add a licence").await?;
        see(stage, &format!("{FORM}//label[contains(., 'Apache-2.0')]")).await?;

        let first = stage.browser.driver().window().await?;
        let second = stage.browser.driver().new_tab().await?;
        stage.browser.driver().switch_to_window(second).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        stage.browser.screenshot("a question asked").await?;
        has_no_barriers(stage).await?;
        press(stage, &format!("{FORM}//label[contains(., 'Apache-2.0')]")).await?;
        press(stage, &format!("{FORM}//button[text()='Send']")).await?;
        stage.browser.driver().switch_to_window(first).await?;
        see(stage, "//strong[text()='added']").await?;
        see(stage, "//*[contains(@class,'permission__answer')][text()='Apache-2.0']").await?;
        hide(stage, FORM).await?;
        api.idle(&session).await?;
        see(stage, "//*[contains(@class,'message__usage')][contains(., 'tokens')]").await?;
        // The button shows when the pointer is there.
        press(stage, "//div[@class='code']/pre").await?;
        press(stage, "//button[@aria-label='Copy the code']").await?;
        see(stage, "//button[@aria-label='Copy the code'][@data-copied]").await.map(drop)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_mcp_servers_are_added_changed_and_removed() {
    play("mcp servers", async |stage: &mut Stage| -> Result<()> {
        const DIALOG: &str = "//dialog[@open]";
        let api = Api::new(&stage.server.url(""));
        let agent = text(&api.post("/agents", &json!({ "name": "Claude", "agentType": "claudeCode" })).await?["id"])?;
        let path = format!("/projects/local/agents/{agent}");
        stage.open(&path).await?;
        hydrated(stage).await?;
        see(stage, "//p[contains(., 'None yet')]").await?;
        press(stage, "//button[contains(., 'Add server')]").await?;
        write(stage, "//input[@id='mcp-name']", "my files").await?;
        write(stage, "//textarea[@id='mcp-command']", "npx\n-y\nmcp-files").await?;
        write(stage, "//textarea[@id='mcp-values']", "KEY=secret").await?;
        has_no_barriers(stage).await?;
        stage.browser.screenshot("mcp server").await?;
        press(stage, &format!("{DIALOG}//button[@type='submit']")).await?;
        see(stage, "//p[@role='alert'][contains(., 'letters, digits')]").await?;
        write(stage, "//input[@id='mcp-name']", "files").await?;
        press(stage, &format!("{DIALOG}//button[@type='submit']")).await?;
        see(stage, "//li[contains(., 'files') and contains(., 'npx -y mcp-files')]").await?;

        // After a reload it is there without its value, which is kept when something else changes.
        stage.open(&path).await?;
        hydrated(stage).await?;
        press(stage, "//button[@aria-label='Change files']").await?;
        let values = see(stage, "//textarea[@id='mcp-values']").await?;
        ensure!(values.prop("value").await?.as_deref() == Some("KEY"));
        write(stage, "//input[@id='mcp-name']", "documents").await?;
        press(stage, &format!("{DIALOG}//button[@type='submit']")).await?;
        see(stage, "//li[contains(., 'documents')]").await?;
        stage.browser.screenshot("mcp server list").await?;
        let stored = api.get(&format!("/agents/{agent}/mcp-servers")).await?;
        ensure!(stored[0]["valueNames"] == json!(["KEY"]), "{stored}");

        press(stage, "//button[@aria-label='Remove documents']").await?;
        press(stage, "//dialog[@open]//button[contains(., 'Remove server')]").await?;
        see(stage, "//p[contains(., 'None yet')]").await?;
        ensure!(api.get(&format!("/agents/{agent}/mcp-servers")).await? == json!([]));
        // What was refused is on the console, as it should be.
        complains_only_of(stage, &["422"]).await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_agent_is_created_with_its_mcp_servers_or_says_what_is_wrong_with_them() {
    play("new agent with servers", async |stage: &mut Stage| -> Result<()> {
        const SUBMIT: &str = "//dialog[@open]//button[@type='submit']";
        let api = Api::new(&stage.server.url(""));
        stage.open("/projects/local/agents/new").await?;
        hydrated(stage).await?;
        write(stage, "//input[@id='agent-name']", "Equipped").await?;
        for name in ["files", "my web"] {
            press(stage, "//button[contains(., 'Add server')][not(ancestor::dialog)]").await?;
            write(stage, "//input[@id='mcp-name']", name).await?;
            write(stage, "//textarea[@id='mcp-command']", "npx\n-y\nmcp-files").await?;
            write(stage, "//textarea[@id='mcp-values']", "KEY=secret").await?;
            press(stage, SUBMIT).await?;
            see(stage, &format!("//li[contains(., '{name}') and contains(., 'npx -y mcp-files')]")).await?;
        }
        press(stage, "//button[text()='Save agent']").await?;
        see(stage, "//li[contains(., 'my web')]//*[@role='alert'][contains(., 'letters, digits')]").await?;
        stage.browser.screenshot("new agent refused").await?;
        has_no_barriers(stage).await?;
        stage.browser.resize(390, 844).await?;
        stage.browser.screenshot("new agent refused phone").await?;
        stage.browser.resize(1280, 800).await?;
        ensure!(!api.get("/agents").await?.to_string().contains("Equipped"), "it was created without its servers");

        // What was typed is still there, its value as well.
        press(stage, "//button[@aria-label='Change my web']").await?;
        let values = see(stage, "//textarea[@id='mcp-values']").await?;
        ensure!(values.prop("value").await?.as_deref() == Some("KEY=secret"));
        write(stage, "//input[@id='mcp-name']", "web").await?;
        press(stage, SUBMIT).await?;
        hide(stage, "//li//*[@role='alert']").await?;
        press(stage, "//button[@aria-label='Remove files']").await?;
        hide(stage, "//li[contains(., 'files')][not(contains(., 'web'))]").await?;
        press(stage, "//button[text()='Save agent']").await?;
        press(stage, "//a[contains(., 'Equipped')]").await?;
        see(stage, "//li[contains(., 'web') and contains(., 'npx -y mcp-files')]").await?;
        let agents = api.get("/agents").await?;
        let created = agents.as_array().and_then(|agents| agents.iter().find(|agent| agent["name"] == "Equipped"));
        let id = text(&created.context("there is no such agent")?["id"])?;
        let stored = api.get(&format!("/agents/{id}/mcp-servers")).await?;
        ensure!(stored[0]["name"] == "web" && stored[0]["valueNames"] == json!(["KEY"]), "{stored}");
        // What was refused is on the console, as it should be.
        complains_only_of(stage, &["422"]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_given_to_a_new_session_and_dropped_anywhere_on_a_chat() {
    play("given files", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        make_repository(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        api.add_workspace(&folder.path().display().to_string()).await?;
        stage.open("/projects/local").await?;
        hydrated(stage).await?;
        let picked = folder.path().join("picked.txt");
        std::fs::write(&picked, "picked")?;
        paste(stage, "new File(['pasted'], 'pasted.txt', { type: 'text/plain' })").await?;
        drop_onto(stage, "form", "new File(['dropped'], 'dropped.txt', { type: 'text/plain' })").await?;
        drop_onto(stage, "form", "new File(['<html>'], 'broken.png', { type: 'image/png' })").await?;
        see(stage, "//input[@type='file']").await?.send_keys(picked.display().to_string()).await?;
        for name in ["pasted.txt", "dropped.txt", "broken.png", "picked.txt"] {
            see(stage, &format!("//ul[@aria-label='Attached files']/li[contains(., '{name}')]")).await?;
        }
        see(stage, "//*[@id='composer-hint'][contains(., 'Say what is to be done')]").await?;
        write(stage, PROMPT, "cat \"$OCTOBOT_ATTACHMENTS\"/*").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        // A file that isn't taken says why, and leaves no session behind.
        see(stage, "//li[contains(., 'broken.png')]//*[@role='alert'][contains(., 'an image that can')]").await?;
        stage.browser.screenshot("a file refused").await?;
        has_no_barriers(stage).await?;
        stage.browser.resize(390, 844).await?;
        stage.browser.screenshot("a file refused phone").await?;
        stage.browser.resize(1280, 800).await?;
        press(stage, "//button[@aria-label='Remove broken.png']").await?;
        press(stage, "//button[contains(., 'Start session')]").await?;
        for said in ["pasted", "dropped", "picked"] {
            see(stage, &format!("//*[contains(@class,'output')]//*[contains(text(),'{said}')]")).await?;
            see(stage, &format!("//*[contains(@class,'message--user')]//a[contains(., '{said}.txt')]")).await?;
        }
        let sessions = api.get("/sessions").await?;
        let kept = sessions.as_array().context("no list")?.iter().filter(|s| s["state"]["state"] != "removing").count();
        ensure!(kept == 1, "{sessions}");

        drop_onto(stage, ".message--user", "new File(['late'], 'late.txt', { type: 'text/plain' })").await?;
        see(stage, "//ul[@aria-label='Attached files']/li[contains(., 'late.txt')]").await?;
        send(stage, "cat \"$OCTOBOT_ATTACHMENTS\"/*").await?;
        see(stage, "//*[contains(@class,'output')]//*[text()='late']").await?;
        // What was refused is on the console, as it should be.
        complains_only_of(stage, &["422"]).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_added_tested_given_to_a_session_and_revoked() {
    let model = Model::start().await.expect("the model API starts");
    play("credentials", async |stage: &mut Stage| -> Result<()> {
        const SUBMIT: &str = "//dialog[@open]//button[@type='submit']";
        let api = Api::new(&stage.server.url(""));
        let folder = tempfile::tempdir()?;
        make_repository(folder.path()).await?;
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        stage.open("/projects/local").await?;
        hydrated(stage).await?;
        press(stage, "//a[contains(., 'Credentials')]").await?;
        see(stage, "//p[contains(., 'None yet')]").await?;
        press(stage, "//button[contains(., 'Add credential')]").await?;
        press(stage, "//option[contains(., 'OpenAI-compatible')]").await?;
        write(stage, "//input[@id='credential-name']", "Own API").await?;
        write(stage, "//textarea[@id='credential-url']", &format!("{}/v1", model.url())).await?;
        write(stage, "//input[@id='credential-key']", REFUSED_KEY).await?;
        press(stage, "//label[contains(., 'For all sessions')]").await?;
        has_no_barriers(stage).await?;
        stage.browser.screenshot("credential").await?;
        press(stage, SUBMIT).await?;
        see(stage, "//li[contains(., 'Own API')]//*[contains(., 'The API refused it: 401')]").await?;
        stage.browser.screenshot("credential refused").await?;

        // Rotated. After a reload it is there, and its key isn't.
        stage.browser.driver().refresh().await?;
        hydrated(stage).await?;
        press(stage, "//button[@aria-label='Actions for Own API']").await?;
        press(stage, "//button[contains(., 'Change or rotate')]").await?;
        let key = see(stage, "//input[@id='credential-key']").await?;
        ensure!(key.prop("value").await?.as_deref() == Some(""));
        write(stage, "//input[@id='credential-key']", "sk-good").await?;
        press(stage, SUBMIT).await?;
        see(stage, "//li[contains(., 'Own API')]//*[text()='Accepted']").await?;

        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        press(stage, "//button[@aria-label='Actions for the session']").await?;
        press(stage, "//button[contains(., 'Credentials…')]").await?;
        press(stage, "//dialog[@open]//label[contains(., 'Own API')]").await?;
        stage.browser.screenshot("credentials of a session").await?;
        let given = format!("/sessions/{session}/credentials");
        api.until_in(&session, "is given the credential", async || {
            Ok(api.get(&given).await?["credentials"].get(0).is_some().then_some(()))
        })
        .await?;

        stage.open("/projects/local/credentials").await?;
        hydrated(stage).await?;
        press(stage, "//button[@aria-label='Actions for Own API']").await?;
        press(stage, "//button[contains(., 'Revoke…')]").await?;
        press(stage, "//dialog[@open]//button[contains(., 'Revoke credential')]").await?;
        see(stage, "//p[contains(., 'None yet')]").await?;
        ensure!(api.get(&given).await?["credentials"] == json!([]));
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_policy_is_looked_at_changed_and_changed_back() {
    const CHECK: &str = "//input[@aria-label='Host or URL to ask about']";
    play("network", async |stage: &mut Stage| -> Result<()> {
        let api = Api::new(&stage.server.url(""));
        let folder = tempfile::tempdir()?;
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        stage.open("/projects/local").await?;
        hydrated(stage).await?;
        press(stage, "//a[contains(., 'Network')]").await?;
        see(stage, "//p[contains(., 'None beside the lists')]").await?;

        // What isn't listed is asked about, allowed, taken back.
        write(stage, CHECK, "https://other.example/x\n").await?;
        see(stage, "//*[@class='badge__text'][text()='Refused']").await?;
        press(stage, "//button[text()='Allow this host']").await?;
        see(stage, "//*[@class='badge__text'][text()='Reached']").await?;
        see(stage, "//li[contains(@class,'row')]//code[text()='other.example']").await?;
        press(stage, "//button[text()='Undo']").await?;
        hide(stage, "//li[contains(@class,'row')]//code[text()='other.example']").await?;
        see(stage, "//*[@class='badge__text'][text()='Refused']").await?;

        // A host that can't be one is told; one that can is added, removed, and put back.
        write(stage, "//input[@id='network-allow']", "**.example\n").await?;
        see(stage, "//p[@role='alert'][contains(., 'star')]").await?;
        write(stage, "//input[@id='network-allow']", "*.corp.example").await?;
        write(stage, "//input[@aria-label='Ports']", "443, 8443").await?;
        press(stage, "//label[contains(., 'May lead to private')]").await?;
        press(stage, "//button[text()='Allow']").await?;
        see(stage, "//li[contains(., '*.corp.example') and contains(., '8443') and contains(., 'Private')]").await?;
        press(stage, "//button[@aria-label='Remove *.corp.example']").await?;
        hide(stage, "//li[contains(., '*.corp.example')]").await?;
        press(stage, "//button[text()='Undo']").await?;
        see(stage, "//li[contains(., '*.corp.example')]").await?;
        write(stage, "//input[@id='network-deny']", "gist.github.com\n").await?;
        see(stage, "//li[contains(., 'gist.github.com')]").await?;

        // Several changes in a row are all kept, also after a reload.
        press(stage, "//label[contains(., 'GitLab')]").await?;
        press(stage, "//label[contains(., 'Package registries')]").await?;
        press(stage, "//label[contains(., 'npm and Yarn')]").await?;
        press(stage, "//label[contains(., 'agent offline')]").await?;
        let stored = api.until("the policy to be stored", async || {
            let policy = api.get("/network").await?["policy"].clone();
            Ok((policy["mode"] == "offline-agent").then_some(policy))
        });
        let stored = stored.await?;
        ensure!(stored["presets"] == json!(["model-apis", "github", "gitlab", "npm"]), "{stored}");
        stage.browser.driver().refresh().await?;
        hydrated(stage).await?;
        press(stage, "//button[contains(., 'Allowed by the list “model-apis”')]").await?;
        see(stage, "//li[contains(., 'api.anthropic.com')]").await?;
        stage.browser.screenshot("network policy").await?;
        let barriers = stage.browser.barriers().await?;
        ensure!(barriers.is_empty(), "{}", barriers.join("\n"));

        // What a workspace adds, also when another tab changes it.
        stage.open(&format!("/projects/local/network?workspace={workspace}")).await?;
        hydrated(stage).await?;
        see(stage, "//p[contains(., 'beside what holds for the whole project')]").await?;
        api.post("/network/allow", &json!({ "host": "own.example", "workspace": workspace })).await?;
        see(stage, "//li[contains(., 'own.example') and contains(., 'Also offline')]").await?;
        press(stage, "//button[@aria-label='Remove own.example']").await?;
        see(stage, "//p[contains(., 'None beside the lists')]").await?;
        stage.browser.resize(390, 844).await?;
        stage.browser.screenshot("network policy phone").await?;
        let complaints = stage.browser.complaints().await?;
        let others: Vec<_> = complaints.iter().filter(|line| !line.contains("422")).collect();
        ensure!(others.is_empty(), "the console isn't empty: {others:?}");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_host_is_seen_and_allowed_with_one_press() {
    const SHOWN: &str = "//tr[contains(., '/one')]";
    let listener = origin::listen_unlisted().await.expect("an address is free");
    let host = listener.local_addr().expect("it is bound").ip().to_string();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(async || "hello")).await });
    play("traffic", async |stage: &mut Stage| -> Result<()> {
        let api = Api::new(&stage.server.url(""));
        let folder = tempfile::tempdir()?;
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        press(stage, "//button[@aria-label='Actions for the session']").await?;
        press(stage, "//a[contains(@class,'menu__item')][contains(., 'Network')]").await?;
        see(stage, "//p[contains(., 'Nothing passed yet')]").await?;

        let curl = format!("curl -s http://{host}/one; echo");
        api.submit(&session, &curl).await?;
        see(stage, &format!("{SHOWN}//*[text()='Denied']")).await?;
        stage.browser.screenshot("traffic denied").await?;
        let barriers = stage.browser.barriers().await?;
        ensure!(barriers.is_empty(), "{}", barriers.join("\n"));
        press(stage, &format!("{SHOWN}//button[text()='Allow this host']")).await?;
        see(stage, &format!("{SHOWN}//span[text()='Allowed']")).await?;
        // The proxy reads what has changed within a moment.
        let again = format!("for try in $(seq 100); do curl -sf http://{host}/one && break; sleep 0.1; done; echo");
        api.submit(&session, &again).await?;
        see(stage, &format!("({SHOWN})[1]//*[@class='badge__text'][text()='Allowed']")).await?;
        see(stage, &format!("//h2[text()='By host']/following::button[text()='{host}']")).await?;

        // Filtered, and back.
        press(stage, "//select[@aria-label='Decision']/option[text()='Denied']").await?;
        hide(stage, &format!("{SHOWN}//*[@class='badge__text'][text()='Allowed']")).await?;
        press(stage, "//button[text()='Show all']").await?;
        see(stage, &format!("{SHOWN}//*[@class='badge__text'][text()='Allowed']")).await?;
        press(stage, &format!("{SHOWN}//button[text()='Undo']")).await?;
        see(stage, &format!("{SHOWN}//button[text()='Allow this host']")).await?;
        let left = api.get(&format!("/workspaces/{workspace}/network")).await?;
        ensure!(left["allowed"] == json!([]), "{left}");
        stage.browser.resize(390, 844).await?;
        stage.browser.screenshot("traffic phone").await?;

        // Without a sandbox there is no log, and a way to get it back.
        api.post(&format!("/sessions/{session}/stop"), &json!({})).await?;
        see(stage, "//*[contains(., 'isn’t running')]").await?;
        press(stage, "//button[contains(., 'Start sandbox')]").await?;
        see(stage, "//select[@aria-label='Decision']").await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_cannot_be_used_says_why() {
    play("bad workspace", async |stage: &mut Stage| -> Result<()> {
        add_workspace(stage, "/no/such/folder").await?;
        see(stage, "//*[contains(., 'no folder /no/such/folder')]").await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_looks_right_and_has_no_barriers_in_both_themes_and_on_a_phone() {
    if !browser::axe().exists() {
        return skip("looks", "axe-core isn't installed (npm ci in end2end/npm)");
    }
    play("looks", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        make_repository(folder.path()).await?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let remote = api.add_workspace(&format!("file://{}", folder.path().display())).await?;
        let variables = json!([{ "name": "ONE", "value": "1" }, { "name": "TWO", "value": "2" }]);
        let bundle =
            json!({ "name": "Bundle", "credentialType": "variables", "everySession": false, "values": variables });
        api.post("/credentials", &bundle).await?;
        let session = api.create_session(&workspace).await?;
        api.create_session(&remote).await?;
        api.submit(&session, "git log --stat").await?;
        api.submit(&session, "seq 1 100; printf '\\e[1;32mgreen\\e[0m and \\e[31mred\\e[0m\\n'; exit 3").await?;
        api.idle(&session).await?;
        let pages = [
            ("overview", "/projects/local".to_owned()),
            ("session", format!("/projects/local/sessions/{session}")),
            ("workspace", format!("/projects/local/workspaces/{workspace}")),
            ("agents", "/projects/local/agents".to_owned()),
            ("new-agent", "/projects/local/agents/new".to_owned()),
            ("credentials", "/projects/local/credentials".to_owned()),
            ("network", "/projects/local/network".to_owned()),
            ("traffic", format!("/projects/local/sessions/{session}/network")),
            ("not-found", "/projects/local/nothing".to_owned()),
        ];
        let mut barriers = Vec::new();
        for (scheme, theme) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
            stage.browser.prefer(scheme).await?;
            for (width, height, device) in [(1280, 800, "desk"), (390, 844, "phone")] {
                stage.browser.resize(width, height).await?;
                for (name, path) in &pages {
                    stage.open(path).await?;
                    hydrated(stage).await?;
                    stage.browser.screenshot(&format!("{name}-{theme}-{device}")).await?;
                    let wide =
                        stage.browser.driver().execute("return document.documentElement.scrollWidth", vec![]).await?;
                    let wide = wide.json().as_u64().unwrap_or_default();
                    ensure!(wide <= u64::from(width), "{name} is {wide} px wide on {width} px");
                    let found = stage.browser.barriers().await?;
                    barriers.extend(found.into_iter().map(|barrier| format!("{name}, {theme}, {device}: {barrier}")));
                }
            }
        }
        ensure!(barriers.is_empty(), "{}", barriers.join("\n"));
        // The page that isn't there answers 404, which the browser notes.
        complains_only_of(stage, &["/nothing"]).await?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_sent_now_by_a_key_a_button_and_from_the_queue() {
    play("sent now end", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;
        for (number, way) in ["key", "button", "queue"].into_iter().enumerate() {
            send(stage, &format!("echo before {way}; sleep 60")).await?;
            see(stage, &format!("//*[contains(@class,'tool-call')]//*[text()='before {way}']")).await?;
            write(stage, PROMPT, &format!("echo after {way}")).await?;
            match number {
                0 => see(stage, PROMPT).await?.send_keys(Key::Control + "\n").await?,
                1 => press(stage, "//button[text()='Send now']").await?,
                _ => {
                    see(stage, PROMPT).await?.send_keys("\n").await?;
                    see(stage, "//li[@class='queued']").await?;
                    stage.browser.screenshot("sending now").await?;
                    stage.browser.resize(390, 844).await?;
                    stage.browser.screenshot("sending now phone").await?;
                    has_no_barriers(stage).await?;
                    press(stage, "//li[@class='queued']//button[starts-with(@aria-label, 'Send now')]").await?;
                }
            }
            see(stage, &format!("//*[contains(@class,'tool-call')]//*[text()='after {way}']")).await?;
            api.idle(&session).await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_gets_a_pasted_image_and_a_mentioned_file() {
    if let Some(why) = agents::missing("claude-agent-acp") {
        return skip("an image for Claude Code", &why);
    }
    let model = Model::start().await.expect("the model API starts");
    model.play(Scenario::cued("what is wrong").step(Step::text("I **see** it.")));
    let tools = agents::tool_folder().expect("a folder can be made");
    play_at(agents::claude_code_place(&model, tools.path()), "attached end", async |stage: &mut Stage| -> Result<()> {
        let folder = tempfile::tempdir()?;
        make_repository(folder.path()).await?;
        std::fs::create_dir(folder.path().join("src"))?;
        std::fs::write(folder.path().join("src/window.rs"), "fn main() {}\n")?;
        let api = Api::new(&stage.server.url(""));
        let workspace = api.add_workspace(&folder.path().display().to_string()).await?;
        let agent = json!({ "name": "Claude", "agentType": "claudeCode", "options": { "mode": "default" } });
        let agent = api.post("/agents", &agent).await?;
        let session = json!({ "workspaceId": workspace, "agentId": agent["id"] });
        let session = text(&api.post("/sessions", &session).await?["id"])?;
        api.session_state(&session, "ready").await?;
        stage.open(&format!("/projects/local/sessions/{session}")).await?;
        hydrated(stage).await?;

        // An image that is too large is made smaller; a file that isn't wanted is removed.
        paste(stage, PAINTED).await?;
        paste(stage, "new File(['notes'], 'notes.txt', { type: 'text/plain' })").await?;
        see(stage, "//img[@class='attachments__image']").await?;
        press(stage, "//button[@aria-label='Remove notes.txt']").await?;
        hide(stage, "//li[contains(., 'notes.txt')]").await?;

        // A file is found by a part of its name, and taken with Enter.
        write(stage, PROMPT, "what is wrong in @windo").await?;
        see(stage, "//li[@role='option' and contains(., '@src/window.rs')]").await?;
        stage.browser.screenshot("attaching").await?;
        stage.browser.resize(390, 844).await?;
        stage.browser.screenshot("attaching phone").await?;
        has_no_barriers(stage).await?;
        stage.browser.resize(1280, 800).await?;
        let area = see(stage, PROMPT).await?;
        area.send_keys("\n").await?;
        ensure!(
            area.prop("value").await?.as_deref() == Some("what is wrong in @src/window.rs "),
            "{:?}",
            area.prop("value").await?
        );
        area.send_keys("\n").await?;
        see(stage, "//strong[text()='see']").await?;
        api.idle(&session).await?;
        let shown = see(stage, "//*[contains(@class,'message--user')]//img[@class='file__image']").await?;
        ensure!(
            shown.prop("naturalWidth").await?.as_deref() == Some("1568"),
            "it is {:?} wide",
            shown.prop("naturalWidth").await?
        );
        stage.browser.screenshot("attached").await?;
        stage.browser.resize(390, 844).await?;
        stage.browser.screenshot("attached phone").await?;

        // The model got both.
        let requests = model.requests();
        let blocks = requests.iter().flat_map(|request| request.body["messages"].as_array().into_iter().flatten());
        let blocks: Vec<_> = blocks.flat_map(|message| message["content"].as_array().into_iter().flatten()).collect();
        let image = blocks.iter().find(|block| block["type"] == "image").context("the model got no image")?;
        ensure!(image["source"]["media_type"] == "image/png", "{}", image["source"]["media_type"]);
        let named = |block: &&&serde_json::Value| {
            block["text"].as_str().is_some_and(|text| text.contains("file:///home/octobot/workspace/src/window.rs"))
        };
        ensure!(blocks.iter().any(|block| named(&block)), "the model wasn't told of the file: {blocks:?}");
        Ok(())
    })
    .await;
}
