-- Exports of a chain's whole data: a ZIP in the file store, there for a week.
CREATE TABLE export (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,  -- the job's id
    actor      text NOT NULL,  -- who asked for it
    run        integer NOT NULL DEFAULT 0, -- how often it was begun: only the last run may finish it
    as_of      timestamptz,    -- the instant that all of it is of, on the tenant's clock
    file       text,           -- path in the file store; NULL: not written yet, or gone again
    file_size  bigint,
    digest     bytea CHECK (length(digest) = 32), -- SHA-256 of the file
    rows       bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- our clock, as the others
    ended_at   timestamptz,    -- written, or given up
    expires_at timestamptz,    -- from then on the file may go; NULL: there is none
    PRIMARY KEY (tenant_id, id),
    CHECK (file IS NULL OR (file_size IS NOT NULL AND digest IS NOT NULL AND expires_at IS NOT NULL))
);
CREATE UNIQUE INDEX ON export (tenant_id) WHERE ended_at IS NULL; -- one at a time

ALTER TABLE export ENABLE ROW LEVEL SECURITY;
ALTER TABLE export FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON export TO app USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON export TO app;
CREATE POLICY eraser ON export TO eraser USING (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT (tenant_id), DELETE ON export TO eraser;
