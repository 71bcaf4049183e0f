-- The executors of a dispatch that may keep something in a place of their own.
-- number: index in the graph's executors. options: JSON.
CREATE TABLE executor (
    dispatch BIGINT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    options TEXT NOT NULL,
    PRIMARY KEY (dispatch, number)
) {clustered};

-- The trees of dispatches, by the id of their root, from which a dispatch may have taken values.
CREATE TABLE borrowed (
    dispatch BIGINT NOT NULL,
    root_id TEXT NOT NULL,
    PRIMARY KEY (dispatch, root_id)
) {clustered};

CREATE INDEX borrowed_by_root ON borrowed (root_id);

-- Task groups of purged dispatches, for which an executor may still keep something.
CREATE TABLE leftover (
    group_id TEXT NOT NULL PRIMARY KEY,
    root_id TEXT NOT NULL,
    name TEXT NOT NULL,
    options TEXT NOT NULL
);
