-- `skipped`: was to be told and couldn't be, or hadn't agreed; `error` says which. Nothing was ever written to send.

ALTER TABLE message DROP CONSTRAINT message_state_check;
ALTER TABLE message ADD CONSTRAINT message_state_check
    CHECK (state IN ('queued', 'sent', 'failed', 'skipped')) NOT VALID;
ALTER TABLE message VALIDATE CONSTRAINT message_state_check;

-- The log, the newest first: of the whole chain, or of one purpose. A rare state is found as fast as a common one.
CREATE INDEX ON message (tenant_id, channel, state, id);
CREATE INDEX ON message (tenant_id, purpose, channel, state, id);
