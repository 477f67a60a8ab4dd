-- Which servers have been the primary, one after the other. Servers of one cluster have
-- the same system identifier, and each promotion begins a higher timeline. A cluster that
-- is listed here beside an earlier one has taken its place, as pg_upgrade does.

CREATE TABLE database_primaries (
    system   TEXT   COLLATE "C" NOT NULL, -- PostgreSQL's identifier of the cluster
    timeline BIGINT NOT NULL,
    seen_at  BIGINT NOT NULL,             -- when an instance first saw it
    PRIMARY KEY (system, timeline)
);
