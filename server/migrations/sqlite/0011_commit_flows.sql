-- How far a session's agent is with committing, as JSON; none where it wasn't asked.
ALTER TABLE sessions ADD COLUMN commit_flow TEXT;
