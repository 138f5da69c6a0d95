-- By which rules a fact was reckoned, where its instant alone doesn't tell: a publish comes into force a moment before
-- everybody sees it. NULL: those in force at its instant.
ALTER TABLE refund ADD COLUMN programme_version integer;
ALTER TABLE wallet_refund ADD COLUMN programme_version integer;
ALTER TABLE purchase_undone ADD COLUMN programme_version integer;
ALTER TABLE top_up_undone ADD COLUMN programme_version integer;
-- Of points whose source keeps none: birthdays, campaigns, imported activities.
ALTER TABLE points_entry ADD COLUMN programme_version integer;
