-- Names one taking of a job, so that a run that stalled doesn't take a later lease, even of the same server, for its own.
ALTER TABLE jobs ADD COLUMN lease UUID;
