-- query: add_secrets
-- rows: dispatch bigint, id text, sealed bytea
INSERT INTO secret (dispatch, id, sealed)
SELECT dispatch, id, sealed FROM r

-- query: inherit_secrets
INSERT INTO secret (dispatch, id, sealed)
SELECT CAST(:dispatch AS BIGINT), s.id, s.sealed
FROM secret s JOIN dispatch d ON d.key = s.dispatch
WHERE d.id = :earlier
ON CONFLICT DO NOTHING

-- query: secrets_of_any
SELECT s.id, s.sealed
FROM secret s
WHERE s.id {in_texts:ids}
    AND s.dispatch = (SELECT MAX(o.dispatch) FROM secret o WHERE o.id = s.id)

-- query: secrets_of_dispatch
SELECT s.id, s.sealed
FROM secret s JOIN dispatch d ON d.key = s.dispatch
WHERE d.id = :dispatch_id AND s.id {in_texts:ids}

-- query: leave_secrets
INSERT INTO secret (dispatch, id, sealed)
SELECT 0, s.id, s.sealed
FROM secret s
WHERE s.dispatch {in_numbers:dispatches}
    AND EXISTS (SELECT 1 FROM leftover l WHERE REPLACE(l.options, s.id, '') <> l.options)
ON CONFLICT DO NOTHING

-- query: forget_secrets
DELETE FROM secret
WHERE dispatch = 0
    AND NOT EXISTS (SELECT 1 FROM leftover l WHERE REPLACE(l.options, secret.id, '') <> l.options)

-- query: purge_secrets
DELETE FROM secret WHERE dispatch {in_numbers:dispatches}
