-- A sandbox beside a chain: a tenant of its own, for whoever builds against the API. Nothing of it is real, and its clock
-- can be moved.

ALTER TABLE tenant ADD COLUMN sandbox_of uuid; -- whose sandbox this is; NULL: none
ALTER TABLE tenant ADD CONSTRAINT tenant_sandbox_check
    CHECK (sandbox_of IS NULL OR (sample_of IS NULL AND sandbox_of <> tenant_id)) NOT VALID;
ALTER TABLE tenant VALIDATE CONSTRAINT tenant_sandbox_check;
CREATE INDEX ON tenant (sandbox_of) WHERE sandbox_of IS NOT NULL;
ALTER TABLE platform.erased_tenant DROP CONSTRAINT erased_tenant_why_check,
    ADD CHECK (why IN ('left', 'operator', 'sample', 'sandbox'));

-- Who plays a clock's move moves it from one instant to the next, a sandbox's and no other's.
GRANT SELECT (sandbox_of), UPDATE (clock_offset) ON tenant TO relay;
CREATE POLICY clock ON tenant FOR UPDATE TO relay USING (sandbox_of IS NOT NULL) WITH CHECK (sandbox_of IS NOT NULL);

-- The chain's sandbox, while there is one.
CREATE TABLE sandbox (
    tenant_id  uuid PRIMARY KEY,
    sandbox_id uuid NOT NULL,
    job_id     uuid NOT NULL, -- what is being done about it, or was last
    asked_by   text NOT NULL, -- an actor
    template   text,          -- NULL: it was set up as the chain is
    variant    text,
    samples    boolean NOT NULL,
    language   text NOT NULL,
    state      text NOT NULL CHECK (state IN ('making', 'ready', 'failed', 'resetting', 'removing')),
    CHECK (variant IS NULL OR template IS NOT NULL)
);

-- Moves of a sandbox's clock. Instants are its own but for the last two.
CREATE TABLE clock_move (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL, -- the job's id
    actor      text NOT NULL,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    fired      bigint NOT NULL DEFAULT 0,
    ran        bigint NOT NULL DEFAULT 0,
    failed     bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (to_at > from_at)
);
CREATE UNIQUE INDEX ON clock_move (tenant_id) WHERE ended_at IS NULL; -- one at a time

-- What a sandbox would have sent: to be read there, and sent to nobody.
CREATE TABLE sandbox_letter (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL, -- the message's
    channel   text NOT NULL,
    recipient text NOT NULL,
    subject   text,
    body      text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['sandbox', 'clock_move', 'sandbox_letter'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('CREATE POLICY eraser ON %I TO eraser'
                       ' USING (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %I TO eraser', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;
REVOKE DELETE ON clock_move FROM app;
