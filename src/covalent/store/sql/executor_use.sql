-- A sublattice that runs as a dispatch of its own keeps no executor busy.

-- query: executor_counts
SELECT t.executor, t.status, COUNT(*)
FROM dispatch d JOIN task t ON t.dispatch = d.key
WHERE d.status = 'RUNNING' AND t.child_id IS NULL AND t.status IN ('READY', 'SUBMITTED', 'STARTING', 'RUNNING')
GROUP BY t.executor, t.status

-- query: executor_groups
SELECT t.executor, COUNT(DISTINCT t.group_id)
FROM dispatch d JOIN task t ON t.dispatch = d.key
WHERE d.status = 'RUNNING' AND t.child_id IS NULL AND t.status IN ('SUBMITTED', 'STARTING', 'RUNNING')
GROUP BY t.executor

-- query: executor_under_way
SELECT executor, id, dispatch_name, node, name, status, attempt, submitted_at, started_at, ended_at, cause, message
FROM (
    SELECT t.executor, d.id, d.name AS dispatch_name, t.node, t.name, t.status, t.attempt, t.submitted_at, t.started_at, t.ended_at,
        t.cause, t.message,
        ROW_NUMBER() OVER (
            PARTITION BY t.executor
            ORDER BY CASE t.status WHEN 'RUNNING' THEN 0 WHEN 'STARTING' THEN 1 ELSE 2 END, t.submitted_at, t.dispatch, t.node
        ) AS place
    FROM dispatch d JOIN task t ON t.dispatch = d.key
    WHERE d.status = 'RUNNING' AND t.child_id IS NULL AND t.status IN ('SUBMITTED', 'STARTING', 'RUNNING')
) ranked
WHERE place <= :limit
ORDER BY executor, place

-- query: executor_waits
SELECT t.executor, t.started_at - t.submitted_at
FROM task t
WHERE t.dispatch IN (SELECT d.key FROM dispatch d ORDER BY d.key DESC LIMIT :dispatches)
    AND t.child_id IS NULL
    AND t.started_at >= t.submitted_at
ORDER BY t.dispatch DESC, t.node
LIMIT :limit

-- query: executor_failed
SELECT executor, id, dispatch_name, node, name, status, attempt, submitted_at, started_at, ended_at, cause, message
FROM (
    SELECT t.executor, d.id, d.name AS dispatch_name, t.node, t.name, t.status, t.attempt, t.submitted_at, t.started_at, t.ended_at,
        t.cause, t.message,
        ROW_NUMBER() OVER (PARTITION BY t.executor ORDER BY t.ended_at DESC, t.dispatch DESC, t.node) AS place
    FROM dispatch d JOIN task t ON t.dispatch = d.key
    WHERE d.key IN (SELECT l.key FROM dispatch l ORDER BY l.key DESC LIMIT :dispatches)
        AND t.child_id IS NULL
        AND t.status = 'FAILED'
        AND t.cause NOT IN ('', 'UPSTREAM', 'CANCELLED')
) ranked
WHERE place <= :limit
ORDER BY executor, place

-- query: executor_names
SELECT d.executors FROM dispatch d ORDER BY d.key DESC LIMIT :dispatches
