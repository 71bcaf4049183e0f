-- query: add_payloads
-- rows: dispatch bigint, digest text, data bytea
INSERT INTO payload (dispatch, digest, data)
SELECT dispatch, digest, data FROM r

-- query: payloads
SELECT digest, data FROM payload WHERE dispatch = :dispatch AND digest {in_texts:digests}

-- query: add_object_refs
-- rows: dispatch bigint, digest text
INSERT INTO object_ref (dispatch, digest)
SELECT dispatch, digest FROM r WHERE TRUE
ON CONFLICT DO NOTHING

-- query: orphaned_objects
SELECT digest FROM object_ref WHERE dispatch {in_numbers:dispatches}
EXCEPT
SELECT digest FROM object_ref WHERE dispatch {not_in_numbers:dispatches}
ORDER BY 1
