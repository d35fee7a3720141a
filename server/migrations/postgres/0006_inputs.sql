-- A prompt can go before others that wait, and files can go with it.
--
-- Of the turns that wait the one with the smallest place runs next.
ALTER TABLE turns ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
UPDATE turns SET place = number;
DROP INDEX turns_open;
CREATE INDEX turns_open ON turns (session_id, place, number)
    WHERE state IN ('queued', 'delivered', 'running', 'waiting');

-- The files that go with the prompt, as JSON without their bytes.
ALTER TABLE turns ADD COLUMN attachments TEXT;

CREATE TABLE attachments (
    id         UUID    NOT NULL PRIMARY KEY,
    session_id UUID    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- None until a prompt takes it.
    turn_id    UUID    REFERENCES turns (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    bytes      BIGINT  NOT NULL,
    -- Its bytes, sealed as prompts are.
    sealed     BYTEA   NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX attachments_session ON attachments (session_id);
CREATE INDEX attachments_turn ON attachments (turn_id);
