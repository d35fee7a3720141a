-- Keys and tokens that a project's agents work with.
CREATE TABLE credentials (
    id              UUID    NOT NULL PRIMARY KEY,
    project_id      TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    credential_type TEXT    NOT NULL,
    base_url        TEXT,
    every_session   BOOLEAN NOT NULL,
    -- The names of the variables that its values are given in, as JSON, and the values, sealed.
    variables       TEXT    NOT NULL,
    sealed_values   BYTEA   NOT NULL,
    -- What came of the last try, as JSON.
    tested          TEXT,
    last_used_at    BIGINT,
    rotated_at      BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    UNIQUE (project_id, name)
);
CREATE INDEX credentials_project ON credentials (project_id, created_at);

-- The credentials that a session was given, beside those that every session has.
CREATE TABLE session_credentials (
    session_id    UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    credential_id UUID NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    PRIMARY KEY (session_id, credential_id)
);
CREATE INDEX session_credentials_credential ON session_credentials (credential_id);
