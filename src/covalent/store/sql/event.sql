-- query: take_numbers
UPDATE event_counter SET seq = seq + :count

-- query: last_number
SELECT seq FROM event_counter

-- query: add_events
-- rows: seq bigint, dispatch bigint, node bigint, attempt integer, status text, at float8, cause text, detail text
INSERT INTO event (seq, dispatch, node, attempt, status, at, cause, detail)
SELECT seq, dispatch, node, attempt, status, at, cause, detail FROM r

-- query: events
SELECT e.seq, d.id, e.node, e.attempt, e.status, e.at, e.cause, e.detail
FROM event e JOIN dispatch d ON d.key = e.dispatch
WHERE e.seq > :after
ORDER BY e.seq
LIMIT :limit

-- query: events_of_dispatch
SELECT seq, :id, node, attempt, status, at, cause, detail
FROM event
WHERE dispatch = :dispatch AND seq > :after
ORDER BY seq
LIMIT :limit

-- query: events_of_node
SELECT seq, :id, node, attempt, status, at, cause, detail
FROM event
WHERE dispatch = :dispatch AND node = :node AND seq > :after
ORDER BY seq
LIMIT :limit

-- query: numbers_of_event
SELECT seq FROM event
WHERE dispatch = :dispatch AND node = :node AND attempt = :attempt AND status = :status AND at = :at
ORDER BY seq

-- query: events_between
SELECT seq, dispatch, node, attempt, status, at, cause, detail
FROM event
WHERE seq BETWEEN :first AND :last
ORDER BY seq
