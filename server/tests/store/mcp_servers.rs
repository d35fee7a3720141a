//! MCP servers of agents.

use octobot_server::domain::McpServer;
use octobot_server::store::StoreError;
use octobot_wire::McpServerId;
use octobot_wire::launch::Variable;
use octobot_wire::mcp::McpTransport;

use crate::database::Database;
use crate::samples::{agent, agent_id, begin, commit, id, with_project};
use crate::turns::in_files;

fn server(number: u128, name: &str, transport: McpTransport, values: &[Variable]) -> McpServer {
    McpServer {
        id: McpServerId::new(id(number)),
        agent_id: agent_id(1),
        name: name.to_owned(),
        transport,
        value_names: values.iter().map(|value| value.name.clone()).collect(),
    }
}

fn stdio() -> McpTransport {
    McpTransport::Stdio { command: vec!["npx".to_owned(), "ä b".to_owned()] }
}

fn secret(name: &str) -> Vec<Variable> {
    vec![Variable { name: name.to_owned(), value: "gläserne Kugel".to_owned() }]
}

pub async fn an_agents_mcp_servers_are_replaced_all_at_once(database: &Database) {
    with_project(&database.store).await;
    let http = McpTransport::Http { url: "https://example.com/mcp".to_owned() };
    let second = server(2, "web", http, &secret("x-key"));
    let first = server(1, "files", stdio(), &secret("KEY"));
    let mut tx = begin(&database.store).await;
    tx.insert_agent(&agent(2)).await.unwrap();
    let both = [(second.clone(), secret("x-key")), (first.clone(), secret("KEY"))];
    tx.replace_mcp_servers(agent_id(1), &both).await.unwrap();
    assert_eq!(tx.mcp_servers(agent_id(1)).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(tx.mcp_servers(agent_id(2)).await.unwrap(), []);
    assert_eq!(tx.mcp_values(second.id).await.unwrap(), secret("x-key"));
    tx.replace_mcp_servers(agent_id(1), &[(first.clone(), Vec::new())]).await.unwrap();
    assert_eq!(tx.mcp_servers(agent_id(1)).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(tx.mcp_values(first.id).await.unwrap(), []);
    assert_eq!(tx.mcp_values(second.id).await.unwrap(), []);
    commit(tx).await;

    let mut tx = begin(&database.store).await;
    tx.delete_agent(agent_id(1)).await.unwrap();
    assert_eq!(tx.mcp_servers(agent_id(1)).await.unwrap(), []);
}

pub async fn a_name_is_given_once_to_an_agents_mcp_servers(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    let twice = [1, 2].map(|number| (server(number, "files", stdio(), &[]), Vec::new()));
    let refused = tx.replace_mcp_servers(agent_id(1), &twice).await;
    assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
}

pub async fn the_values_of_mcp_servers_are_sealed_and_bound_to_their_rows(database: &Database) {
    with_project(&database.store).await;
    let mut tx = begin(&database.store).await;
    let both = [
        (server(1, "one", stdio(), &secret("KEY")), secret("KEY")),
        (server(2, "two", stdio(), &secret("KEY")), secret("KEY")),
    ];
    tx.replace_mcp_servers(agent_id(1), &both).await.unwrap();
    commit(tx).await;
    assert!(!in_files(database, "gläserne Kugel"), "a value stands in the file in plain text");
    // Shows that the search above could have found it.
    assert!(database.files().is_empty() || in_files(database, "ä b"));
    database
        .tamper(
            "UPDATE agent_mcp_servers SET sealed_values = \
             (SELECT sealed_values FROM agent_mcp_servers AS other WHERE other.name = 'two') WHERE name = 'one'",
        )
        .await;
    let mut tx = database.store.read().await.unwrap();
    let moved = tx.mcp_values(McpServerId::new(id(1))).await;
    assert!(matches!(moved, Err(StoreError::Sealed { table: "agent_mcp_servers", .. })), "{moved:?}");
    assert_eq!(tx.mcp_values(McpServerId::new(id(2))).await.unwrap(), secret("KEY"));
}
