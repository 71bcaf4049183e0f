-- query: lock_dispatches
SELECT key FROM dispatch WHERE id {in_texts:ids} ORDER BY key {lock}

-- query: standings
SELECT id, key,
    (SELECT MAX(e.seq) FROM event e WHERE e.dispatch = d.key),
    (SELECT e.counts FROM event e WHERE e.dispatch = d.key ORDER BY e.seq DESC LIMIT 1)
FROM dispatch d
WHERE id {in_texts:ids}

-- query: dispatch_statuses
SELECT id, key, status FROM dispatch WHERE id {in_texts:ids}

-- query: dispatch_key
SELECT key FROM dispatch WHERE id = :id

-- query: add_dispatch
INSERT INTO dispatch (
    id, name, status, created_at, started_at, parent_id, parent_node, root_id, redispatch_of, reuse, owner, tasks,
    executors
) VALUES (
    :id, :name, :status, :created_at, :started_at, :parent_id, :parent_node, :root_id, :redispatch_of, :reuse, :owner, :tasks,
    :executors
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

-- query: dispatch
SELECT key, id, name, status, created_at, started_at, ended_at, error, parent_id, parent_node, root_id, redispatch_of, reuse, tasks,
    (SELECT e.counts FROM event e WHERE e.dispatch = d.key ORDER BY e.seq DESC LIMIT 1),
    executors
FROM dispatch d WHERE id = :id

-- query: dispatches
SELECT key, id, name, status, created_at, started_at, ended_at, error, parent_id, parent_node, root_id, redispatch_of, reuse, tasks,
    (SELECT e.counts FROM event e WHERE e.dispatch = d.key ORDER BY e.seq DESC LIMIT 1),
    executors
FROM dispatch d
WHERE key < :below
    AND status {in_texts:statuses}
    AND executors {like} :executor ESCAPE '\'
    AND (name {like} :pattern ESCAPE '\' OR id {like} :pattern ESCAPE '\')
    AND (:roots_only = 0 OR parent_id IS NULL)
ORDER BY key DESC
LIMIT :limit
