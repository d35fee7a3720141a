-- Agents that talk, ask and plan: options of agents, more kinds of parts, files, usage, and what a session's agent told.
-- Lists whose items only a page looks into stand as the JSON in which they travel.
ALTER TABLE agents ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE turns ADD COLUMN usage TEXT;
ALTER TABLE sessions ADD COLUMN agent_state TEXT;

-- Made anew as on the other engine, so that both have the same columns in the same order.
CREATE TABLE new_parts (
    id            UUID    NOT NULL PRIMARY KEY,
    turn_id       UUID    NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    message_id    UUID    NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position      BIGINT  NOT NULL,
    -- The agent daemon's number for it, within the turn.
    number        BIGINT,
    kind          TEXT    NOT NULL CHECK (kind IN ('text', 'answer', 'reasoning', 'tool_call', 'plan', 'permission',
                                                   'file', 'notice', 'error')),
    -- Of a text, a notice and an error. Answers, reasoning and output stand in chunks.
    text          TEXT,
    -- Of a tool call and a permission.
    title         TEXT,
    status        TEXT    CHECK (status IN ('pending', 'running', 'completed', 'failed', 'exited', 'killed',
                                            'cancelled', 'interrupted', 'open', 'answered')),
    status_detail TEXT,
    -- Of a tool call: what its tool does, what was given to it, the last lines of its output as JSON, rendered once when
    -- it ended.
    tool          TEXT    CHECK (tool IN ('read', 'edit', 'delete', 'move', 'search', 'execute', 'think', 'fetch',
                                          'other')),
    input         TEXT,
    output_tail   TEXT,
    -- What else its kind has, as JSON.
    detail        TEXT,
    UNIQUE (message_id, position),
    UNIQUE (turn_id, number),
    CHECK ((kind IN ('text', 'error')) = (number IS NULL)),
    CHECK ((kind IN ('text', 'notice', 'error')) = (text IS NOT NULL)),
    CHECK ((kind IN ('tool_call', 'permission')) = (title IS NOT NULL AND status IS NOT NULL)),
    CHECK ((kind = 'tool_call') = (tool IS NOT NULL AND input IS NOT NULL)),
    CHECK (kind NOT IN ('tool_call', 'plan', 'permission', 'file') OR detail IS NOT NULL)
);

INSERT INTO new_parts (id, turn_id, message_id, position, number, kind, text, title, status, status_detail, tool, input,
                       output_tail, detail)
SELECT parts.id, messages.turn_id, message_id, position, call, kind, text, title, status, status_detail,
       CASE kind WHEN 'tool_call' THEN 'execute' END, input, output_tail,
       CASE kind WHEN 'tool_call' THEN '{"content":[],"locations":[]}' END
FROM parts JOIN messages ON messages.id = parts.message_id;

-- What a part prints or says, as it comes.
CREATE TABLE part_chunks (
    part_id UUID    NOT NULL REFERENCES new_parts (id) ON DELETE CASCADE,
    number  BIGINT  NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (part_id, number)
);
INSERT INTO part_chunks (part_id, number, text) SELECT part_id, number, text FROM output_chunks;

DROP TABLE output_chunks;
DROP TABLE parts;
ALTER TABLE new_parts RENAME TO parts;

CREATE TABLE files (
    id         UUID    NOT NULL PRIMARY KEY,
    part_id    UUID    NOT NULL REFERENCES parts (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    data       BYTEA   NOT NULL
);
CREATE INDEX files_part ON files (part_id);
