-- While a draft is edited, it is kept with it what becomes of those who hold a tier that it doesn't have, and who changed
-- which part last, so that nobody overwrites another one's change unawares.

ALTER TABLE programme_draft
    ADD COLUMN holders jsonb NOT NULL DEFAULT '{}', -- {ladder: {code that goes: code of the draft}}
    ADD COLUMN hands   jsonb NOT NULL DEFAULT '{}'; -- {pointer of a part: actor}
