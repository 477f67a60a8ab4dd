-- Which database this is, and how far it has come. The folder of the keys remembers
-- both, so that a copy that was put back is recognized.

CREATE TABLE database_identity (
    singleton  BOOLEAN PRIMARY KEY DEFAULT true CHECK (singleton),
    id         TEXT    COLLATE "C" NOT NULL, -- random; another one after a copy was put back
    generation BIGINT  NOT NULL,             -- grows while anything is written
    copied_at  BIGINT                        -- when the backup was made; NULL in a database that is in use
);
INSERT INTO database_identity (id, generation) VALUES ('', 0);
