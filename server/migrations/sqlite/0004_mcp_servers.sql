-- MCP servers that an agent's program is told of.
CREATE TABLE agent_mcp_servers (
    id            BLOB    NOT NULL PRIMARY KEY,
    agent_id      BLOB    NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    transport     TEXT    NOT NULL CHECK (transport IN ('stdio', 'http')),
    -- Of a program: it and its arguments, as JSON.
    command       TEXT,
    -- Of a server that is reached over HTTP.
    url           TEXT,
    -- The names of its variables or headers, as JSON, and the values, sealed.
    value_names   TEXT    NOT NULL,
    sealed_values BLOB    NOT NULL,
    UNIQUE (agent_id, position),
    UNIQUE (agent_id, name),
    CHECK ((transport = 'stdio') = (command IS NOT NULL)),
    CHECK ((transport = 'http') = (url IS NOT NULL))
) STRICT;
