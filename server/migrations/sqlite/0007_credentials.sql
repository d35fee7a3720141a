-- Keys and tokens that a project's agents work with.
CREATE TABLE credentials (
    id              BLOB    NOT NULL PRIMARY KEY,
    project_id      TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    credential_type TEXT    NOT NULL,
    base_url        TEXT,
    every_session   INTEGER NOT NULL CHECK (every_session IN (0, 1)),
    -- The names of the variables that its values are given in, as JSON, and the values, sealed.
    variables       TEXT    NOT NULL,
    sealed_values   BLOB    NOT NULL,
    -- What came of the last try, as JSON.
    tested          TEXT,
    last_used_at    INTEGER,
    rotated_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX credentials_project ON credentials (project_id, created_at);

-- The credentials that a session was given, beside those that every session has.
CREATE TABLE session_credentials (
    session_id    BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    PRIMARY KEY (session_id, credential_id)
) STRICT;
CREATE INDEX session_credentials_credential ON session_credentials (credential_id);
