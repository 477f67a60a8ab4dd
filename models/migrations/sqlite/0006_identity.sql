-- Which database this is, and how far it has come. The folder of the keys remembers
-- both, so that a copy that was put back is recognized.

CREATE TABLE database_identity (
    singleton  INTEGER PRIMARY KEY CHECK (singleton = 1),
    id         TEXT    NOT NULL,           -- random; another one after a copy was put back
    generation INTEGER NOT NULL,           -- grows while anything is written
    copied_at  INTEGER                     -- when the backup was made; NULL in a database that is in use
) STRICT;
INSERT INTO database_identity (singleton, id, generation) VALUES (1, '', 0);
