-- The steps of states.py; a test tries every one. Here they stand in tables, because a look-up is the quickest check.

CREATE TABLE task_step (
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (source, target)
) WITHOUT ROWID;

INSERT INTO task_step (source, target) VALUES
    ('NEW_OBJECT', 'READY'), ('NEW_OBJECT', 'COMPLETED'), ('NEW_OBJECT', 'FAILED'), ('NEW_OBJECT', 'CANCELLED'),
    ('READY', 'SUBMITTED'), ('READY', 'FAILED'), ('READY', 'CANCELLED'),
    ('SUBMITTED', 'STARTING'), ('SUBMITTED', 'RUNNING'), ('SUBMITTED', 'READY'),
    ('SUBMITTED', 'COMPLETED'), ('SUBMITTED', 'FAILED'), ('SUBMITTED', 'CANCELLED'),
    ('STARTING', 'RUNNING'), ('STARTING', 'READY'),
    ('STARTING', 'COMPLETED'), ('STARTING', 'FAILED'), ('STARTING', 'CANCELLED'),
    ('RUNNING', 'READY'), ('RUNNING', 'COMPLETED'), ('RUNNING', 'FAILED'), ('RUNNING', 'CANCELLED');

CREATE TABLE dispatch_step (
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (source, target)
) WITHOUT ROWID;

INSERT INTO dispatch_step (source, target) VALUES
    ('NEW_OBJECT', 'RUNNING'), ('NEW_OBJECT', 'CANCELLED'),
    ('RUNNING', 'COMPLETED'), ('RUNNING', 'FAILED'), ('RUNNING', 'CANCELLED');

CREATE TRIGGER task_takes_known_steps BEFORE UPDATE OF status ON task
WHEN NOT EXISTS (SELECT 1 FROM task_step s WHERE s.source = OLD.status AND s.target = NEW.status)
BEGIN
    SELECT RAISE(ABORT, 'a task cannot take that step');
END;

CREATE TRIGGER dispatch_takes_known_steps BEFORE UPDATE OF status ON dispatch
WHEN NOT EXISTS (SELECT 1 FROM dispatch_step s WHERE s.source = OLD.status AND s.target = NEW.status)
BEGIN
    SELECT RAISE(ABORT, 'a dispatch cannot take that step');
END;
