-- query: heartbeat
INSERT INTO dispatcher (owner, seen_at) VALUES (:owner, :at)
ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at

-- query: introduce
INSERT INTO dispatcher (owner, seen_at) VALUES (:owner, :at)
ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at WHERE dispatcher.seen_at < excluded.seen_at

-- query: take_over
UPDATE dispatch SET owner = :owner
WHERE status IN ('NEW_OBJECT', 'RUNNING')
    AND owner <> :owner
    AND NOT EXISTS (SELECT 1 FROM dispatcher o WHERE o.owner = dispatch.owner AND o.seen_at >= :alive_since)

-- query: unfinished_of
SELECT id FROM dispatch WHERE status IN ('NEW_OBJECT', 'RUNNING') AND owner = :owner ORDER BY key

-- query: claim
UPDATE dispatch SET owner = :owner WHERE id = :id AND status = 'NEW_OBJECT'

-- query: forget_dispatchers
DELETE FROM dispatcher
WHERE seen_at < :alive_since
    AND owner NOT IN (SELECT owner FROM dispatch WHERE status IN ('NEW_OBJECT', 'RUNNING'))

-- query: add_wish
INSERT INTO cancel_wish (dispatch, nodes)
SELECT key, CAST(:nodes AS TEXT) FROM dispatch WHERE id = :id AND status IN ('NEW_OBJECT', 'RUNNING')

-- query: wishes_of
SELECT w.seq, d.id, w.nodes
FROM cancel_wish w JOIN dispatch d ON d.key = w.dispatch
WHERE d.owner = :owner AND d.status IN ('NEW_OBJECT', 'RUNNING')
ORDER BY w.seq

-- query: drop_wishes
DELETE FROM cancel_wish WHERE dispatch = :dispatch
