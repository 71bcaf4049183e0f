-- query: add_events
-- rows: dispatch bigint, seq bigint, node bigint, attempt integer, status text, at float8, cause text, detail text, counts text
INSERT INTO event (dispatch, seq, node, attempt, status, at, cause, detail, counts)
SELECT dispatch, seq, node, attempt, status, at, cause, detail, counts FROM r

-- query: events_of_dispatch
SELECT seq, node, attempt, status, at, cause, detail
FROM event
WHERE dispatch = :dispatch AND seq > :after
ORDER BY seq
LIMIT :limit

-- query: events_of_node
SELECT seq, node, attempt, status, at, cause, detail
FROM event
WHERE dispatch = :dispatch AND node = :node AND seq > :after
ORDER BY seq
LIMIT :limit

-- query: numbers_of_event
SELECT seq FROM event
WHERE dispatch = :dispatch AND node = :node AND attempt = :attempt AND status = :status AND at = :at
ORDER BY seq

-- query: events_between
SELECT node, attempt, status, at, cause, detail
FROM event
WHERE dispatch = :dispatch AND seq BETWEEN :first AND :last
ORDER BY seq
