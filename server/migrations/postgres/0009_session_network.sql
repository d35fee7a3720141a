-- Whether a session's setup script runs, which may reach more than its agent.
ALTER TABLE sessions ADD COLUMN network_phase TEXT NOT NULL DEFAULT 'agent' CHECK (network_phase IN ('setup', 'agent'));

-- What the repository says of the network, as JSON: it narrows what the project allows.
ALTER TABLE sessions ADD COLUMN repository_policy TEXT;
