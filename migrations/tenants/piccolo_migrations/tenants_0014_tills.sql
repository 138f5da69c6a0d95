-- The counter: PINs of staff, devices that several people share, and what a manager approves there for a clerk.
-- The last block switches row level security on.

-- What clerks may do alone, and whether owners and managers need a second factor to log in.
ALTER TABLE tenant
    ADD COLUMN clerk_points integer NOT NULL DEFAULT 1000 CHECK (clerk_points >= 0),
    ADD COLUMN clerk_money bigint NOT NULL DEFAULT 50000 CHECK (clerk_money >= 0), -- minor units
    ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
GRANT UPDATE (clerk_points, clerk_money, second_factor) ON tenant TO app;

-- A person's PIN in this chain. `wrong` counts before a try is looked at; at five the PIN is no good until a log-in.
CREATE TABLE staff_pin (
    tenant_id uuid NOT NULL,
    staff_id  uuid NOT NULL,
    pin_hash  text NOT NULL,      -- argon2id
    wrong     smallint NOT NULL DEFAULT 0 CHECK (wrong BETWEEN 0 AND 5),
    set_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, staff_id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, id)
);

-- A device of a branch that several people use, known by a cookie of its own.
CREATE TABLE till (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL,
    branch_id    uuid NOT NULL,
    name         text NOT NULL,
    token_hash   bytea NOT NULL CHECK (length(token_hash) = 32), -- SHA-256 of 256 random bits
    idle_minutes smallint NOT NULL CHECK (idle_minutes BETWEEN 1 AND 60),
    made_by      uuid NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    FOREIGN KEY (tenant_id, made_by) REFERENCES staff (tenant_id, id)
);
CREATE INDEX ON till (tenant_id, branch_id);
CREATE INDEX ON till (tenant_id, made_by);

-- Who used it lately: they may come back by PIN for a while after a log-in with password.
CREATE TABLE till_person (
    tenant_id    uuid NOT NULL,
    till_id      uuid NOT NULL,
    staff_id     uuid NOT NULL,
    logged_in_at timestamptz NOT NULL,
    used_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, till_id, staff_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, id),
    FOREIGN KEY (tenant_id, staff_id) REFERENCES staff (tenant_id, id)
);
CREATE INDEX ON till_person (tenant_id, staff_id);

-- One act of one clerk, allowed by somebody who may more: good once, for two minutes, in the clerk's own session.
CREATE TABLE approval (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL DEFAULT uuidv7(),
    token_hash   bytea NOT NULL CHECK (length(token_hash) = 32), -- SHA-256 of 256 random bits
    session_hash bytea NOT NULL CHECK (length(session_hash) = 32),
    asked_by     uuid NOT NULL,
    approved_by  uuid NOT NULL,
    act          text NOT NULL CHECK (act IN ('points.adjust', 'tier.set', 'purchase.refund', 'wallet.refund')),
    target       text NOT NULL,
    amount       bigint NOT NULL CHECK (amount >= 0), -- points or minor units, the most that is allowed; of a tier: 0
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, asked_by) REFERENCES staff (tenant_id, id),
    FOREIGN KEY (tenant_id, approved_by) REFERENCES staff (tenant_id, id)
);
CREATE INDEX ON approval (tenant_id, asked_by);
CREATE INDEX ON approval (tenant_id, approved_by);
CREATE INDEX ON approval (tenant_id, expires_at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['staff_pin', 'till', 'till_person', 'approval'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
        EXECUTE format('CREATE POLICY eraser ON %I TO eraser USING (tenant_id = current_setting(''app.tenant_id'')::uuid)',
                       t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %I TO eraser', t);
    END LOOP;
END $$;
