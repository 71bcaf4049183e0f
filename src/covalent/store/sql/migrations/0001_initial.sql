-- No cause is ''.

-- key: never used again.
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
    tasks INTEGER NOT NULL
);

CREATE INDEX dispatch_unfinished ON dispatch (key) WHERE status IN ('NEW_OBJECT', 'RUNNING');
CREATE INDEX dispatch_by_parent ON dispatch (parent_id) WHERE parent_id IS NOT NULL;

-- Apart from its dispatch, which lists read.
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

-- group_id, submitted_at: of the last attempt.
CREATE TABLE task (
    dispatch BIGINT NOT NULL,
    node BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    executor TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'NEW_OBJECT',
    attempt INTEGER NOT NULL DEFAULT 0,
    group_id TEXT NOT NULL DEFAULT '',
    submitted_at DOUBLE PRECISION,
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
) {clustered};

-- One for each attempt that has ended. Attempt 0 holds the value of a task that was not run because it was reused.
CREATE TABLE attempt (
    dispatch BIGINT NOT NULL,
    node BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    submitted_at DOUBLE PRECISION,
    status TEXT NOT NULL,
    cause TEXT NOT NULL,
    started INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    body {bytes},
    PRIMARY KEY (dispatch, node, attempt)
) {clustered};

CREATE INDEX attempt_used ON attempt (dispatch, node, cause) WHERE started = 1 AND cause <> '';

-- seq: from 1 in each dispatch, given out under the lock of the dispatch's row, so that the numbers become visible in order.
-- node: -1 for the dispatch itself.
-- counts: in the last event of each turn, how many of the dispatch's tasks are in each status; in the others ''.
CREATE TABLE event (
    dispatch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    node BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    cause TEXT NOT NULL,
    detail TEXT NOT NULL,
    counts TEXT NOT NULL,
    PRIMARY KEY (dispatch, seq)
) {clustered};

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
