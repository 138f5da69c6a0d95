-- What became of a coupon is counted by state, and read the newest first; claims that wait, and those of a reward, likewise.

CREATE INDEX ON coupon_grant (tenant_id, coupon_id, state, id);
DROP INDEX coupon_grant_tenant_id_coupon_id_idx;
CREATE INDEX ON reward_claim (tenant_id, id) WHERE state = 'claimed';
CREATE INDEX ON reward_claim (tenant_id, reward_id, id);
DROP INDEX reward_claim_tenant_id_reward_id_idx;
CREATE INDEX ON pass (tenant_id, id) WHERE "left" > 0;
