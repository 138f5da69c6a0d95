-- A second factor beside the password, the account's own wherever it works; and sessions that a shared till locks.

-- One a person; without `confirmed_at` it was begun and asks for nothing yet. The gate's alone.
CREATE TABLE platform.second_factor (
    account_id   uuid PRIMARY KEY REFERENCES platform.account (id) ON DELETE CASCADE,
    secret       text NOT NULL,   -- sealed by SECRET_KEYS, bound to the account
    begun_at     timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step    bigint NOT NULL DEFAULT 0 -- RFC 6238's T of the last code that was taken: none is taken twice
);
GRANT SELECT, INSERT, UPDATE (secret, begun_at, confirmed_at, last_step), DELETE ON platform.second_factor TO gate;

-- For who has lost the device: each good once.
CREATE TABLE platform.recovery_code (
    account_id uuid NOT NULL REFERENCES platform.second_factor (account_id) ON DELETE CASCADE,
    code_hash  bytea NOT NULL CHECK (length(code_hash) = 32), -- SHA-256 of 80 random bits
    used_at    timestamptz,
    PRIMARY KEY (account_id, code_hash)
);
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON platform.recovery_code TO gate;

-- Whether the chain asks its owners and managers for one: at each request, so that a change counts at once.
ALTER TABLE platform.account_tenant ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
GRANT UPDATE (second_factor) ON platform.account_tenant TO app;
GRANT UPDATE (locale) ON platform.account TO gate;

-- A session on a shared till is locked when it was idle for so long, until its owner's PIN or password.
ALTER TABLE platform.session
    ADD COLUMN till_id uuid,
    ADD COLUMN idle_minutes smallint CHECK (idle_minutes BETWEEN 1 AND 60),
    ADD COLUMN locked_at timestamptz,
    ADD COLUMN device text CHECK (length(device) <= 200), -- what the browser calls itself, for the list of one's own
    ADD CHECK ((till_id IS NULL) = (idle_minutes IS NULL));
CREATE INDEX ON platform.session (tenant_id, till_id) WHERE till_id IS NOT NULL;
GRANT UPDATE (till_id, idle_minutes, locked_at) ON platform.session TO gate;
