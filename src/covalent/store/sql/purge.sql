-- query: lock_all
SELECT key, id, status FROM dispatch ORDER BY key {lock}

-- query: lock_with_all_below
WITH RECURSIVE below (id) AS (
    SELECT id FROM dispatch WHERE id {in_texts:ids}
    UNION
    SELECT d.id FROM dispatch d JOIN below b ON d.parent_id = b.id
)
SELECT key, id, status FROM dispatch WHERE id IN (SELECT id FROM below) ORDER BY key {lock}

-- query: purge_events
DELETE FROM event WHERE dispatch {in_numbers:dispatches}

-- query: purge_attempts
DELETE FROM attempt WHERE dispatch {in_numbers:dispatches}

-- query: purge_groups
DELETE FROM task_group WHERE dispatch {in_numbers:dispatches}

-- query: purge_tasks
DELETE FROM task WHERE dispatch {in_numbers:dispatches}

-- query: purge_payloads
DELETE FROM payload WHERE dispatch {in_numbers:dispatches}

-- query: purge_object_refs
DELETE FROM object_ref WHERE dispatch {in_numbers:dispatches}

-- query: purge_graphs
DELETE FROM graph WHERE dispatch {in_numbers:dispatches}

-- query: purge_wishes
DELETE FROM cancel_wish WHERE dispatch {in_numbers:dispatches}

-- query: purge_dispatches
DELETE FROM dispatch WHERE key {in_numbers:dispatches}

-- query: referenced_objects
SELECT DISTINCT digest FROM object_ref WHERE digest {in_texts:digests}
