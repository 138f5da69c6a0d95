-- Billing, across tenants: a webhook names a customer of Stripe's, and the gate has to find the tenant by it.

CREATE TABLE platform.stripe_customer (
    customer_id text PRIMARY KEY,
    tenant_id   uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON platform.stripe_customer (tenant_id);
ALTER TABLE platform.stripe_customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.stripe_customer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.stripe_customer TO app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY gate ON platform.stripe_customer FOR SELECT TO gate USING (true);
GRANT SELECT, INSERT ON platform.stripe_customer TO app;
GRANT SELECT ON platform.stripe_customer TO gate;

-- Events that belong to no tenant of ours, or of a type that we don't handle: told once, kept for the operator.
CREATE TABLE platform.stripe_event_other (
    id          text PRIMARY KEY,
    type        text NOT NULL,
    object_id   text,
    why         text NOT NULL CHECK (why IN ('type', 'customer', 'object')),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON platform.stripe_event_other (received_at);
GRANT INSERT ON platform.stripe_event_other TO gate;
GRANT SELECT, DELETE ON platform.stripe_event_other TO operator;
