-- People: where staff may work, and sessions that end with the employment in which they began.

ALTER TABLE platform.account_tenant
    ADD COLUMN branch_ids uuid[] CHECK (cardinality(branch_ids) > 0), -- NULL: every branch
    ADD CHECK (role <> 'owner' OR branch_ids IS NULL);
GRANT UPDATE (role, branch_ids) ON platform.account_tenant TO app;

-- Who leaves and comes back has a new place: what was opened in the old one stays shut.
ALTER TABLE platform.session ADD COLUMN staff_id uuid;
UPDATE platform.session s SET staff_id = t.staff_id FROM platform.account_tenant t
 WHERE t.account_id = s.account_id AND t.tenant_id = s.tenant_id;
DELETE FROM platform.session WHERE staff_id IS NULL;
ALTER TABLE platform.session ALTER COLUMN staff_id SET NOT NULL;

-- Links by mail for who has forgotten the password. The gate's alone: found by a token before anybody is known.
CREATE TABLE platform.password_reset (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32), -- SHA-256 of 256 random bits
    account_id uuid NOT NULL REFERENCES platform.account (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX ON platform.password_reset (account_id);
CREATE INDEX ON platform.password_reset (expires_at);
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON platform.password_reset TO gate;
