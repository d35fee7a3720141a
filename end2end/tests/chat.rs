//! Programs that use a session through the AI SDK, as it comes from npm.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository, text};
use octobot_end2end::chat::{self, Chat, parts, parts_of};
use octobot_end2end::model::{Block, Model, Scenario, Step};
use octobot_end2end::{Server, agents, rehearse, rehearse_at, skip};
use reqwest::{Client, Response};
use serde_json::{Value, json};

/// Prints a line every tenth of a second, 30 in all.
const TICKS: &str = "for i in {1..30}; do echo tick $i; sleep 0.1; done";

/// A session in an empty folder, and where its chat is.
async fn session(server: &Server, folder: &std::path::Path) -> Result<(Api, String, String)> {
    let api = Api::new(&server.url(""));
    let workspace = api.add_workspace(&folder.display().to_string()).await?;
    let session = api.create_session(&workspace).await?;
    let address = server.url(&format!("/api/projects/local/sessions/{session}/chat"));
    Ok((api, session, address))
}

fn printed(shown: &Value) -> &str {
    parts_of(shown, "dynamic-tool").last().and_then(|part| part["output"]["printed"].as_str()).unwrap_or_default()
}

/// All that 30 ticks print.
fn all_ticks() -> String {
    (1..=30).map(|tick| format!("tick {tick}\n")).collect::<Vec<_>>().concat()
}

async fn get(address: &str) -> Result<Response> {
    Ok(Client::new().get(address).send().await?)
}

#[tokio::test]
async fn a_chat_shows_a_command_while_it_runs_and_others_that_come_later_show_the_same() {
    if let Some(why) = chat::missing() {
        return skip("a chat shows a command", &why);
    }
    rehearse("a chat shows a command", async |server, folder| {
        let (_, _, address) = session(server, folder).await?;
        ensure!(get(&format!("{address}/stream")).await?.status() == 204, "no turn runs");
        let mut first = Chat::open(&address, true).await?;
        first.send(TICKS).await?;
        let shown = first.shows("output", |shown| printed(shown).contains("tick 3")).await?;
        let call = parts_of(&shown, "dynamic-tool")[0];
        ensure!((&call["state"], &call["preliminary"]) == (&"output-available".into(), &true.into()), "{call}");
        ensure!(shown["status"] == "streaming" && call["toolName"] == "execute", "{shown}");

        // Another page, which knows nothing of the prompt, and one that has just lost its stream.
        let mut second = Chat::open(&address, true).await?;
        let mut third = Chat::open(&address, false).await?;
        third.resume().await?;
        third.shows("output", |shown| printed(shown).contains("tick 5")).await?;
        third.stop().await?;
        third.shows("an end", |shown| shown["status"] == "ready").await?;
        third.resume().await?;
        let mut messages = Vec::new();
        for chat in [&mut first, &mut second, &mut third] {
            let shown =
                chat.shows("an end", |shown| shown["status"] == "ready" && printed(shown).contains("30")).await?;
            ensure!(printed(&shown) == all_ticks(), "{}", printed(&shown));
            ensure!(parts_of(&shown, "dynamic-tool")[0]["output"]["exitCode"] == 0, "{shown}");
            messages.push(shown["messages"].as_array().and_then(|messages| messages.last()).cloned());
        }
        ensure!(messages[0].is_some() && messages[0] == messages[1] && messages[0] == messages[2], "{messages:#?}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_says_what_it_is_and_an_ended_turn_can_be_told_again() {
    rehearse("a stream says what it is", async |server, folder| {
        let (_, _, address) = session(server, folder).await?;
        let prompt =
            json!({ "messages": [{ "role": "user", "parts": [{ "type": "text", "text": "echo é; exit 3" }] }] });
        let request = Client::new().post(&address).header("content-type", "application/json").body(prompt.to_string());
        let response = request.send().await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        ensure!(header("x-vercel-ai-ui-message-stream").as_deref() == Some("v1"));
        ensure!(header("content-type").as_deref() == Some("text/event-stream"));
        let told = response.text().await?;
        ensure!(told.ends_with("\ndata: [DONE]\n\n"), "{told}");
        let start = told.lines().next().and_then(|line| line.strip_prefix("data: ")).context("nothing was told")?;
        let turn = text(&serde_json::from_str::<Value>(start)?["messageId"])?;
        let again = get(&format!("{address}/any/stream?turn={turn}")).await?.text().await?;
        ensure!(again.contains(r#""exitCode":3"#) && again.contains(r#""printed":"é\n""#), "{again}");
        ensure!(again.matches("tool-output-available").count() == 1, "{again}");
        ensure!(get(&format!("{address}/stream")).await?.status() == 204, "no turn runs");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn files_of_a_chat_go_with_its_prompt_as_uploaded_ones_do() {
    if let Some(why) = chat::missing() {
        return skip("files of a chat", &why);
    }
    rehearse("files of a chat", async |server, folder| {
        let (api, session, address) = session(server, folder).await?;
        let mut chat = Chat::open(&address, false).await?;
        let file = |name: &str, media_type: &str, url: &str| {
            json!([{ "type": "file", "filename": name, "mediaType": media_type, "url": url }])
        };
        let notes = file("my notes.txt", "text/plain", "data:text/plain;base64,b25lCnR3bwo=");
        let prompt = r#"cd "$OCTOBOT_ATTACHMENTS" && wc -l *"#;
        chat.send_with(prompt, &notes).await?;
        chat.shows("the file", |shown| shown["status"] == "ready" && printed(shown) == "2 my notes.txt\n").await?;
        // The conversation has the file still, but only the last prompt counts.
        chat.send("echo \"${OCTOBOT_ATTACHMENTS-none}\"").await?;
        chat.shows("none", |shown| shown["status"] == "ready" && printed(shown) == "none\n").await?;
        let view = api.get(&format!("/sessions/{session}")).await?;
        let shown = &view["messages"][0]["parts"][1]["body"];
        ensure!(shown["kind"] == "file" && shown["name"] == "my notes.txt" && shown["bytes"] == 8, "{shown}");
        let kept = api.fetch(shown["href"].as_str().context("no address")?).await?.bytes().await?;
        ensure!(&kept[..] == b"one\ntwo\n", "{kept:?}");

        // What an upload would be refused for is refused here, and so is what is elsewhere.
        let path = address.split("/local").nth(1).context("no path")?;
        let post = async |files: &Value| {
            let mut parts = files.as_array().cloned().unwrap_or_default();
            parts.push(json!({ "type": "text", "text": "look" }));
            let body = json!({ "messages": [{ "role": "user", "parts": parts }] });
            api.send(Method::POST, path, Some(&body)).await
        };
        let (status, problem) = post(&file("a.png", "image/png", "https://example.com/a.png")).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "messages", "{status}: {problem}");
        let (status, problem) = post(&file("a.png", "image/png", "data:image/png;base64,PGh0bWw+")).await?;
        ensure!(status == 422 && problem["detail"].to_string().contains("a.png isn't an image"), "{status}: {problem}");
        let url = format!("data:text/plain,{}", "x".repeat(5 * 1024 * 1024 + 1));
        let (status, problem) = post(&file("a.txt", "text/plain", &url)).await?;
        ensure!(status == 413 && problem["detail"].to_string().contains("a.txt has 5242881 bytes"), "{status}: {problem}");
        let turns = api.get(&format!("/sessions/{session}/turns")).await?;
        ensure!(turns == json!([]), "{turns}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_turn_goes_on_when_its_stream_is_closed_and_ends_when_it_is_stopped() {
    if let Some(why) = chat::missing() {
        return skip("a turn goes on", &why);
    }
    rehearse("a turn goes on", async |server, folder| {
        let (api, session, address) = session(server, folder).await?;
        let mut chat = Chat::open(&address, false).await?;
        chat.send("for i in {1..600}; do echo tick $i; sleep 0.1; done").await?;
        let shown = chat.shows("output", |shown| printed(shown).contains("tick 2")).await?;
        chat.stop().await?;
        ensure!(chat.finished().await?["isAbort"] == true);
        let turns = api.get(&format!("/sessions/{session}/turns")).await?;
        ensure!(turns[0]["state"]["state"] == "running", "{turns}");
        chat.resume().await?;
        chat.shows("more output", |shown| shown["status"] == "streaming").await?;
        let turn = text(&shown["messages"][1]["metadata"]["turnId"])?;
        ensure!(shown["messages"][1]["id"] == *turn && turns[0]["id"] == *turn, "{shown}");
        api.post(&format!("/sessions/{session}/turns/{turn}/cancel"), &json!({})).await?;
        let finished = chat.finished().await?;
        ensure!(finished["finishReason"] == "interrupted" && finished["isError"] == false, "{finished}");
        let shown = chat.shows("the end", |shown| shown["status"] == "ready").await?;
        let call = parts_of(&shown, "dynamic-tool")[0];
        ensure!(call["state"] == "output-error" && call["errorText"].to_string().contains("stopped"), "{call}");

        // A prompt that is sent again is another turn.
        chat.send("echo one").await?;
        chat.shows("one", |shown| shown["status"] == "ready" && printed(shown) == "one\n").await?;
        let first = text(&chat.shown()["messages"][3]["id"])?;
        chat.regenerate().await?;
        let again = |shown: &Value| {
            shown["status"] == "ready" && printed(shown) == "one\n" && shown["messages"][3]["id"] != *first
        };
        chat.shows("one again", again).await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_chat_goes_on_after_its_server_was_killed() {
    if let Some(why) = chat::missing() {
        return skip("a chat after a kill", &why);
    }
    rehearse("a chat after a kill", async |server, folder| {
        let (_, _, address) = session(server, folder).await?;
        let mut chat = Chat::open(&address, false).await?;
        chat.send(TICKS).await?;
        chat.shows("output", |shown| printed(shown).contains("tick 2")).await?;
        server.kill_and_restart().await?;
        let shown = chat.shows("a failure", |shown| shown["status"] == "error").await?;
        ensure!(parts(&shown).len() == 2, "{shown}");
        chat.resume().await?;
        let shown = chat.shows("an end", |shown| shown["status"] == "ready" && printed(shown).contains("30")).await?;
        ensure!(printed(&shown) == all_ticks() && parts_of(&shown, "dynamic-tool").len() == 1, "{shown}");
        ensure!(shown["messages"].as_array().is_some_and(|messages| messages.len() == 2), "{shown}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_failed_turn_is_an_error_with_its_reason() {
    if let Some(why) = chat::missing() {
        return skip("a failed turn", &why);
    }
    rehearse("a failed turn", async |server, folder| {
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let options = json!({ "command": ["no-such-agent"] });
        let agent = json!({ "name": "Lost", "agentType": "custom", "options": options });
        let agent = api.post("/agents", &agent).await?;
        let session = json!({ "workspaceId": workspace, "agentId": agent["id"] });
        let session = text(&api.post("/sessions", &session).await?["id"])?;
        let address = server.url(&format!("/api/projects/local/sessions/{session}/chat"));
        let mut chat = Chat::open(&address, false).await?;
        chat.send("hello").await?;
        let finished = chat.finished().await?;
        ensure!(finished["isError"] == true && finished["isDisconnect"] == false, "{finished}");
        let shown = chat.shows("a failure", |shown| shown["status"] == "error").await?;
        ensure!(shown["error"].as_str().is_some_and(|error| error.contains("no-such-agent")), "{shown}");
        ensure!(parts_of(&shown, "data-error")[0]["data"]["text"] == shown["error"], "{shown}");
        Ok(())
    })
    .await;
}

/// Claude Code, which writes a file when it may, and talks slowly.
fn play(model: &Model) {
    let write = |name: &str| Block::Tool {
        name: "Write".to_owned(),
        input: json!({ "file_path": format!("/home/octobot/workspace/{name}"), "content": "Hello\n" }),
    };
    let talk = "Word after word it is **told**, ".repeat(20);
    model.play(
        Scenario::cued("write a file")
            .step(Step::thought("A file.").and(Block::Text("I write it.".to_owned())).and(write("hello.txt")))
            .step(Step::text("It is *written*.")),
    );
    model.play(
        Scenario::cued("two at once")
            .step(Step::text("Both.").and(write("one.txt")).and(write("two.txt")))
            .step(Step::text("Both are there.")),
    );
    model.play(
        Scenario::cued("never mind").step(Step::default().and(write("never.txt"))).step(Step::text("As you like.")),
    );
    let todo = json!({ "content": "look", "status": "in_progress", "activeForm": "looking" });
    let plan = Step::tool("TodoWrite", json!({ "todos": [todo] }));
    model.play(Scenario::cued("make a plan").step(plan).step(Step::text("Planned.")));
    model.play(Scenario::cued("talk to me").step(Step::text(&talk).slowly(Duration::from_millis(20))));
}

fn texts(shown: &Value) -> Vec<&str> {
    parts_of(shown, "text").iter().filter_map(|part| part["text"].as_str()).collect()
}

/// The requests for permission that wait for an answer.
fn asked(shown: &Value) -> Vec<String> {
    let calls = parts_of(shown, "dynamic-tool").into_iter().filter(|part| part["state"] == "approval-requested");
    calls.filter_map(|call| call["approval"]["id"].as_str().map(str::to_owned)).collect()
}

/// Answers one request after the other until the chat has nothing more to ask; returns what it shows then.
async fn answer_all(chat: &mut Chat, approved: bool) -> Result<Value> {
    loop {
        let settled = |shown: &Value| shown["status"] == "ready" && parts(shown).len() > 1;
        let shown = chat.shows("a question or an end", settled).await?;
        match asked(&shown).first() {
            Some(id) => chat.answer(id, approved, None).await?,
            // The answer is shown before it is sent.
            None if parts_of(&shown, "dynamic-tool").iter().any(|call| call["state"] == "approval-responded") => {}
            None => return Ok(shown),
        }
    }
}

#[tokio::test]
async fn a_chat_with_claude_code_streams_asks_and_is_answered() {
    let missing = agents::missing("claude-agent-acp").or_else(chat::missing);
    if let Some(why) = missing {
        return skip("a chat with Claude Code", &why);
    }
    let model = Model::start().await.expect("the model API starts");
    play(&model);
    let tools = agents::tool_folder().expect("a folder can be made");
    let place = agents::claude_code_place(&model, tools.path());
    rehearse_at(place, "a chat with Claude Code", async |server, folder| {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let agent = json!({ "name": "Claude", "agentType": "claudeCode", "options": { "mode": "default" } });
        let agent = api.post("/agents", &agent).await?;
        let session = json!({ "workspaceId": workspace, "agentId": agent["id"] });
        let session = text(&api.post("/sessions", &session).await?["id"])?;
        let address = server.url(&format!("/api/projects/local/sessions/{session}/chat"));
        let mut chat = Chat::open(&address, false).await?;

        chat.send("write a file").await?;
        let shown = chat.shows("a question", |shown| shown["status"] == "ready" && !asked(shown).is_empty()).await?;
        let call = parts_of(&shown, "dynamic-tool")[0];
        ensure!(call["toolName"] == "edit" && call["approval"]["descriptor"]["options"].is_array(), "{call}");
        ensure!(parts_of(&shown, "reasoning")[0]["text"] == "A file." && texts(&shown) == ["I write it."], "{shown}");
        chat.answer(&asked(&shown)[0], true, None).await?;
        let shown = chat
            .shows("the end", |shown| texts(shown).last() == Some(&"It is *written*.") && shown["status"] == "ready")
            .await?;
        let call = parts_of(&shown, "dynamic-tool")[0];
        ensure!(call["state"] == "output-available" && call["approval"]["approved"] == true, "{call}");
        let diff = &call["output"]["content"][0];
        ensure!(diff["path"] == "hello.txt" && diff["patch"].to_string().contains("+Hello"), "{call}");
        ensure!(texts(&shown) == ["I write it.", "It is *written*."], "{shown}");
        ensure!(shown["messages"][1]["metadata"]["usage"]["outputTokens"].as_u64() > Some(0), "{shown}");

        // What the agent said is there as text in the other API, too.
        let view = api.get(&format!("/sessions/{session}")).await?;
        let said = view["messages"][1]["parts"].as_array().and_then(|parts| parts.last()).context("no parts")?;
        ensure!(said["body"]["text"] == "It is *written*." && said["body"]["html"][0].is_string(), "{said}");

        chat.send("two at once").await?;
        let shown = answer_all(&mut chat, true).await?;
        ensure!(texts(&shown) == ["Both.", "Both are there."], "{shown}");
        let calls = parts_of(&shown, "dynamic-tool");
        ensure!(calls.len() == 2 && calls.iter().all(|call| call["state"] == "output-available"), "{shown}");

        chat.send("never mind").await?;
        let shown = answer_all(&mut chat, false).await?;
        let call = parts_of(&shown, "dynamic-tool")[0];
        ensure!(call["state"] == "output-denied" && texts(&shown) == ["As you like."], "{shown}");

        chat.send("make a plan").await?;
        let shown = answer_all(&mut chat, true).await?;
        let plan = parts_of(&shown, "data-plan")[0];
        ensure!(plan["data"]["entries"][0]["content"] == "looking" && texts(&shown) == ["Planned."], "{shown}");

        // Words come one by one, and a stream that is lost in the middle brings them all once.
        chat.send("talk to me").await?;
        chat.shows("words", |shown| texts(shown).last().is_some_and(|text| text.len() > 20)).await?;
        chat.stop().await?;
        chat.shows("a part of them", |shown| shown["status"] == "ready").await?;
        let some = texts(chat.shown()).concat();
        chat.resume().await?;
        let shown = chat
            .shows("all of them", |shown| shown["status"] == "ready" && texts(shown).concat().len() > some.len())
            .await?;
        let all = "Word after word it is **told**, ".repeat(20);
        ensure!(texts(&shown).concat().trim_end() == all.trim_end(), "{shown}");
        ensure!(some.len() < all.trim_end().len(), "the words came at once");
        Ok(())
    })
    .await;
}
