-- The platform's own people: their log-ins to the console, and every act of theirs. The operator's alone.

CREATE TABLE platform.operator (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    email         text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) <= 254),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    gone_at       timestamptz,             -- no longer one of us; the acts keep the name
    secret        text,                    -- second factor (RFC 6238), sealed by SECRET_KEYS, bound to the id
    confirmed_at  timestamptz,             -- since when it is asked for
    last_step     bigint NOT NULL DEFAULT 0,
    CHECK (confirmed_at IS NULL OR secret IS NOT NULL)
);
GRANT SELECT, INSERT, UPDATE (name, password_hash, gone_at, secret, confirmed_at, last_step) ON platform.operator
    TO operator;

CREATE TABLE platform.operator_session (
    token_hash  bytea PRIMARY KEY CHECK (length(token_hash) = 32), -- SHA-256 of 256 random bits
    operator_id uuid NOT NULL REFERENCES platform.operator (id) ON DELETE CASCADE,
    csrf_token  text NOT NULL,
    created_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX ON platform.operator_session (operator_id);
GRANT SELECT, INSERT, UPDATE (seen_at), DELETE ON platform.operator_session TO operator;

-- Written with each act and each look at a chain; nobody may change or drop a row.
CREATE TABLE platform.operator_act (
    id          uuid PRIMARY KEY DEFAULT uuidv7(),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    operator_id uuid NOT NULL REFERENCES platform.operator (id),
    act         text NOT NULL CHECK (length(act) <= 60),
    chain       uuid,                      -- which tenant it was about; it may be gone since
    details     jsonb NOT NULL DEFAULT '{}',
    address     text NOT NULL CHECK (length(address) <= 60) -- where the request came from
);
CREATE INDEX ON platform.operator_act (chain, id DESC) WHERE chain IS NOT NULL;
CREATE INDEX ON platform.operator_act (operator_id, id DESC);
GRANT SELECT, INSERT ON platform.operator_act TO operator;
