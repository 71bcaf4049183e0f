-- query: lock_dispatches
SELECT id, key FROM dispatch WHERE id {in_texts:ids} ORDER BY key {lock}

-- query: dispatch_statuses
SELECT id, key, status FROM dispatch WHERE id {in_texts:ids}

-- query: dispatch_key
SELECT key FROM dispatch WHERE id = :id

-- query: add_dispatch
INSERT INTO dispatch (
    id, name, status, created_at, started_at, parent_id, parent_node, root_id, redispatch_of, reuse, owner, tasks, new_object
) VALUES (
    :id, :name, :status, :created_at, :started_at, :parent_id, :parent_node, :root_id, :redispatch_of, :reuse, :owner, :tasks, :tasks
)
ON CONFLICT (id) DO NOTHING

-- query: add_graph
INSERT INTO graph (dispatch, body) VALUES (:dispatch, :body)

-- query: graph
SELECT g.body FROM graph g JOIN dispatch d ON d.key = g.dispatch WHERE d.id = :id

-- query: step_dispatch
UPDATE dispatch
SET status = :target, started_at = COALESCE(:started_at, started_at), ended_at = :ended_at, error = :error
WHERE key = :dispatch AND status = :source

-- query: count_tasks
UPDATE dispatch
SET new_object = new_object + :NEW_OBJECT,
    ready = ready + :READY,
    submitted = submitted + :SUBMITTED,
    starting = starting + :STARTING,
    running = running + :RUNNING,
    completed = completed + :COMPLETED,
    failed = failed + :FAILED,
    cancelled = cancelled + :CANCELLED
WHERE key = :dispatch

-- query: dispatch
SELECT key, id, name, status, created_at, started_at, ended_at, error, parent_id, parent_node, root_id, redispatch_of, reuse, tasks,
    new_object, ready, submitted, starting, running, completed, failed, cancelled
FROM dispatch WHERE id = :id

-- query: dispatches
SELECT key, id, name, status, created_at, started_at, ended_at, error, parent_id, parent_node, root_id, redispatch_of, reuse, tasks,
    new_object, ready, submitted, starting, running, completed, failed, cancelled
FROM dispatch
WHERE key < :below
    AND status {in_texts:statuses}
    AND (name {like} :pattern ESCAPE '\' OR id {like} :pattern ESCAPE '\')
    AND (:roots_only = 0 OR parent_id IS NULL)
ORDER BY key DESC
LIMIT :limit
