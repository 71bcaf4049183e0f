-- query: add_tasks
-- rows: dispatch bigint, node bigint, name text, kind text, executor text
INSERT INTO task (dispatch, node, name, kind, executor)
SELECT dispatch, node, name, kind, executor FROM r

-- query: step_tasks
-- rows: dispatch bigint, node bigint, attempt integer, source text, target text
UPDATE task
SET status = r.target
FROM r
WHERE task.dispatch = r.dispatch AND task.node = r.node AND task.attempt = r.attempt AND task.status = r.source

-- query: submit_tasks
-- rows: dispatch bigint, node bigint, attempt integer, group_id text, submitted_at float8
UPDATE task
SET status = 'SUBMITTED',
    attempt = r.attempt,
    group_id = r.group_id,
    submitted_at = r.submitted_at,
    ended_at = NULL,
    cause = '',
    message = ''
FROM r
WHERE task.dispatch = r.dispatch AND task.node = r.node AND task.attempt = r.attempt - 1 AND task.status = 'READY'

-- query: change_tasks
-- rows: dispatch bigint, node bigint, attempt integer, source text, target text, started_at float8, ended_at float8, cause text, message text
UPDATE task
SET status = r.target,
    started_at = COALESCE(r.started_at, task.started_at),
    ended_at = r.ended_at,
    cause = r.cause,
    message = r.message
FROM r
WHERE task.dispatch = r.dispatch AND task.node = r.node AND task.attempt = r.attempt AND task.status = r.source

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
SELECT group_id, node, attempt
FROM task
WHERE dispatch = :dispatch AND status IN ('SUBMITTED', 'STARTING', 'RUNNING')

-- query: attempts
SELECT attempt, group_id, submitted_at, status, retried, body
FROM attempt
WHERE dispatch = :dispatch AND node = :node AND attempt > 0
UNION ALL
SELECT attempt, group_id, submitted_at, status, 0, NULL
FROM task
WHERE dispatch = :dispatch AND node = :node AND status IN ('SUBMITTED', 'STARTING', 'RUNNING')
ORDER BY 1

-- query: end_attempts
-- rows: dispatch bigint, node bigint, attempt integer, status text, cause text, started integer, retried integer, body bytea
INSERT INTO attempt (dispatch, node, attempt, group_id, submitted_at, status, cause, started, retried, body)
SELECT r.dispatch, r.node, r.attempt, t.group_id, t.submitted_at, r.status, r.cause, r.started, r.retried, r.body
FROM r JOIN task t ON t.dispatch = r.dispatch AND t.node = r.node

-- query: used_attempts
SELECT node, cause, COUNT(*)
FROM attempt
WHERE dispatch = :dispatch AND started = 1 AND cause <> '' AND attempt > 0
GROUP BY node, cause

-- query: outputs
SELECT t.node, a.body
FROM task t
JOIN attempt a ON a.dispatch = t.dispatch AND a.node = t.node AND a.attempt = t.attempt
WHERE t.dispatch = :dispatch AND t.status = 'COMPLETED' AND t.node {in_numbers:nodes}
