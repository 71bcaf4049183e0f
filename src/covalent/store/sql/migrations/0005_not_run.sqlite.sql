-- Beside the counts by status, how many of the FAILED tasks never ran: as UPSTREAM.
UPDATE event SET counts = json_set(
    counts,
    '$.UPSTREAM',
    (SELECT COUNT(*) FROM task t WHERE t.dispatch = event.dispatch AND t.status = 'FAILED' AND t.cause = 'UPSTREAM')
)
WHERE (dispatch, seq) IN (
    SELECT failed.dispatch, (SELECT MAX(e.seq) FROM event e WHERE e.dispatch = failed.dispatch)
    FROM (SELECT DISTINCT t.dispatch FROM task t WHERE t.status = 'FAILED' AND t.cause = 'UPSTREAM') failed
);
