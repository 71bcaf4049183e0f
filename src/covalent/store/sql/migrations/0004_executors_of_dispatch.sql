-- JSON: the short names of the executors that its tasks run on.
ALTER TABLE dispatch ADD COLUMN executors TEXT NOT NULL DEFAULT '[]';
