UPDATE dispatch SET executors = COALESCE(
    (SELECT json_agg(DISTINCT t.executor)::text FROM task t WHERE t.dispatch = dispatch.key),
    '[]'
);
