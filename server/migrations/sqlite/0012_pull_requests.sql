-- Pull requests that were opened for what a session made.
CREATE TABLE pull_requests (
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    forge      TEXT NOT NULL CHECK (forge IN ('github', 'gitlab')),
    -- Where the forge is, and the path of the repository there.
    site       TEXT NOT NULL,
    repository TEXT NOT NULL,
    -- The forge's number for it.
    number     INTEGER NOT NULL,
    branch     TEXT NOT NULL,
    base       TEXT NOT NULL,
    title      TEXT NOT NULL,
    is_draft   INTEGER NOT NULL CHECK (is_draft IN (0, 1)),
    state      TEXT NOT NULL CHECK (state IN ('open', 'closed', 'merged')),
    opened_at  INTEGER NOT NULL,
    PRIMARY KEY (session_id, site, repository, number)
) STRICT;
