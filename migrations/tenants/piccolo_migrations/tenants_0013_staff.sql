-- Staff: invited before they have an account, limited to branches, and kept by name when they have left.

ALTER TABLE staff
    ALTER COLUMN account_id DROP NOT NULL, -- NULL: invited, not here yet
    ADD COLUMN email text CHECK (email = lower(email)),
    ADD COLUMN branch_ids uuid[] CHECK (cardinality(branch_ids) > 0), -- NULL: every branch
    ADD COLUMN invitation_hash bytea CHECK (length(invitation_hash) = 32), -- SHA-256 of the link's token
    ADD COLUMN invitation_until timestamptz,
    ADD COLUMN left_at timestamptz,
    ADD CHECK (role <> 'owner' OR branch_ids IS NULL);
UPDATE staff s SET email = a.email FROM platform.account a WHERE a.id = s.account_id;
ALTER TABLE staff ALTER COLUMN email SET NOT NULL;

-- One place at a time; who comes back gets a new one.
ALTER TABLE staff DROP CONSTRAINT staff_tenant_id_account_id_key;
CREATE UNIQUE INDEX ON staff (tenant_id, account_id) WHERE left_at IS NULL;
CREATE UNIQUE INDEX ON staff (tenant_id, email) WHERE left_at IS NULL;
CREATE UNIQUE INDEX ON staff (tenant_id, invitation_hash) WHERE invitation_hash IS NOT NULL;
