-- Pull requests that were opened for what a session made.
CREATE TABLE pull_requests (
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    forge      TEXT NOT NULL CHECK (forge IN ('github', 'gitlab')),
    -- Where the forge is, and the path of the repository there.
    site       TEXT NOT NULL,
    repository TEXT NOT NULL,
    -- The forge's number for it.
    number     BIGINT NOT NULL,
    branch     TEXT NOT NULL,
    base       TEXT NOT NULL,
    title      TEXT NOT NULL,
    is_draft   BOOLEAN NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('open', 'closed', 'merged')),
    opened_at  BIGINT NOT NULL,
    PRIMARY KEY (session_id, site, repository, number)
);
