//! An MCP server over HTTP with one tool, `greet`, which says what its caller had in a header.

use anyhow::{Context, Result};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::origin;

/// The header that a caller proves itself by.
pub const HEADER: &str = "x-greeting-key";

/// A running MCP server. It ends when it is dropped.
#[derive(Debug)]
pub struct McpServer {
    address: String,
    server: JoinHandle<()>,
}

impl McpServer {
    /// Starts one.
    pub async fn start() -> Result<Self> {
        let listener = origin::listen().await.context("the MCP server can't listen")?;
        let address = format!("http://{}/mcp", listener.local_addr()?.ip());
        let router = Router::new().route("/mcp", post(answer));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the MCP server has ended: {error}");
            }
        });
        Ok(Self { address, server })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.address
    }
}

impl Drop for McpServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(headers: HeaderMap, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let result = match request["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": request["params"]["protocolVersion"], "capabilities": { "tools": {} },
            "serverInfo": { "name": "greeter", "version": "1" },
        }),
        Some("tools/list") => {
            let schema = json!({ "type": "object", "properties": {} });
            json!({ "tools": [{ "name": "greet", "description": "Greets.", "inputSchema": schema }] })
        }
        Some("tools/call") => {
            let key = headers.get(HEADER).and_then(|key| key.to_str().ok()).unwrap_or("nobody");
            json!({ "content": [{ "type": "text", "text": format!("Hello, {key}!") }] })
        }
        Some("ping") => json!({}),
        // Notifications, which aren't answered.
        _ => return StatusCode::ACCEPTED.into_response(),
    };
    axum::Json(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).into_response()
}
