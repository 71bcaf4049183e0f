-- No cause is ''.

-- key: never used again. The columns from new_object to cancelled count the dispatch's tasks by status.
CREATE TABLE dispatch (
    key {identity},
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    started_at DOUBLE PRECISION,
    ended_at DOUBLE PRECISION,
    error TEXT NOT NULL DEFAULT '',
    parent_id TEXT,
    parent_node BIGINT,
    root_id TEXT NOT NULL,
    redispatch_of TEXT,
    reuse INTEGER NOT NULL,
    owner TEXT NOT NULL,
    tasks INTEGER NOT NULL,
    new_object INTEGER NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0,
    submitted INTEGER NOT NULL DEFAULT 0,
    starting INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX dispatch_unfinished ON dispatch (key) WHERE status IN ('NEW_OBJECT', 'RUNNING');
CREATE INDEX dispatch_by_parent ON dispatch (parent_id) WHERE parent_id IS NOT NULL;

-- Apart from its dispatch, whose row changes at every turn and would carry it along.
CREATE TABLE graph (
    dispatch BIGINT NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (dispatch)
);

-- The small payloads that a graph names.
CREATE TABLE payload (
    dispatch BIGINT NOT NULL,
    digest TEXT {exact} NOT NULL,
    data {bytes} NOT NULL,
    PRIMARY KEY (dispatch, digest)
);

-- Files of the object store that a dispatch needs.
CREATE TABLE object_ref (
    dispatch BIGINT NOT NULL,
    digest TEXT {exact} NOT NULL,
    PRIMARY KEY (dispatch, digest)
) {clustered};

CREATE INDEX object_ref_by_digest ON object_ref (digest);

CREATE TABLE task (
    dispatch BIGINT NOT NULL,
    node BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    executor TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'NEW_OBJECT',
    attempt INTEGER NOT NULL DEFAULT 0,
    started_at DOUBLE PRECISION,
    ended_at DOUBLE PRECISION,
    cause TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    child_id TEXT,
    PRIMARY KEY (dispatch, node)
) {busy};

CREATE TABLE task_group (
    dispatch BIGINT NOT NULL,
    group_id TEXT NOT NULL,
    executor INTEGER NOT NULL,
    refs {bytes} NOT NULL,
    handle TEXT,
    sender TEXT NOT NULL,
    PRIMARY KEY (dispatch, group_id)
);

CREATE TABLE attempt (
    dispatch BIGINT NOT NULL,
    node BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    submitted_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (dispatch, node, attempt)
) {clustered};

-- One for each attempt that has ended. Attempt 0 holds the value of a task that was not run because it was reused.
CREATE TABLE outcome (
    dispatch BIGINT NOT NULL,
    node BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    cause TEXT NOT NULL,
    started INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    body {bytes},
    PRIMARY KEY (dispatch, node, attempt)
);

CREATE INDEX outcome_used ON outcome (dispatch, node, cause) WHERE started = 1 AND cause <> '';

-- Numbers are given out at the end of a transaction, under the lock of this one row, so that they become visible in order.
CREATE TABLE event_counter (
    seq BIGINT NOT NULL
);

INSERT INTO event_counter (seq) VALUES (0);

-- node: -1 for the dispatch itself.
CREATE TABLE event (
    seq {number} PRIMARY KEY,
    dispatch BIGINT NOT NULL,
    node BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    cause TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE INDEX event_by_dispatch ON event (dispatch, seq);
CREATE INDEX event_by_node ON event (dispatch, node, seq);

CREATE TABLE dispatcher (
    owner TEXT NOT NULL PRIMARY KEY,
    seen_at DOUBLE PRECISION NOT NULL
);

-- nodes: a JSON list; null for the whole dispatch.
CREATE TABLE cancel_wish (
    seq {identity},
    dispatch BIGINT NOT NULL,
    nodes TEXT
);
