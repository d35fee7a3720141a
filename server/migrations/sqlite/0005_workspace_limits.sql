-- What each sandbox of a workspace may use up, as JSON with only what was said.
ALTER TABLE workspaces ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
