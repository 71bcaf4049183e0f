-- Beside the counts by status, how many of the FAILED tasks never ran: as UPSTREAM.
UPDATE event SET counts = (
    counts::jsonb || jsonb_build_object('UPSTREAM', failed.number)
)::text
FROM (
    SELECT t.dispatch, COUNT(*) AS number, (SELECT MAX(e.seq) FROM event e WHERE e.dispatch = t.dispatch) AS last
    FROM task t
    WHERE t.status = 'FAILED' AND t.cause = 'UPSTREAM'
    GROUP BY t.dispatch
) failed
WHERE event.dispatch = failed.dispatch AND event.seq = failed.last;
