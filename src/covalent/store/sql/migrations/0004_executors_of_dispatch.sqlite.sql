UPDATE dispatch SET executors = (
    SELECT json_group_array(used.executor)
    FROM (SELECT DISTINCT t.executor FROM task t WHERE t.dispatch = dispatch.key ORDER BY t.executor) used
);
