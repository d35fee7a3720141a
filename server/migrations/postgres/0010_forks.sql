-- The session that a session was forked from. It may be gone by now, so this is no reference.
ALTER TABLE sessions ADD COLUMN forked_from UUID;
