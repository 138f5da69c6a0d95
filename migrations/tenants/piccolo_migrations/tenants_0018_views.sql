-- A file that somebody has sent and is still looking at: its columns, a check, then the import. Gone after three days.
CREATE TABLE import_upload (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('members', 'purchases', 'activities', 'opening_balances')),
    filename   text NOT NULL,
    media_type text NOT NULL,
    file       text NOT NULL,   -- path in the file store; its imports have links of their own
    file_size  bigint NOT NULL,
    digest     bytea NOT NULL CHECK (length(digest) = 32),
    options    jsonb,           -- as chosen last; NULL: nobody has chosen yet
    actor      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    check_id   uuid,            -- the last dry run
    import_id  uuid,            -- the last import
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, check_id) REFERENCES import_run (tenant_id, id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES import_run (tenant_id, id)
);
CREATE INDEX ON import_upload (tenant_id, check_id) WHERE check_id IS NOT NULL;
CREATE INDEX ON import_upload (tenant_id, import_id) WHERE import_id IS NOT NULL;

-- A saved view of the members' list: the filters of its address under a name, of one person or of the whole chain.
CREATE TABLE member_view (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    staff_id   uuid,            -- NULL: everybody's
    name       text NOT NULL,
    filters    jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, staff_id, name),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, id)
);

-- The audit log by who, by what was done and by what it was done to, the newest first.
CREATE INDEX ON audit (tenant_id, actor, id);
CREATE INDEX ON audit (tenant_id, action, id);
CREATE INDEX ON audit (tenant_id, target, id) WHERE target IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['import_upload', 'member_view'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
        EXECUTE format('CREATE POLICY eraser ON %I TO eraser USING (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %I TO eraser', t);
    END LOOP;
END $$;

-- The list of a branch's members, the newest first; it serves the foreign key as the former index did.
CREATE INDEX member_of_branch ON member (tenant_id, branch_id, id);
DROP INDEX member_tenant_id_branch_id_idx;

-- When a key was used last, to the hour: what nobody uses can be revoked. The gate sees it, and writes that alone.
ALTER TABLE platform.api_key ADD COLUMN used_at timestamptz;
GRANT SELECT (used_at) ON platform.api_key TO app;
CREATE POLICY gate_use ON platform.api_key FOR UPDATE TO gate USING (true);
GRANT UPDATE (used_at) ON platform.api_key TO gate;
