-- query: create_migration
CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)

-- query: last_migration
SELECT number FROM migration ORDER BY number DESC LIMIT 1

-- query: add_migration
INSERT INTO migration (number, name) VALUES (:number, :name)
