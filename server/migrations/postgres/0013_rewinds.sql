-- Rewinds of conversations. One that stands has begun a conversation by its number: what it set aside is what turns name it.
CREATE TABLE rewinds (
    session_id     UUID   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number         BIGINT NOT NULL CHECK (number > 0),
    -- The number under which the sandbox keeps what the files were.
    files_number   BIGINT NOT NULL,
    -- The number of the session's last message: a later one was said since.
    message_number BIGINT NOT NULL,
    undone         BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (session_id, number)
);
-- The rewind that set a turn aside; none for one that is in force.
ALTER TABLE turns ADD COLUMN rewind BIGINT;
