-- Times are milliseconds since the Unix epoch, and what has a fixed set of values is text
-- that a CHECK names in full. Both engines have the same tables: change ../sqlite in the same commit.

CREATE TABLE installation (
    one BIGINT  NOT NULL PRIMARY KEY CHECK (one = 1),
    id  UUID    NOT NULL
);

CREATE TABLE users (
    id         UUID    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE preferences (
    user_id UUID    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    body    TEXT NOT NULL
);

CREATE TABLE projects (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    -- The number of the project's last event.
    event_number BIGINT  NOT NULL DEFAULT 0 CHECK (event_number >= 0),
    created_at   BIGINT  NOT NULL
);

CREATE TABLE project_members (
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    PRIMARY KEY (project_id, user_id)
);
CREATE INDEX project_members_user ON project_members (user_id);

CREATE TABLE events (
    project_id    TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    number        BIGINT  NOT NULL CHECK (number > 0),
    at            BIGINT  NOT NULL,
    -- The session whose transcript the event belongs to. It may be gone by now, so this is no reference.
    transcript_of UUID,
    body          TEXT    NOT NULL,
    PRIMARY KEY (project_id, number)
);

CREATE TABLE agents (
    id           UUID    NOT NULL PRIMARY KEY,
    project_id   TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    agent_type   TEXT    NOT NULL,
    is_default   BOOLEAN NOT NULL,
    setup_script TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    updated_at   BIGINT  NOT NULL
);
CREATE INDEX agents_project ON agents (project_id, created_at);
CREATE UNIQUE INDEX agents_default ON agents (project_id) WHERE is_default;

CREATE TABLE workspaces (
    id              UUID    NOT NULL PRIMARY KEY,
    project_id      TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    source_kind     TEXT    NOT NULL CHECK (source_kind IN ('folder', 'git')),
    -- A path or a URL, as the kind says.
    source_location TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('initializing', 'cloning', 'ready', 'error', 'removing')),
    -- What only some states know, as JSON.
    state_detail    TEXT,
    goal            TEXT    NOT NULL CHECK (goal IN ('ready', 'removed')),
    commit_id       TEXT,
    commit_summary  TEXT,
    commit_branch   TEXT,
    dirty           BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);
CREATE INDEX workspaces_project ON workspaces (project_id, created_at);

CREATE TABLE sessions (
    id              UUID    NOT NULL PRIMARY KEY,
    project_id      TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    workspace_id    UUID    NOT NULL REFERENCES workspaces (id),
    agent_id        UUID    NOT NULL REFERENCES agents (id),
    idempotency_key UUID,
    name            TEXT,
    display_name    TEXT,
    state           TEXT    NOT NULL CHECK (state IN ('initializing', 'cloning', 'pulling_image', 'creating_sandbox',
                                                      'ready', 'running', 'stopped', 'error', 'removing')),
    state_detail    TEXT,
    goal            TEXT    NOT NULL CHECK (goal IN ('up', 'stopped', 'removed')),
    isolation       TEXT,
    daemon_events   BIGINT  NOT NULL CHECK (daemon_events >= 0),
    -- The last numbers given to a turn, a message and a line of the log. A number is never given twice.
    turn_number     BIGINT  NOT NULL DEFAULT 0,
    message_number  BIGINT  NOT NULL DEFAULT 0,
    log_number      BIGINT  NOT NULL DEFAULT 0,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    UNIQUE (project_id, idempotency_key)
);
CREATE INDEX sessions_project ON sessions (project_id, updated_at);
CREATE INDEX sessions_workspace ON sessions (workspace_id);
CREATE INDEX sessions_agent ON sessions (agent_id);

CREATE TABLE session_log (
    session_id UUID    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number     BIGINT  NOT NULL,
    at         BIGINT  NOT NULL,
    stage      TEXT    NOT NULL CHECK (stage IN ('initializing', 'cloning', 'pulling_image', 'creating_sandbox',
                                                 'running', 'removing')),
    text       TEXT    NOT NULL,
    PRIMARY KEY (session_id, number)
);

CREATE TABLE turns (
    id               UUID    NOT NULL PRIMARY KEY,
    session_id       UUID    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number           BIGINT  NOT NULL,
    idempotency_key  UUID,
    -- A prompt is sealed until it is delivered, and plain after that.
    sealed_prompt    BYTEA,
    prompt           TEXT,
    state            TEXT    NOT NULL CHECK (state IN ('queued', 'delivered', 'running', 'waiting', 'completed',
                                                       'cancelled', 'failed', 'interrupted')),
    state_detail     TEXT,
    cancel_requested BOOLEAN NOT NULL,
    created_at       BIGINT  NOT NULL,
    started_at       BIGINT,
    ended_at         BIGINT,
    UNIQUE (session_id, number),
    UNIQUE (session_id, idempotency_key),
    CHECK ((state = 'queued') = (sealed_prompt IS NOT NULL)),
    CHECK ((sealed_prompt IS NULL) = (prompt IS NOT NULL))
);
CREATE INDEX turns_open ON turns (session_id, number) WHERE state IN ('queued', 'delivered', 'running', 'waiting');

CREATE TABLE messages (
    id         UUID    NOT NULL PRIMARY KEY,
    session_id UUID    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn_id    UUID    NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    number     BIGINT  NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('user', 'agent')),
    created_at BIGINT  NOT NULL,
    UNIQUE (session_id, number)
);
CREATE INDEX messages_turn ON messages (turn_id);

CREATE TABLE parts (
    id            UUID    NOT NULL PRIMARY KEY,
    message_id    UUID    NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position      BIGINT  NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('text', 'tool_call', 'error')),
    -- Of a text and an error.
    text          TEXT,
    -- Of a tool call.
    call          BIGINT,
    title         TEXT,
    input         TEXT,
    status        TEXT    CHECK (status IN ('running', 'exited', 'killed', 'cancelled', 'interrupted')),
    status_detail TEXT,
    -- The last lines of its output as JSON, rendered once when it ended.
    output_tail   TEXT,
    UNIQUE (message_id, position),
    CHECK ((kind = 'tool_call') = (text IS NULL)),
    CHECK ((kind = 'tool_call') = (call IS NOT NULL AND title IS NOT NULL AND input IS NOT NULL AND status IS NOT NULL))
);

CREATE TABLE output_chunks (
    part_id UUID    NOT NULL REFERENCES parts (id) ON DELETE CASCADE,
    number  BIGINT  NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (part_id, number)
);

CREATE TABLE jobs (
    kind         TEXT    NOT NULL CHECK (kind IN ('workspace', 'session')),
    -- What the kind says. It may be gone by now, so this is no reference.
    subject      UUID    NOT NULL,
    generation   BIGINT  NOT NULL CHECK (generation > 0),
    attempts     BIGINT  NOT NULL CHECK (attempts >= 0),
    run_at       BIGINT  NOT NULL,
    -- Who runs it, and until when that holds without a heartbeat.
    lease_owner  UUID,
    leased_until BIGINT,
    last_error   TEXT,
    PRIMARY KEY (kind, subject),
    CHECK ((lease_owner IS NULL) = (leased_until IS NULL))
);
CREATE INDEX jobs_due ON jobs (run_at);

CREATE TABLE leases (
    name         TEXT    NOT NULL PRIMARY KEY,
    owner        UUID    NOT NULL,
    leased_until BIGINT  NOT NULL
);
