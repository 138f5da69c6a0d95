-- A new chain's first steps, and a sample chain beside it to look around in: made-up facts are no facts, and those of a
-- real chain can't be deleted. So samples are a chain of their own, that goes as a whole.

ALTER TABLE tenant ADD COLUMN sample_of uuid; -- whose sample chain this is; NULL: a real one
CREATE INDEX ON tenant (sample_of) WHERE sample_of IS NOT NULL;
-- A log-in never leads there: one gets there from one's own chain.
ALTER TABLE platform.account_tenant ADD COLUMN sample boolean NOT NULL DEFAULT false;
ALTER TABLE platform.erased_tenant DROP CONSTRAINT erased_tenant_why_check,
    ADD CHECK (why IN ('left', 'operator', 'sample'));

-- What no fact can tell: looked at, printed, or wished away.
CREATE TABLE first_step (
    tenant_id uuid NOT NULL,
    code      text NOT NULL CHECK (code IN ('tiers', 'poster', 'dismissed')),
    done_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_by   text NOT NULL,
    PRIMARY KEY (tenant_id, code)
);

-- The chain's sample chain, while there is one.
CREATE TABLE sample (
    tenant_id uuid PRIMARY KEY,
    sample_id uuid NOT NULL,
    job_id    uuid NOT NULL,
    asked_by  uuid NOT NULL, -- staff
    state     text NOT NULL CHECK (state IN ('making', 'ready', 'failed', 'removing'))
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['first_step', 'sample'] LOOP
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
