-- Platform tables: what must be unique or readable across tenants (log-in e-mails, slugs, key look-up, sessions).
-- The roles come from infra/roles.sql; everything here belongs to `migrator`, who runs this.

CREATE SCHEMA platform;
GRANT USAGE ON SCHEMA platform TO app, gate, relay, operator;
GRANT USAGE ON SCHEMA public TO app, gate, relay, operator;
GRANT SELECT ON public.migration TO gate, operator; -- readiness: is the schema at head?

CREATE TABLE platform.account (
    id            uuid PRIMARY KEY,
    email         text NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash text NOT NULL,
    locale        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- `app` signs people up (INSERT … ON CONFLICT DO NOTHING) and can't read anyone; `gate` logs them in.
GRANT INSERT ON platform.account TO app;
GRANT SELECT, UPDATE (password_hash) ON platform.account TO gate;

CREATE TABLE platform.slug (
    slug      text PRIMARY KEY CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){1,62}$'),
    tenant_id uuid NOT NULL
);
GRANT INSERT ON platform.slug TO app;
GRANT SELECT ON platform.slug TO gate;

-- Which tenants an account may enter. Written inside the tenant's scope, read by the gate at log-in.
CREATE TABLE platform.account_tenant (
    account_id uuid NOT NULL REFERENCES platform.account (id),
    tenant_id  uuid NOT NULL,
    staff_id   uuid NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'manager', 'clerk', 'analyst')),
    PRIMARY KEY (account_id, tenant_id)
);
ALTER TABLE platform.account_tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.account_tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.account_tenant TO app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY gate ON platform.account_tenant FOR SELECT TO gate USING (true);
GRANT SELECT, INSERT, DELETE ON platform.account_tenant TO app;
GRANT SELECT ON platform.account_tenant TO gate;

CREATE TABLE platform.api_key (
    id          text PRIMARY KEY,
    tenant_id   uuid NOT NULL,
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32), -- SHA-256: the secret is 256 random bits
    name        text NOT NULL,
    scopes      text[] NOT NULL CHECK (cardinality(scopes) > 0),
    branch_ids  uuid[],                                          -- NULL: every branch
    mode        text NOT NULL CHECK (mode IN ('live', 'test')),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by  text NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX ON platform.api_key (tenant_id, id);
ALTER TABLE platform.api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.api_key TO app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY gate ON platform.api_key FOR SELECT TO gate USING (true);
GRANT SELECT (id, tenant_id, name, scopes, branch_ids, mode, created_at, created_by, revoked_at), INSERT, UPDATE (revoked_at)
    ON platform.api_key TO app;
GRANT SELECT ON platform.api_key TO gate;

CREATE TABLE platform.session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    account_id uuid NOT NULL REFERENCES platform.account (id) ON DELETE CASCADE,
    tenant_id  uuid NOT NULL, -- staff and role are account_tenant's: who loses his place there is out at once
    csrf_token text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON platform.session (account_id);
CREATE INDEX ON platform.session (expires_at);
GRANT SELECT, INSERT, UPDATE (seen_at, expires_at), DELETE ON platform.session TO gate;

-- Sign-up has no tenant yet, so its idempotency keys live here, as SHA-256. `answer` shows an API key: it's sealed
-- under the installation's secret key and the request's own bytes, so that only a repeat of the request opens it.
CREATE TABLE platform.signup_key (
    key        bytea PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    answer     text, -- NULL only inside the sign-up's transaction
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE (answer) ON platform.signup_key TO app;
GRANT SELECT (created_at), DELETE ON platform.signup_key TO operator;
