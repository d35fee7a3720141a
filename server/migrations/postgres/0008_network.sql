-- Who may be reached from a project's sandboxes. A project without a row has what every project begins with.
CREATE TABLE network_policies (
    project_id TEXT    NOT NULL PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    -- Counts the changes.
    revision   BIGINT  NOT NULL,
    enabled    BOOLEAN NOT NULL,
    mode       TEXT    NOT NULL,
    -- Lists, as JSON.
    presets    TEXT    NOT NULL,
    allowed    TEXT    NOT NULL,
    denied     TEXT    NOT NULL,
    updated_at BIGINT  NOT NULL
);

-- What workspaces add to it.
CREATE TABLE network_additions (
    workspace_id UUID    NOT NULL PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    revision     BIGINT  NOT NULL,
    allowed      TEXT    NOT NULL,
    denied       TEXT    NOT NULL,
    updated_at   BIGINT  NOT NULL
);
