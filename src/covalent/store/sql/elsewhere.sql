-- query: add_executors
-- rows: dispatch bigint, number integer, name text, options text
INSERT INTO executor (dispatch, number, name, options)
SELECT dispatch, number, name, options FROM r

-- query: placement
SELECT e.name, e.options, g.handle
FROM task_group g
JOIN dispatch d ON d.key = g.dispatch
JOIN executor e ON e.dispatch = g.dispatch AND e.number = g.executor
WHERE d.id = :id AND g.group_id = :group_id

-- query: borrow
INSERT INTO borrowed (dispatch, root_id)
SELECT CAST(:dispatch AS BIGINT), d.root_id FROM dispatch d WHERE d.id = :earlier
UNION
SELECT CAST(:dispatch AS BIGINT), b.root_id FROM borrowed b JOIN dispatch d ON d.key = b.dispatch WHERE d.id = :earlier

-- query: executors_nearest_first
SELECT name, options
FROM (
    SELECT e.name, e.options, e.dispatch AS latest,
        CASE WHEN d.id = :id THEN 2 WHEN d.root_id = (SELECT root_id FROM dispatch WHERE id = :id) THEN 1 ELSE 0 END AS near
    FROM executor e JOIN dispatch d ON d.key = e.dispatch
    UNION ALL
    -- Of purged dispatches, to whose values others still refer.
    SELECT DISTINCT name, options, 0, 0 FROM leftover
) known
GROUP BY name, options
ORDER BY MAX(near) DESC, MAX(latest) DESC
LIMIT :limit

-- query: leave_groups
INSERT INTO leftover (group_id, root_id, name, options)
SELECT g.group_id, d.root_id, e.name, e.options
FROM executor e
JOIN dispatch d ON d.key = e.dispatch
JOIN task_group g ON g.dispatch = e.dispatch AND g.executor = e.number
WHERE e.dispatch {in_numbers:dispatches}
ON CONFLICT DO NOTHING

-- query: purge_executors
DELETE FROM executor WHERE dispatch {in_numbers:dispatches}

-- query: purge_borrowed
DELETE FROM borrowed WHERE dispatch {in_numbers:dispatches}

-- query: executors_of_leftovers
SELECT DISTINCT name, options
FROM leftover l
WHERE NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.id = l.root_id)
    AND NOT EXISTS (SELECT 1 FROM borrowed b WHERE b.root_id = l.root_id)
ORDER BY name, options

-- query: leftovers
SELECT group_id
FROM leftover l
WHERE name = :name AND options = :options
    AND NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.id = l.root_id)
    AND NOT EXISTS (SELECT 1 FROM borrowed b WHERE b.root_id = l.root_id)
ORDER BY group_id
LIMIT :limit

-- query: forget_leftovers
DELETE FROM leftover WHERE group_id {in_texts:group_ids}

-- query: replace_outcome
UPDATE attempt SET body = :body
WHERE dispatch = :dispatch AND node = :node AND attempt = :attempt AND status = :status

-- query: date_task
UPDATE task SET started_at = COALESCE(:started_at, started_at), ended_at = COALESCE(:ended_at, ended_at)
WHERE dispatch = :dispatch AND node = :node AND attempt = :attempt AND status = :status
