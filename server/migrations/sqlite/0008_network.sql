-- Who may be reached from a project's sandboxes. A project without a row has what every project begins with.
CREATE TABLE network_policies (
    project_id TEXT    NOT NULL PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    -- Counts the changes.
    revision   INTEGER NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    mode       TEXT    NOT NULL,
    -- Lists, as JSON.
    presets    TEXT    NOT NULL,
    allowed    TEXT    NOT NULL,
    denied     TEXT    NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- What workspaces add to it.
CREATE TABLE network_additions (
    workspace_id BLOB    NOT NULL PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
    revision     INTEGER NOT NULL,
    allowed      TEXT    NOT NULL,
    denied       TEXT    NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
