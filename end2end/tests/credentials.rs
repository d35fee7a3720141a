//! Credentials: added, tried with a real request, given to a real agent, rotated and revoked; never told again.

use anyhow::{Context as _, Result, ensure};
use octobot_end2end::api::{Api, Method, make_repository, text};
use octobot_end2end::model::{Model, REFUSED_KEY, Scenario, Step};
use octobot_end2end::{Place, agents, rehearse_at, skip};
use serde_json::{Value, json};

/// The kinds and texts of what the agent said last.
async fn last_parts(api: &Api, session: &str) -> Result<String> {
    api.idle(session).await?;
    let view = api.get(&format!("/sessions/{session}")).await?;
    Ok(view["messages"].as_array().and_then(|messages| messages.last()).context("no message")?["parts"].to_string())
}

fn own_api(url: &str, key: &str) -> Value {
    json!({
        "name": "Own API", "credentialType": "openAiCompatible", "baseUrl": format!("{url}/v1"), "everySession": false,
        "values": [{ "name": "OPENAI_API_KEY", "value": key }],
    })
}

#[tokio::test]
async fn a_credential_is_tried_with_a_real_request_and_its_values_are_never_told() {
    let model = Model::start().await.expect("the model API starts");
    rehearse_at(Place::default(), "credentials", async |server, folder| {
        let api = Api::new(&server.url(""));
        let added = api.post("/credentials", &own_api(model.url(), REFUSED_KEY)).await?;
        ensure!(added["tested"]["outcome"]["outcome"] == "refused", "{added}");
        let path = format!("/credentials/{}", text(&added["id"])?);

        // Another address takes no stored key along.
        let mut moved = own_api("http://127.0.0.1:9", "");
        moved["values"] = json!([{ "name": "OPENAI_API_KEY" }]);
        let (status, problem) = api.send(Method::PUT, &path, Some(&moved)).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "values", "{problem}");

        let (status, rotated) = api.send(Method::PUT, &path, Some(&own_api(model.url(), "sk-canary"))).await?;
        ensure!(status == 200 && rotated["tested"]["outcome"]["outcome"] == "accepted", "{rotated}");
        let asked = model.requests().pop().context("the API wasn't asked")?;
        ensure!(asked.path == "/v1/models" && asked.key.as_deref() == Some("sk-canary"), "{asked:?}");
        let away = json!({ "name": "Away", "credentialType": "openAiCompatible", "baseUrl": "http://127.0.0.1:9",
            "everySession": false, "values": [{ "name": "OPENAI_API_KEY", "value": "sk-canary" }] });
        let away = api.post("/credentials", &away).await?;
        ensure!(away["tested"]["outcome"]["outcome"] == "unknown", "{away}");

        let listed = api.get("/credentials").await?;
        for told in [&added, &rotated, &away, &listed] {
            ensure!(!told.to_string().contains("sk-"), "{told}");
        }
        let (status, problem) = api.send(Method::POST, "/credentials", Some(&own_api(model.url(), "x"))).await?;
        ensure!(status == 422 && problem["errors"][0]["field"] == "name", "{problem}");

        // The shell is given none of them.
        let values = json!([{ "name": "CANARY", "value": "sk-canary" }]);
        let own = json!({ "name": "Own", "credentialType": "variables", "everySession": true, "values": values });
        api.post("/credentials", &own).await?;
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let session = api.create_session(&workspace).await?;
        api.submit(&session, "env").await?;
        let printed = last_parts(&api, &session).await?;
        ensure!(printed.contains("HOME=") && !printed.contains("CANARY"), "{printed}");
        let listed = api.get("/credentials").await?;
        ensure!(listed["credentials"].as_array().into_iter().flatten().all(|known| known["lastUsedAt"].is_null()));

        ensure!(api.send(Method::DELETE, &path, None).await?.0 == 204);
        ensure!(api.send(Method::POST, &format!("{path}/test"), None).await?.0 == 404);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn claude_code_works_with_the_credentials_that_its_session_has() {
    if let Some(why) = agents::missing("claude-agent-acp") {
        return skip("credentials of an agent", &why);
    }
    let model = Model::start().await.expect("the model API starts");
    model.play(Scenario::cued("say it").step(Step::text("Said with a key.")));
    let tools = agents::tool_folder().expect("a folder can be made");
    let place = Place {
        options: vec![
            format!("--tool-dir={}", tools.path().display()),
            format!("--tool-dir={}", agents::modules().display()),
        ],
        ..Place::default()
    };
    rehearse_at(place, "credentials", async |server, folder| {
        make_repository(folder).await?;
        let api = Api::new(&server.url(""));
        let workspace = api.add_workspace(&folder.display().to_string()).await?;
        let agent = api.post("/agents", &json!({ "name": "Claude", "agentType": "claudeCode" })).await?;
        let session = json!({ "workspaceId": workspace, "agentId": agent["id"], "prompt": "say it" });
        let session = text(&api.post("/sessions", &session).await?["id"])?;
        let without = last_parts(&api, &session).await?;
        ensure!(without.contains("ANTHROPIC_API_KEY"), "the missing key isn't named: {without}");

        let given = |key: &str| {
            json!({
                "name": "Simulated", "credentialType": "variables", "everySession": false,
                "values": [
                    { "name": "ANTHROPIC_API_KEY", "value": key },
                    { "name": "ANTHROPIC_BASE_URL", "value": model.url() },
                ],
            })
        };
        let credential = api.post("/credentials", &given("sk-first")).await?;
        let id = text(&credential["id"])?;
        // It isn't for every session, so this one has it only once it was given it.
        api.submit(&session, "say it").await?;
        ensure!(!last_parts(&api, &session).await?.contains("Said with a key."));
        let chosen = json!({ "credentials": [id] });
        let of_session = format!("/sessions/{session}/credentials");
        ensure!(api.send(Method::PUT, &of_session, Some(&chosen)).await?.0 == 200);
        ensure!(api.get(&of_session).await? == chosen);
        api.submit(&session, "say it").await?;
        let with = last_parts(&api, &session).await?;
        ensure!(with.contains("Said with a key."), "{with}");
        ensure!(model.requests().iter().any(|request| request.key.as_deref() == Some("sk-first")));
        ensure!(!api.get("/credentials").await?["credentials"][0]["lastUsedAt"].is_null());

        // Rotated: the program goes on with the new one. Revoked: without any.
        ensure!(api.send(Method::PUT, &format!("/credentials/{id}"), Some(&given("sk-second"))).await?.0 == 200);
        api.submit(&session, "say it").await?;
        ensure!(last_parts(&api, &session).await?.contains("Said with a key."));
        ensure!(model.requests().iter().any(|request| request.key.as_deref() == Some("sk-second")));
        ensure!(api.send(Method::DELETE, &format!("/credentials/{id}"), None).await?.0 == 204);
        api.submit(&session, "say it").await?;
        ensure!(!last_parts(&api, &session).await?.contains("Said with a key."));
        Ok(())
    })
    .await;
}
