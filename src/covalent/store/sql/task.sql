-- query: add_tasks
-- rows: dispatch bigint, node bigint, name text, kind text, executor text
INSERT INTO task (dispatch, node, name, kind, executor)
SELECT dispatch, node, name, kind, executor FROM r

-- query: step_tasks
-- rows: dispatch bigint, node bigint, was integer, source text, target text, attempt integer
UPDATE task
SET status = r.target, attempt = r.attempt
FROM r
WHERE task.dispatch = r.dispatch AND task.node = r.node AND task.attempt = r.was AND task.status = r.source

-- query: change_tasks
-- rows: dispatch bigint, node bigint, was integer, source text, target text, attempt integer, started_at float8, ended_at float8, cause text, message text
UPDATE task
SET status = r.target,
    attempt = r.attempt,
    started_at = COALESCE(r.started_at, task.started_at),
    ended_at = r.ended_at,
    cause = r.cause,
    message = r.message
FROM r
WHERE task.dispatch = r.dispatch AND task.node = r.node AND task.attempt = r.was AND task.status = r.source

-- query: task_states
SELECT node, status, attempt FROM task WHERE dispatch = :dispatch AND node {in_numbers:nodes}

-- query: set_child
UPDATE task SET child_id = :child_id
WHERE dispatch = (SELECT key FROM dispatch WHERE id = :id) AND node = :node

-- query: tasks
SELECT node, name, kind, executor, status, attempt, started_at, ended_at, cause, message, child_id
FROM task
WHERE dispatch = :dispatch AND node > :after AND status {in_texts:statuses}
ORDER BY node
LIMIT :limit

-- query: add_groups
-- rows: dispatch bigint, group_id text, executor integer, refs bytea, handle text, sender text
INSERT INTO task_group (dispatch, group_id, executor, refs, handle, sender)
SELECT dispatch, group_id, executor, refs, handle, sender FROM r WHERE TRUE
ON CONFLICT (dispatch, group_id) DO NOTHING

-- query: set_handle
UPDATE task_group SET handle = :handle WHERE dispatch = :dispatch AND group_id = :group_id

-- query: groups
SELECT g.group_id, g.executor, g.refs, g.handle, g.sender
FROM task_group g
WHERE g.dispatch = :dispatch AND g.group_id {in_texts:group_ids}
ORDER BY g.group_id

-- query: open_attempts
SELECT a.group_id, a.node, a.attempt
FROM task t
JOIN attempt a ON a.dispatch = t.dispatch AND a.node = t.node AND a.attempt = t.attempt
WHERE t.dispatch = :dispatch AND t.status IN ('SUBMITTED', 'STARTING', 'RUNNING')

-- query: add_attempts
-- rows: dispatch bigint, node bigint, attempt integer, group_id text, submitted_at float8
INSERT INTO attempt (dispatch, node, attempt, group_id, submitted_at)
SELECT dispatch, node, attempt, group_id, submitted_at FROM r

-- query: attempts
SELECT a.attempt, a.group_id, a.submitted_at, t.status, o.status, o.retried, o.body
FROM attempt a
JOIN task t ON t.dispatch = a.dispatch AND t.node = a.node
LEFT JOIN outcome o ON o.dispatch = a.dispatch AND o.node = a.node AND o.attempt = a.attempt
WHERE a.dispatch = :dispatch AND a.node = :node
ORDER BY a.attempt

-- query: add_outcomes
-- rows: dispatch bigint, node bigint, attempt integer, status text, cause text, started integer, retried integer, body bytea
INSERT INTO outcome (dispatch, node, attempt, status, cause, started, retried, body)
SELECT dispatch, node, attempt, status, cause, started, retried, body FROM r

-- query: used_attempts
SELECT node, cause, COUNT(*)
FROM outcome
WHERE dispatch = :dispatch AND started = 1 AND cause <> '' AND attempt > 0
GROUP BY node, cause

-- query: outputs
SELECT t.node, o.body
FROM task t
JOIN outcome o ON o.dispatch = t.dispatch AND o.node = t.node AND o.attempt = t.attempt
WHERE t.dispatch = :dispatch AND t.status = 'COMPLETED' AND t.node {in_numbers:nodes}
