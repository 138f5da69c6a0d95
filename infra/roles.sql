-- The roles of a Regulars installation. They belong to the whole cluster, not to one database, so they are
-- made here and not in the migrations. Safe to run again; run it as a superuser (or, on a hosted PostgreSQL,
-- as a role with CREATEROLE and BYPASSRLS) before the first `regulars migrate`:
--
--     psql -f infra/roles.sql
--
-- Passwords are not set here: `regulars up` sets those of its own embedded server; elsewhere the operator
-- does, for instance with \password app.
--
--   migrator  owns every table and runs the migrations; nobody logs in as it. BYPASSRLS because tables force
--             row level security on their owner too, and both backfills and logical replication (a standby
--             of another version, moving a tenant to another machine) need to see all rows.
--             An installation makes a login for deployments that may become it, and nothing else:
--                 CREATE ROLE deployer LOGIN NOINHERIT PASSWORD '…';
--                 GRANT migrator TO deployer WITH INHERIT FALSE, SET TRUE;
--             MIGRATOR_DATABASE_URL names that login; the migrations set `role = migrator` themselves.
--             The database belongs to migrator too: CREATE DATABASE regulars OWNER migrator;
--   app       API and workers, inside a tenant's scope. Owns nothing; row level security holds for it.
--   rebuilder nobody logs in as it: app becomes it, for one statement, to drop the decisions that a rebuild makes anew.
--   eraser    nobody logs in as it: operator becomes it to erase a chain that has left, and sees but that one.
--   gate      looks up sessions, API keys and slugs before the tenant is known.
--   relay     moves outbox rows to the queue and fires the schedule, for all tenants.
--   operator  the platform's own staff pages: tenants, plans, billing.
-- What each may read and write is granted by the migrations, table by table.
DO $roles$
DECLARE
    login_role text;
BEGIN
    -- Two starters at once would otherwise fail with "tuple concurrently updated".
    PERFORM pg_advisory_xact_lock(hashtext('regulars roles'));

    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'migrator') THEN
        CREATE ROLE migrator;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'migrator'
               AND (rolcanlogin OR NOT rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb)) THEN
        ALTER ROLE migrator NOLOGIN BYPASSRLS NOSUPERUSER NOCREATEROLE NOCREATEDB;
    END IF;

    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rebuilder') THEN
        CREATE ROLE rebuilder NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'eraser') THEN
        CREATE ROLE eraser NOLOGIN;
    END IF;

    FOREACH login_role IN ARRAY ARRAY['app', 'gate', 'relay', 'operator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login_role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', login_role);
        END IF;
        -- Only what differs is changed: a role that merely uses this script may not be allowed more.
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = login_role
                   AND (NOT rolcanlogin OR rolinherit OR rolbypassrls OR rolsuper OR rolcreaterole
                        OR rolcreatedb OR rolreplication)) THEN
            EXECUTE format('ALTER ROLE %I LOGIN NOINHERIT NOBYPASSRLS NOSUPERUSER NOCREATEROLE NOCREATEDB '
                           'NOREPLICATION', login_role);
        END IF;
    END LOOP;

    IF NOT pg_has_role('app', 'rebuilder', 'SET') THEN
        GRANT rebuilder TO app WITH INHERIT FALSE, SET TRUE;
    END IF;
    IF NOT pg_has_role('operator', 'eraser', 'SET') THEN
        GRANT eraser TO operator WITH INHERIT FALSE, SET TRUE;
    END IF;
END
$roles$;
