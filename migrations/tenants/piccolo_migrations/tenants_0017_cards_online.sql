-- Members on their own phones: the digital card, and joining by a QR code.

-- Which link to a member's digital card holds; no row: the first. Links are signed and kept nowhere.
CREATE TABLE card_link (
    tenant_id  uuid NOT NULL,
    member_id  uuid NOT NULL,
    version    integer NOT NULL CHECK (version > 1),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);

-- A code that only says who it is: the phone that showed it wasn't confirmed, so it pays nothing.
ALTER TABLE wallet_code ADD COLUMN names_only boolean NOT NULL DEFAULT false;

-- The number was typed on the sign-up page, and nobody has seen yet that it is the member's.
ALTER TABLE member ADD COLUMN phone_unverified boolean NOT NULL DEFAULT false;

-- The chain's sign-up page; no row: open, without words of its own.
CREATE TABLE join_page (
    tenant_id   uuid NOT NULL PRIMARY KEY,
    open        boolean NOT NULL,
    words       jsonb NOT NULL, -- language → what the chain says there; may be empty
    privacy_url text,
    changed_at  timestamptz NOT NULL
);

-- Exactly what people read and agreed to, each text once.
CREATE TABLE agreement_text (
    tenant_id uuid NOT NULL,
    digest    bytea NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the text
    kind      text NOT NULL CHECK (kind IN ('membership', 'sms')),
    language  text NOT NULL,
    text      text NOT NULL,
    first_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, digest)
);
CREATE TABLE agreement (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT uuidv7(),
    member_id uuid NOT NULL,
    digest    bytea NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, digest) REFERENCES agreement_text (tenant_id, digest)
);
CREATE INDEX ON agreement (tenant_id, member_id, id);
CREATE INDEX ON agreement (tenant_id, digest);

-- What a poster's address ends with; read by the gate, for who opens it has no tenant yet.
CREATE TABLE platform.join_code (
    code      text PRIMARY KEY CHECK (code ~ '^[0-9a-z]{10}$'),
    tenant_id uuid NOT NULL,
    branch_id uuid, -- NULL: of the whole chain
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz
);
CREATE UNIQUE INDEX ON platform.join_code (tenant_id, branch_id) NULLS NOT DISTINCT WHERE ended_at IS NULL;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['card_link', 'join_page', 'agreement_text', 'agreement', 'platform.join_code'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %s TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('CREATE POLICY eraser ON %s TO eraser'
                       ' USING (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %s TO eraser', t);
    END LOOP;
END $$;
CREATE POLICY gate ON platform.join_code FOR SELECT TO gate USING (true);

-- A version never goes back: an ended link stays ended. What was agreed to stays as it was read.
GRANT SELECT, INSERT, UPDATE ON card_link, join_page TO app;
GRANT SELECT, INSERT ON agreement_text, agreement TO app;
GRANT SELECT, INSERT, UPDATE (ended_at) ON platform.join_code TO app;
GRANT SELECT ON platform.join_code TO gate;
