//! MCP servers of an agent: a real one from npm as a program, and one over HTTP, used by a real agent.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository, text};
use octobot_end2end::mcp::{self, McpServer};
use octobot_end2end::model::{Model, Scenario, Step};
use octobot_end2end::{agents, rehearse_at, skip};
use serde_json::{Value, json};

/// What this machine lacks.
fn missing() -> Option<String> {
    agents::missing("claude-agent-acp").or_else(|| agents::missing("mcp-server-everything"))
}

/// Waits for the end of a session's turns, and says yes to whatever the agent asks.
async fn allow_all(api: &Api, session: &str) -> Result<()> {
    let mut events = api.events(&format!("session={session}")).await?;
    loop {
        let view = api.get(&format!("/sessions/{session}")).await?;
        let Some(turn) = view["turns"].get(0) else { return Ok(()) };
        let parts = view["messages"].as_array().into_iter().flatten().filter_map(|message| message["parts"].as_array());
        let bodies = parts.flatten().map(|part| &part["body"]);
        if let Some(asked) = bodies.into_iter().find(|body| body["kind"] == "permission" && body["state"] == "open") {
            let path = format!("/sessions/{session}/turns/{}/permissions/{}", text(&turn["id"])?, asked["number"]);
            let options = asked["options"].as_array().context("no options")?;
            let option = options.iter().find(|option| option["kind"] == "allowOnce").context("no yes")?;
            api.post(&path, &json!({ "option": option["id"] })).await?;
        }
        events.next().await?;
    }
}

/// What the tool calls of the last message show.
async fn shown(api: &Api, session: &str) -> Result<String> {
    let view = api.get(&format!("/sessions/{session}")).await?;
    let last = view["messages"].as_array().and_then(|messages| messages.last()).context("no message")?;
    let calls = last["parts"].as_array().into_iter().flatten().filter(|part| part["body"]["kind"] == "toolCall");
    Ok(calls.map(|call| call["body"].to_string()).collect::<Vec<_>>().concat())
}

#[tokio::test]
async fn claude_code_uses_the_tools_of_its_mcp_servers() {
    if let Some(why) = missing() {
        return skip("MCP servers", &why);
    }
    let model = Model::start().await.expect("the model API starts");
    let greeter = McpServer::start().await.expect("the MCP server starts");
    model.play(
        Scenario::cued("use your tools")
            .step(Step::tool("mcp__everything__get-env", json!({})))
            .step(Step::tool("mcp__greeter__greet", json!({})))
            .step(Step::text("Used.")),
    );
    let tools = agents::tool_folder().expect("a folder can be made");
    rehearse_at(agents::claude_code_place(&model, tools.path()), "MCP servers", async |server, folder| {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let agent = json!({ "name": "Claude", "agentType": "claudeCode", "options": { "mode": "default" } });
        let agent = text(&api.post("/agents", &agent).await?["id"])?;
        let path = format!("/agents/{agent}/mcp-servers");
        let everything = json!({
            "name": "everything", "transport": { "kind": "stdio", "command": ["mcp-server-everything", "stdio"] },
            "values": [{ "name": "GREETING", "value": "from the vault" }],
        });
        let greets = json!({
            "name": "greeter", "transport": { "kind": "http", "url": greeter.url() },
            "values": [{ "name": mcp::HEADER, "value": "Ada" }],
        });
        let both = json!({ "servers": [everything, greets] });
        let (status, saved) = api.send(Method::PUT, &path, Some(&both)).await?;
        ensure!(status == 200 && saved[0]["valueNames"] == json!(["GREETING"]), "{saved}");
        ensure!(!saved.to_string().contains("vault") && api.get(&path).await? == saved, "{saved}");

        let session = json!({ "workspaceId": workspace, "agentId": agent, "prompt": "use your tools" });
        let session = text(&api.post("/sessions", &session).await?["id"])?;
        allow_all(&api, &session).await?;
        let told = shown(&api, &session).await?;
        ensure!(told.contains("from the vault"), "the variable isn't there: {told}");
        ensure!(told.contains("Hello, Ada!"), "the header isn't there: {told}");

        // A value that isn't given again is kept, and one that never was is refused.
        let mut renamed = saved.clone();
        for server in renamed.as_array_mut().into_iter().flatten() {
            let names = server["valueNames"].take();
            let names = names.as_array().into_iter().flatten().map(|name| json!({ "name": name }));
            server["values"] = names.collect::<Value>();
            server.as_object_mut().context("no object")?.remove("valueNames");
        }
        renamed[1]["name"] = json!("welcomer");
        let (status, saved) = api.send(Method::PUT, &path, Some(&json!({ "servers": renamed }))).await?;
        ensure!(status == 200 && saved[1]["name"] == "welcomer", "{saved}");
        renamed[1]["id"] = Value::Null;
        let (status, problem) = api.send(Method::PUT, &path, Some(&json!({ "servers": renamed }))).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "servers.1.values", "{problem}");

        // The program is started again with what was changed, and goes on with its thread.
        model.play(
            Scenario::cued("and now the other")
                .step(Step::tool("mcp__welcomer__greet", json!({})))
                .step(Step::text("Used.")),
        );
        api.submit(&session, "and now the other").await?;
        allow_all(&api, &session).await?;
        ensure!(shown(&api, &session).await?.contains("Hello, Ada!"));
        Ok(())
    })
    .await;
}
