-- A chain that leaves: told in time, readable for a while, then gone. The operator erases, and becomes `eraser` for it:
-- one tenant at a time, the one that is set.

ALTER TABLE tenant ADD COLUMN cancelled_at timestamptz; -- on its own clock; NULL: it hasn't left
GRANT UPDATE (cancelled_at) ON tenant TO app;

-- What its owner was told of by our own calendar, once each.
CREATE TABLE billing_notice (
    tenant_id  uuid NOT NULL,
    kind       text NOT NULL,        -- the event's type
    about      timestamptz NOT NULL, -- the instant that it announces
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, kind, about)
);
ALTER TABLE billing_notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_notice FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON billing_notice TO app USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT, INSERT ON billing_notice TO app;

-- An event that belongs to no one chain (a meter's errors) is looked at by the platform itself.
ALTER TABLE platform.stripe_event_other ADD COLUMN handled_at timestamptz;
CREATE INDEX ON platform.stripe_event_other (type, id) WHERE handled_at IS NULL;
GRANT UPDATE (handled_at) ON platform.stripe_event_other TO operator;

-- Events are kept for a while, for who looks after something; the operator's chore ends them, and sees their age alone.
CREATE INDEX ON stripe_event (received_at);
CREATE POLICY operator ON stripe_event TO operator USING (true) WITH CHECK (true);
GRANT SELECT (received_at), DELETE ON stripe_event TO operator;

-- How far Stripe's own list of undelivered events was read.
CREATE TABLE platform.stripe_backfill (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    read_to timestamptz NOT NULL,
    ran_at  timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON platform.stripe_backfill TO operator;

-- Chains that are there already: their trial begins now where it runs, and their calendar looks at them.
UPDATE tenant SET trial_ends_at = greatest(trial_ends_at, clock_timestamp() + clock_offset + interval '14 days')
 WHERE status = 'trialing';
INSERT INTO schedule (tenant_id, name, spec, next_at)
SELECT tenant_id, 'billing', '{"job": "billing.due", "kind": "billing_date"}', clock_timestamp() + clock_offset FROM tenant
    ON CONFLICT DO NOTHING;

-- What was erased, without a word about whom.
CREATE TABLE platform.erased_tenant (
    tenant_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    why       text NOT NULL CHECK (why IN ('left', 'operator')),
    rows      bigint NOT NULL
);
GRANT SELECT, INSERT ON platform.erased_tenant TO operator;

GRANT SELECT (tenant_id), DELETE ON platform.slug, platform.session, platform.signup_key TO eraser;
GRANT SELECT (id), DELETE ON platform.account TO eraser;
GRANT USAGE ON SCHEMA public, platform TO eraser;

DO $$
DECLARE t regclass;
BEGIN
    FOR t IN SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
              WHERE c.relnamespace IN ('public'::regnamespace, 'platform'::regnamespace) AND c.relkind IN ('r', 'p')
                AND c.relrowsecurity LOOP
        EXECUTE format('CREATE POLICY eraser ON %s TO eraser USING (tenant_id = current_setting(''app.tenant_id'')::uuid)',
                       t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %s TO eraser', t);
    END LOOP;
END $$;
