-- The counter: shifts handed over, and a branch's entries of a day by their time.

-- One clerk's takings at one branch, from the last hand-over to this one; signed by the clerk, taken over by the next.
CREATE TABLE shift_handover (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    branch_id   uuid NOT NULL,
    clerk_id    uuid NOT NULL,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,  -- not in it any more: the next begins there
    sums        jsonb NOT NULL,        -- {kind: {"count", "amount"}}, minor units; undone entries beside them
    takings     jsonb NOT NULL,        -- [[way of payment or null, minor units], …]
    change_kept bigint NOT NULL CHECK (change_kept >= 0), -- what lay in the drawer at the beginning
    expected    bigint NOT NULL,       -- cash: what was kept and what was taken
    counted     bigint NOT NULL CHECK (counted >= 0),
    note        text,
    next_id     uuid,                  -- whose drawer it is now; NULL: nobody was named
    signed_at   timestamptz NOT NULL,
    received_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, branch_id, clerk_id, from_at),
    CHECK (from_at < to_at),
    CHECK (received_at IS NULL OR next_id IS NOT NULL),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    FOREIGN KEY (tenant_id, clerk_id) REFERENCES staff (tenant_id, id),
    FOREIGN KEY (tenant_id, next_id) REFERENCES staff (tenant_id, id)
);
CREATE INDEX ON shift_handover (tenant_id, branch_id, id);
CREATE INDEX ON shift_handover (tenant_id, clerk_id, branch_id, to_at);
CREATE INDEX ON shift_handover (tenant_id, to_at);
CREATE INDEX ON shift_handover (tenant_id, next_id) WHERE next_id IS NOT NULL;
ALTER TABLE shift_handover ENABLE ROW LEVEL SECURITY;
ALTER TABLE shift_handover FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON shift_handover TO app USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON shift_handover TO app;
CREATE POLICY eraser ON shift_handover TO eraser USING (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT (tenant_id), DELETE ON shift_handover TO eraser;

-- A till looks at its branch's day again and again. Each index takes the place of one that knew no time.
CREATE INDEX ON points_act (tenant_id, branch_id, recorded_at) WHERE branch_id IS NOT NULL;
CREATE INDEX ON reward_claim (tenant_id, branch_id, recorded_at) WHERE branch_id IS NOT NULL;
CREATE INDEX ON activity (tenant_id, branch_id, recorded_at) WHERE branch_id IS NOT NULL;
CREATE INDEX ON allowance_use (tenant_id, branch_id, recorded_at) WHERE branch_id IS NOT NULL;
DROP INDEX points_act_tenant_id_branch_id_idx, reward_claim_tenant_id_branch_id_idx, activity_tenant_id_branch_id_idx,
    allowance_use_tenant_id_branch_id_idx;
