-- Rewinds of conversations. One that stands has begun a conversation by its number: what it set aside is what turns name it.
CREATE TABLE rewinds (
    session_id     BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number         INTEGER NOT NULL CHECK (number > 0),
    -- The number under which the sandbox keeps what the files were.
    files_number   INTEGER NOT NULL,
    -- The number of the session's last message: a later one was said since.
    message_number INTEGER NOT NULL,
    undone         INTEGER NOT NULL CHECK (undone IN (0, 1)),
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (session_id, number)
) STRICT;
-- The rewind that set a turn aside; none for one that is in force.
ALTER TABLE turns ADD COLUMN rewind INTEGER;
