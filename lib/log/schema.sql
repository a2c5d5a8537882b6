-- The log of dnc-wsd(8) in PostgreSQL: schema "dnc". It makes what is missing, or brings an older layout up to date; what
-- is there already stays. To be run by a superuser, or by one who may create schemas in this database and (else they are
-- left out) roles:
--
--   dnc_admin   owns all
--   dnc_writer  for hubs: reads all, and appends by way of functions
--   dnc_reader  for operators: reads all but the key of masked events
--   dnc_revoker revokes tokens, and sees which are; only dnc_admin can take that back
--
-- None of them can log in: GRANT dnc_writer TO the login of the hubs.
BEGIN;
SET LOCAL client_min_messages = warning;
-- Nothing here is to mean what somebody has made in another schema.
SET LOCAL search_path = pg_catalog, pg_temp;

-- One at a time, in this database; and only where it works.
DO $$
BEGIN
	PERFORM pg_advisory_xact_lock(6581859, 3);
	IF current_setting('server_version_num')::int < 140000 THEN
		RAISE EXCEPTION 'the log requires PostgreSQL 14 or newer' USING ERRCODE = 'feature_not_supported';
	END IF;
	IF current_setting('server_encoding') <> 'UTF8' THEN
		RAISE EXCEPTION 'the database has encoding %, and the log requires UTF8', current_setting('server_encoding')
			USING ERRCODE = 'feature_not_supported', HINT = 'Create one with: createdb -E UTF8 -T template0 NAME';
	END IF;
END $$;

-- A schema that another than dnc_admin made stays with its owner, who is to run this then: what he has put there, such as a trigger, would
-- run with the rights of another, and the functions made here would be called where he may replace what they call.
DO $$
DECLARE
	role text;
	owner text;
	name text;
	missing text[];
BEGIN
	FOREACH role IN ARRAY ARRAY['dnc_admin', 'dnc_writer', 'dnc_reader', 'dnc_revoker'] LOOP
		IF to_regrole(role) IS NULL THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', role);
				IF role = 'dnc_admin' AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
					GRANT dnc_admin TO CURRENT_USER;
				END IF;
			EXCEPTION
				WHEN duplicate_object OR unique_violation THEN NULL;
				WHEN insufficient_privilege THEN
					missing := missing || role;
			END;
		END IF;
	END LOOP;
	IF missing IS NOT NULL THEN
		RAISE WARNING '% may not create the roles %, which are missing: CREATE ROLE each, then run this again', current_user,
			array_to_string(missing, ', ');
	END IF;
	IF to_regnamespace('dnc') IS NULL THEN
		IF to_regrole('dnc_admin') IS NULL OR NOT pg_has_role('dnc_admin', 'MEMBER') THEN
			CREATE SCHEMA dnc;
		ELSE
			CREATE SCHEMA dnc AUTHORIZATION dnc_admin;
		END IF;
	END IF;
	owner := (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'dnc');
	IF owner = 'dnc_admin' AND pg_has_role('dnc_admin', 'MEMBER') THEN
		SET LOCAL ROLE dnc_admin;
	ELSIF owner <> current_user THEN
		RAISE EXCEPTION 'the schema dnc belongs to %', owner USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = CASE owner WHEN 'dnc_admin' THEN 'Log in as a member of it.'
				ELSE 'Run this as its owner, or drop it if nobody needs what is there.' END;
	END IF;
	SELECT o.name, pg_get_userbyid(o.owner) INTO name, owner FROM (
		SELECT relname, relowner, relnamespace FROM pg_class UNION ALL SELECT proname, proowner, pronamespace FROM pg_proc)
		o(name, owner, schema) WHERE o.schema = to_regnamespace('dnc') AND pg_get_userbyid(o.owner) <> current_user LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'in the schema dnc % belongs to %', name, owner USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'Give it to the owner of the schema, if you know it, or drop it.';
	END IF;
END $$;

-- layout: of which version this schema is; partition_events: how many numbers the next partitions have; revocations: how often
-- dnc.revoked has changed; provider FACT NAME: the event that says it, if it was removed: its number, time, and line
-- (0: the newest sync, 1: the newest good one, 2: the newest status); counted: since when events are counted and providers
-- known, if not since the log was begun, and the oldest event then.
CREATE TABLE IF NOT EXISTS dnc.log (key text PRIMARY KEY, value text NOT NULL);

DO $$
DECLARE
	known CONSTANT int := 2;
	layout int := coalesce((SELECT value FROM dnc.log WHERE key = 'layout')::int, 0);
BEGIN
	IF layout > known THEN
		RAISE EXCEPTION 'the log has layout %, and this version knows none after %', layout, known
			USING ERRCODE = 'feature_not_supported', HINT = 'Use the newer version of dnc-wsd that made it.';
	END IF;
	IF layout < 1 THEN
		-- One row. Masked events show pseudonyms that are made with this key.
		CREATE TABLE dnc.secret (one boolean PRIMARY KEY DEFAULT true CHECK (one), mask_key bytea NOT NULL
			CHECK (length(mask_key) = 32));
		INSERT INTO dnc.secret (mask_key)
			SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

		-- Numbers have no holes, and are in the order of commits. logged_at: ms since 1970, never less than of the event before.
		CREATE TABLE dnc.events (seq bigint NOT NULL, id uuid NOT NULL, type text COLLATE "C" NOT NULL,
			phone_number text COLLATE "C", provider text, severity text NOT NULL, "timestamp" text NOT NULL, logged_at bigint NOT NULL,
			event text NOT NULL, PRIMARY KEY (seq)) PARTITION BY RANGE (seq);
		CREATE INDEX events_by_phone ON dnc.events (phone_number, seq) WHERE phone_number IS NOT NULL;
		CREATE INDEX events_of_providers ON dnc.events (seq)
			WHERE type IN ('dnc.list.synced', 'dnc.provider.status_change');
		-- dnc.events_N has the numbers from N = first_seq to end_seq - 1.
		CREATE TABLE dnc.partitions (first_seq bigint PRIMARY KEY, end_seq bigint NOT NULL UNIQUE);
		INSERT INTO dnc.log VALUES ('partition_events', '10000000');

		-- An index of all partitions: the ids of all events. Those below the oldest partition are removed by and by.
		CREATE TABLE dnc.ids (id uuid PRIMARY KEY, seq bigint NOT NULL);
		CREATE INDEX ids_by_seq ON dnc.ids (seq);

		-- How many events of a type were logged in step * 10 s to (step + 1) * 10 s after 1970.
		CREATE TABLE dnc.rates (step bigint, type text COLLATE "C", events bigint NOT NULL, PRIMARY KEY (step, type))
			WITH (fillfactor = 50);
		-- Audit: who did what with the events.
		CREATE TABLE dnc.access (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, record text NOT NULL);
		-- An epoch begins when the numbers after it may differ from those that were seen before: another server has become the primary.
		CREATE TABLE dnc.epochs (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, epoch text NOT NULL UNIQUE,
			system_identifier text NOT NULL, timeline int NOT NULL, first_seq bigint NOT NULL, started_at bigint NOT NULL,
			incarnation text);
		-- The hubs that run. Each writes its row every few seconds: no commit waits for that, and another server begins without rows.
		CREATE UNLOGGED TABLE dnc.hubs (hub text PRIMARY KEY CHECK (length(hub) <= 64), advertise text
			CHECK (length(advertise) <= 255), version text NOT NULL CHECK (length(version) <= 64), connections bigint NOT NULL,
			seen_at bigint NOT NULL) WITH (fillfactor = 50);

		-- Tokens that no hub takes any more, by their ids. at, expires: ms since 1970; one without expires is kept for ever.
		CREATE TABLE dnc.revoked (jti text COLLATE "C" PRIMARY KEY CHECK (octet_length(jti) BETWEEN 1 AND 127),
			at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000),
			expires bigint CHECK (expires > at), note text);
		CREATE INDEX revoked_by_expiry ON dnc.revoked (expires);
		INSERT INTO dnc.log VALUES ('revocations', '0');
	END IF;
	IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'dnc.epochs'::regclass AND attname = 'incarnation') THEN
		ALTER TABLE dnc.epochs ADD incarnation text;
	END IF;
	IF layout < 2 THEN
		-- What removed events had said of providers was not kept.
		INSERT INTO dnc.log AS l SELECT 'counted', format('%s %s %s',
				coalesce((SELECT p.started_at FROM dnc.epochs p ORDER BY p.n LIMIT 1), e.logged_at), e.logged_at, e.seq)
			FROM (SELECT o.seq, o.logged_at FROM dnc.events o ORDER BY o.seq LIMIT 1) e WHERE e.seq > 1
			ON CONFLICT (key) DO UPDATE SET value = split_part(l.value, ' ', 1) || substr(excluded.value, strpos(excluded.value, ' '))
				WHERE split_part(l.value, ' ', 3) <> split_part(excluded.value, ' ', 3);
	END IF;
	INSERT INTO dnc.log VALUES ('layout', known) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END $$;

-- Now, in ms since 1970.
CREATE OR REPLACE FUNCTION dnc.now_ms() RETURNS bigint LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- The number of the newest event, 0 before the first one; and when it was logged. It is in one of the last partitions.
CREATE OR REPLACE FUNCTION dnc.newest(OUT seq bigint, OUT logged_at bigint) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	part bigint;
BEGIN
	FOR part IN SELECT p.first_seq FROM dnc.partitions p ORDER BY p.first_seq DESC LOOP
		SELECT e.seq, e.logged_at INTO newest.seq, newest.logged_at FROM dnc.events e
			WHERE e.seq >= part ORDER BY e.seq DESC LIMIT 1;
		EXIT WHEN FOUND;
	END LOOP;
	newest.seq := coalesce(newest.seq, 0);
	newest.logged_at := coalesce(newest.logged_at, 0);
END $$;

-- The number of the first event that was logged at this time or later; the one after the newest if there is none. For queries of
-- people by time, which would read the whole log otherwise: times never go back, and have no index.
CREATE OR REPLACE FUNCTION dnc.seq_at(at timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ms bigint := ceil(extract(epoch FROM at) * 1000);
	low bigint := (SELECT e.seq FROM dnc.events e ORDER BY e.seq LIMIT 1); -- what is searched is here or later
	high bigint := (dnc.newest()).seq + 1; -- and not after this
	middle bigint;
BEGIN
	WHILE low < high LOOP
		middle := (low + high) / 2;
		IF (SELECT e.logged_at FROM dnc.events e WHERE e.seq >= middle ORDER BY e.seq LIMIT 1) < ms THEN
			low := middle + 1;
		ELSE
			high := middle;
		END IF;
	END LOOP;
	RETURN high;
END $$;

-- Makes the partitions for the numbers up to LAST, and the next one once the last is half full: ahead of need, because readers
-- hold locks. ATTACH waits for none of them, and they do not wait for it, as they would with PARTITION OF.
CREATE OR REPLACE FUNCTION dnc.make_partitions(first bigint, last bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	size bigint := (SELECT l.value FROM dnc.log l WHERE l.key = 'partition_events')::bigint;
	past bigint := coalesce((SELECT max(p.end_seq) FROM dnc.partitions p), first - (first - 1) % size);
	name text;
BEGIN
	WHILE last + size / 2 >= past LOOP
		name := 'events_' || past;
		EXECUTE format('CREATE TABLE dnc.%I (LIKE dnc.events INCLUDING ALL, CHECK (seq >= %s AND seq < %s))',
			name, past, past + size);
		EXECUTE format('ALTER TABLE dnc.events ATTACH PARTITION dnc.%I FOR VALUES FROM (%s) TO (%s)',
			name, past, past + size);
		INSERT INTO dnc.partitions VALUES (past, past + size);
		past := past + size;
	END LOOP;
END $$;

-- Differs once the tables were restored or the database was made anew, and when the server was started again: it may have been with
-- files from a backup, which have its identifier and, unless an archive was replayed, its timeline.
CREATE OR REPLACE FUNCTION dnc.incarnation() RETURNS text LANGUAGE sql STABLE
RETURN concat_ws(' ', (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()),
	pg_relation_filenode('dnc.epochs'), floor(extract(epoch FROM pg_postmaster_start_time()) * 1000000));

-- The current epoch. A new one begins when the server is not that of the newest epoch, took another timeline, or may have been
-- restored, and when LOST is the newest epoch: then the caller has seen events that are gone. The timeline in the control
-- file is late after a promotion, that of the log is not.
CREATE OR REPLACE FUNCTION dnc.check_epoch(lost text DEFAULT NULL) RETURNS dnc.epochs LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	server text := (SELECT c.system_identifier FROM pg_control_system() c);
	line int := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int;
	mine text := dnc.incarnation();
	current dnc.epochs;
BEGIN
	-- First without the lock, which a commit that waits for standby servers holds.
	FOR attempt IN 1..2 LOOP
		SELECT * INTO current FROM dnc.epochs ORDER BY n DESC LIMIT 1;
		IF current.system_identifier = server AND current.timeline = line AND current.incarnation = mine
				AND current.epoch IS DISTINCT FROM lost THEN
			RETURN current;
		END IF;
		LOCK TABLE dnc.epochs IN SHARE UPDATE EXCLUSIVE MODE;
	END LOOP;
	INSERT INTO dnc.epochs (epoch, system_identifier, timeline, first_seq, started_at, incarnation)
		SELECT left(replace(gen_random_uuid()::text, '-', ''), 12) || right(gen_random_uuid()::text, 4), server, line,
			(dnc.newest()).seq + 1, dnc.now_ms(), mine
		RETURNING * INTO current;
	RETURN current;
END $$;

-- The numbers of new events by their place in a batch, from LAST + 1 on; NULL for one whose id is known, also from before in the
-- batch. Ids of partitions that were dropped are not known any more. Ids are looked up, however small the tables are said to be.
CREATE OR REPLACE FUNCTION dnc.numbers(ids uuid[], last bigint) RETURNS bigint[] LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
BEGIN
	DELETE FROM dnc.ids k WHERE k.id = ANY (ids) AND k.seq < (SELECT min(p.first_seq) FROM dnc.partitions p);
	RETURN (SELECT array_agg(n.seq ORDER BY n.i) FROM (
		SELECT b.i, CASE WHEN b.fresh THEN last + count(*) FILTER (WHERE b.fresh) OVER (ORDER BY b.i) END AS seq FROM (
			SELECT u.i, k.id IS NULL AND row_number() OVER (PARTITION BY u.id ORDER BY u.i) = 1 AS fresh
			FROM unnest(ids) WITH ORDINALITY u(id, i) LEFT JOIN dnc.ids k ON k.id = u.id) b) n);
END $$;

-- The result of dnc.append() for a batch with known events: those without a number in FRESH.
CREATE OR REPLACE FUNCTION dnc.known(ids uuid[], fresh bigint[]) RETURNS TABLE (i int, seq bigint, stored text)
LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT u.i::int, k.seq, e.event
		FROM unnest(ids, fresh) WITH ORDINALITY u(id, seq, i) JOIN dnc.ids k ON k.id = u.id
			LEFT JOIN dnc.events e ON e.seq = k.seq AND u.seq IS NULL;
END $$;

-- Appends a batch of events and audit records. Events whose ids are known, also from before in the batch, are left out; the others
-- get the next numbers in the order of the batch. A row for each event, by its place I in the batch: the number it has, and of
-- one that was known the event that is stored. To be called in a transaction of its own, and again when it is not known
-- whether that was committed. Sends NOTIFY dnc, with the last number, at the commit.
CREATE OR REPLACE FUNCTION dnc.append(ids uuid[], types text[], phones text[], providers text[], severities text[],
	timestamps text[], events text[], audit text[])
RETURNS TABLE (i int, seq bigint, stored text) LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
	count CONSTANT int := cardinality(ids);
	at bigint;
	last bigint;
	past bigint;
	half bigint;
	added int;
	seqs bigint[];
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'dnc.append() requires READ COMMITTED' USING ERRCODE = 'active_sql_transaction';
	END IF;
	IF count <> ALL (ARRAY[cardinality(types), cardinality(phones), cardinality(providers), cardinality(severities),
			cardinality(timestamps), cardinality(events)]) THEN
		RAISE EXCEPTION 'the arrays differ in length' USING ERRCODE = 'array_subscript_error';
	END IF;
	-- Held until the commit, also while standby servers are waited for: numbers are in the order of commits. A lock that only
	-- the owner can take: everybody may take any advisory lock, and hold up the hubs.
	LOCK TABLE dnc.epochs IN SHARE UPDATE EXCLUSIVE MODE;
	-- What dnc.check_epoch() and dnc.newest() would say, without the cost of calls.
	IF NOT EXISTS (SELECT FROM (SELECT * FROM dnc.epochs ORDER BY n DESC LIMIT 1) e, pg_control_system() c
			WHERE e.system_identifier = c.system_identifier::text AND e.incarnation = dnc.incarnation()
				AND e.timeline = ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int) THEN
		PERFORM dnc.check_epoch();
	END IF;
	SELECT p.end_seq, (p.end_seq - p.first_seq) / 2 INTO past, half FROM dnc.partitions p ORDER BY p.first_seq DESC LIMIT 1;
	SELECT e.seq, e.logged_at INTO last, at FROM dnc.events e WHERE e.seq >= past - 4 * half ORDER BY e.seq DESC LIMIT 1;
	IF NOT FOUND THEN
		SELECT n.seq, n.logged_at INTO last, at FROM dnc.newest() n;
	END IF;
	-- No number is given twice, also if the newest events were deleted by hand.
	last := greatest(last, (SELECT k.seq FROM dnc.ids k ORDER BY k.seq DESC LIMIT 1));
	at := greatest(at, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
	IF cardinality(audit) > 0 THEN
		INSERT INTO dnc.access (at, record) SELECT at, a FROM unnest(audit) a;
	END IF;
	IF count = 0 THEN
		RETURN;
	END IF;

	IF past IS NULL OR last + count >= past THEN
		PERFORM dnc.make_partitions(last + 1, last + count);
	ELSIF last + count >= past - half THEN
		-- There is room yet: one who has a lock, as ANALYZE of all partitions, is not waited for.
		BEGIN
			PERFORM set_config('lock_timeout', '20', true);
			PERFORM dnc.make_partitions(last + 1, last + count);
			PERFORM set_config('lock_timeout', '0', true);
		EXCEPTION
			WHEN lock_not_available THEN NULL;
		END;
	END IF;
	-- Most batches have only new ids. Where the last one had, that is tried without looking first.
	IF current_setting('dnc.known', true) IS DISTINCT FROM 'some' THEN
		BEGIN
			INSERT INTO dnc.ids SELECT u.id, last + u.i FROM unnest(ids) WITH ORDINALITY u(id, i);
			added := count;
		EXCEPTION
			WHEN unique_violation THEN NULL;
		END;
	END IF;
	IF added = count THEN
		INSERT INTO dnc.events SELECT last + b.i, b.id, b.type, b.phone, b.provider, b.severity, b.timestamp, at, b.event
			FROM unnest(ids, types, phones, providers, severities, timestamps, events)
				WITH ORDINALITY b(id, type, phone, provider, severity, timestamp, event, i);
	ELSE
		seqs := dnc.numbers(ids, last);
		added := cardinality(array_remove(seqs, NULL));
		INSERT INTO dnc.ids SELECT b.id, b.seq FROM unnest(ids, seqs) b(id, seq) WHERE b.seq IS NOT NULL;
		INSERT INTO dnc.events SELECT b.seq, b.id, b.type, b.phone, b.provider, b.severity, b.timestamp, at, b.event
			FROM unnest(seqs, ids, types, phones, providers, severities, timestamps, events)
				b(seq, id, type, phone, provider, severity, timestamp, event)
			WHERE b.seq IS NOT NULL;
		PERFORM set_config('dnc.known', CASE WHEN added < count THEN 'some' ELSE '' END, false);
	END IF;

	IF added > 0 THEN
		INSERT INTO dnc.rates SELECT at / 10000, b.type, count(*) FROM unnest(types, seqs) b(type, seq)
			WHERE b.seq IS NOT NULL OR added = count GROUP BY b.type
			ON CONFLICT (step, type) DO UPDATE SET events = dnc.rates.events + excluded.events;
		PERFORM pg_notify('dnc', (last + added)::text);
	END IF;
	IF added = count THEN
		RETURN QUERY SELECT n, last + n, NULL::text FROM generate_series(1, count) n;
		RETURN;
	END IF;
	-- What is known was committed, but perhaps not yet on the standby servers: a commit that writes waits for them, and so for it.
	PERFORM pg_logical_emit_message(true, 'dnc', '');
	RETURN QUERY SELECT * FROM dnc.known(ids, seqs);
END $$;

-- Whoever changes dnc.revoked, and however: hubs are told. They hold what is there until a day after it has expired, by
-- which their clocks may differ. To a hub whose clock is behind, tokens live that are not counted here any more: it holds up to twice
-- as many.
CREATE OR REPLACE FUNCTION dnc.note_revoked() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	most CONSTANT int := 100000;
	since bigint := dnc.now_ms() - 86400000;
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF NOT EXISTS (SELECT FROM gone g WHERE g.expires IS NULL OR g.expires > since) THEN
			RETURN NULL;
		END IF;
	END IF;
	-- Changes become visible in the order of these numbers: the row is locked until the commit.
	UPDATE dnc.log l SET value = (l.value::bigint + 1)::text WHERE l.key = 'revocations';
	IF TG_OP IN ('INSERT', 'UPDATE') AND (SELECT count(*) FROM dnc.revoked r WHERE r.expires IS NULL OR r.expires > since) > most THEN
		RAISE EXCEPTION '% tokens may be revoked at most: nothing was revoked', most
			USING ERRCODE = 'program_limit_exceeded',
			HINT = 'Have the hubs use another key (--keys), and delete the tokens that the old one has signed.';
	END IF;
	PERFORM pg_notify('dnc', 'revoked');
	RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER revoked_changed AFTER INSERT OR UPDATE OR TRUNCATE ON dnc.revoked
	FOR EACH STATEMENT EXECUTE FUNCTION dnc.note_revoked();
CREATE OR REPLACE TRIGGER revoked_removed AFTER DELETE ON dnc.revoked REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION dnc.note_revoked();

-- Revokes the token with this id at all hubs, within a second. EXPIRES is when the token expires by itself, in ms since 1970;
-- NULL when that is not known: then it is kept for ever. Revoking again never shortens that.
CREATE OR REPLACE FUNCTION dnc.revoke(jti text, expires bigint DEFAULT NULL, note text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
	IF coalesce(octet_length(revoke.jti), 0) NOT BETWEEN 1 AND 127 THEN
		RAISE EXCEPTION 'the id (claim jti) of a token has 1 to 127 bytes' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'It is the claim jti of the token, and not the token.';
	END IF;
	IF revoke.expires <= dnc.now_ms() THEN
		RAISE EXCEPTION 'expired already: its time is in ms since 1970, the claim exp in seconds'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The claim exp has seconds: multiply it by 1000.';
	END IF;
	LOCK TABLE dnc.revoked IN SHARE UPDATE EXCLUSIVE MODE;
	INSERT INTO dnc.revoked AS r (jti, expires, note) VALUES (revoke.jti, revoke.expires, revoke.note)
		ON CONFLICT (jti) DO UPDATE SET note = coalesce(excluded.note, r.note),
			expires = CASE WHEN r.expires > excluded.expires THEN r.expires WHEN r.expires IS NOT NULL THEN excluded.expires END;
END $$;

-- How many bytes the log takes. What removed ids have left is filled again, and not counted.
CREATE OR REPLACE FUNCTION dnc.size() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
RETURN (SELECT coalesce(sum(pg_total_relation_size(to_regclass('dnc.events_' || p.first_seq))), 0)::bigint FROM dnc.partitions p)
	+ pg_total_relation_size('dnc.access')
	+ least(pg_total_relation_size('dnc.ids'),
		160 * ((dnc.newest()).seq + 1 - coalesce((SELECT min(p.first_seq) FROM dnc.partitions p), 0)));

-- A time as the event says it, in ms since 1970; NULL when it is none.
CREATE OR REPLACE FUNCTION dnc.time_ms("timestamp" text) RETURNS bigint LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
	RETURN floor(extract(epoch FROM "timestamp"::timestamptz) * 1000)::bigint;
EXCEPTION
	WHEN data_exception THEN RETURN NULL;
END $$;

-- Whether an event is a sync that was good: after any other, numbers of the list may be missing.
CREATE OR REPLACE FUNCTION dnc.is_good_sync(event text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN coalesce(lower(event::json -> 'event_data' ->> 'sync_status') = 'success', false);
EXCEPTION
	WHEN data_exception THEN RETURN false;
END $$;

-- Keeps in dnc.log what the events from FIRST to PAST - 1, which are to be removed, say last of each provider. A time that is ahead of
-- the logging's counts as that. Of so many providers as a hub knows, and of so many events as can be looked at in a call.
CREATE OR REPLACE FUNCTION dnc.keep_providers(first bigint, past bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
	WITH read AS MATERIALIZED (
		SELECT e.seq, e.provider, e.logged_at, dnc.time_ms(e."timestamp") AS at, e.type = 'dnc.list.synced' AS sync,
			e.type = 'dnc.list.synced' AND dnc.is_good_sync(e.event) AS good
		FROM dnc.events e WHERE e.seq >= first AND e.seq < past AND octet_length(e.provider) BETWEEN 1 AND 1000
			AND e.type IN ('dnc.list.synced', 'dnc.provider.status_change') ORDER BY e.seq DESC LIMIT 100000),
	newest AS MATERIALIZED (
		SELECT DISTINCT ON (f.fact, r.provider) f.fact, r.provider, r.seq, least(r.logged_at, r.at) AS at
		FROM read r JOIN (VALUES (0), (1), (2)) f(fact) ON CASE f.fact WHEN 0 THEN r.sync WHEN 1 THEN r.good ELSE NOT r.sync END
		WHERE r.at IS NOT NULL ORDER BY f.fact, r.provider, least(r.logged_at, r.at) DESC, r.seq DESC),
	last AS (
		SELECT format('provider %s %s', n.fact, n.provider) AS key, format('%s %s %s', n.seq, n.at, e.event) AS value
		FROM newest n JOIN dnc.events e ON e.seq = n.seq),
	room AS (SELECT 3 * 1024 - count(*) AS n FROM dnc.log l WHERE l.key LIKE 'provider _ %'),
	fresh AS (
		SELECT a.key FROM last a WHERE NOT EXISTS (SELECT FROM dnc.log l WHERE l.key = a.key)
		ORDER BY a.key LIMIT (SELECT greatest(r.n, 0) FROM room r))
	INSERT INTO dnc.log AS l SELECT a.key, a.value FROM last a
		WHERE a.key IN (SELECT f.key FROM fresh f) OR EXISTS (SELECT FROM dnc.log k WHERE k.key = a.key)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value
			WHERE split_part(l.value, ' ', 2)::bigint <= split_part(excluded.value, ' ', 2)::bigint;
$$;

-- A bounded piece of retention: removes some ids and audit records, or the oldest partition if all its events were logged before BEFORE_MS
-- or the log takes more than MAX_BYTES (NULL or 0: no limit). Never the newest event's. True when more is left. HUB_MS is now by the
-- caller's clock: of two clocks one that is ahead must not remove what is still needed.
DROP FUNCTION IF EXISTS dnc.prune(bigint, bigint);
CREATE OR REPLACE FUNCTION dnc.prune(before_ms bigint, max_bytes bigint, hub_ms bigint DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
	now CONSTANT bigint := least(dnc.now_ms(), hub_ms);
	oldest dnc.partitions;
	piece CONSTANT int := 10000;
	removed int;
	newest bigint;
BEGIN
	-- Fails when another hub does it already.
	LOCK TABLE dnc.partitions IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;
	before_ms := nullif(before_ms, 0);
	max_bytes := nullif(max_bytes, 0);
	SELECT * INTO oldest FROM dnc.partitions p ORDER BY p.first_seq LIMIT 1;
	DELETE FROM dnc.ids d WHERE d.id = ANY (ARRAY(
		SELECT k.id FROM dnc.ids k WHERE k.seq < oldest.first_seq ORDER BY k.seq LIMIT piece));
	GET DIAGNOSTICS removed = ROW_COUNT;
	IF removed > 0 THEN
		RETURN true;
	END IF;
	DELETE FROM dnc.access d WHERE d.n = ANY (ARRAY(SELECT a.n FROM dnc.access a ORDER BY a.n LIMIT piece))
		AND d.at < before_ms;
	-- One who revokes does not hold up the hubs.
	DELETE FROM dnc.revoked d WHERE d.jti = ANY (ARRAY(
		SELECT r.jti FROM dnc.revoked r WHERE r.expires <= now - 86400000 LIMIT piece FOR UPDATE SKIP LOCKED));
	DELETE FROM dnc.rates r WHERE r.step < now / 10000 - 2 * 8640;

	newest := (dnc.newest()).seq;
	IF newest < oldest.end_seq OR oldest.first_seq IS NULL THEN
		RETURN false;
	END IF;
	IF NOT coalesce(dnc.size() > max_bytes, false) AND NOT coalesce((SELECT e.logged_at < before_ms FROM dnc.events e
			WHERE e.seq >= oldest.end_seq - 1 ORDER BY e.seq LIMIT 1), false) THEN
		RETURN false;
	END IF;
	PERFORM dnc.keep_providers(oldest.first_seq, oldest.end_seq);
	-- Readers wait for one who waits for this lock: not for long. With a long query or a dump running it is tried again later;
	-- what was removed above stays so.
	LOCK TABLE dnc.epochs IN SHARE UPDATE EXCLUSIVE MODE;
	BEGIN
		PERFORM set_config('lock_timeout', '100', true);
		-- One that was detached is somebody's.
		IF EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = 'dnc.events'::regclass
				AND i.inhrelid = to_regclass('dnc.events_' || oldest.first_seq)) THEN
			EXECUTE format('DROP TABLE dnc.%I', 'events_' || oldest.first_seq);
		END IF;
		DELETE FROM dnc.partitions p WHERE p.first_seq = oldest.first_seq;
	EXCEPTION
		WHEN lock_not_available THEN
			RETURN false;
	END;
	RETURN true;
END $$;

-- The hub NAME runs, and its clients reach it at ADDRESS (NULL: nobody is told). Returns the others that run. Its own transaction: it
-- waits for no other hub, and for no standby server.
CREATE OR REPLACE FUNCTION dnc.show_hub(name text, address text, version text, connections bigint) RETURNS SETOF dnc.hubs
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	now bigint := dnc.now_ms();
BEGIN
	INSERT INTO dnc.hubs VALUES (name, address, version, connections, now)
		ON CONFLICT (hub) DO UPDATE SET connections = excluded.connections, seen_at = now;
	-- What a hub that was killed has left.
	DELETE FROM dnc.hubs d WHERE d.hub = ANY (ARRAY(
		SELECT h.hub FROM dnc.hubs h WHERE h.seen_at < now - 600000 AND h.hub <> name FOR UPDATE SKIP LOCKED));
	RETURN QUERY SELECT * FROM dnc.hubs h WHERE h.hub <> name AND h.seen_at > now - 20000 ORDER BY h.hub LIMIT 64;
END $$;

-- The hub NAME ends.
CREATE OR REPLACE FUNCTION dnc.hide_hub(name text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
	DELETE FROM dnc.hubs h WHERE h.hub = name;
$$;

REVOKE ALL ON SCHEMA dnc FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA dnc FROM PUBLIC;
DO $$
BEGIN
	IF to_regrole('dnc_writer') IS NOT NULL THEN
		GRANT USAGE ON SCHEMA dnc TO dnc_writer;
		GRANT SELECT ON ALL TABLES IN SCHEMA dnc TO dnc_writer;
		GRANT EXECUTE ON FUNCTION dnc.append, dnc.check_epoch, dnc.prune, dnc.newest, dnc.size, dnc.show_hub, dnc.hide_hub
			TO dnc_writer;
	END IF;
	IF to_regrole('dnc_reader') IS NOT NULL THEN
		GRANT USAGE ON SCHEMA dnc TO dnc_reader;
		GRANT SELECT ON ALL TABLES IN SCHEMA dnc TO dnc_reader;
		REVOKE ALL ON dnc.secret FROM dnc_reader;
		GRANT EXECUTE ON FUNCTION dnc.newest, dnc.size, dnc.seq_at TO dnc_reader;
	END IF;
	IF to_regrole('dnc_revoker') IS NOT NULL THEN
		GRANT USAGE ON SCHEMA dnc TO dnc_revoker;
		GRANT SELECT ON dnc.revoked TO dnc_revoker;
		GRANT EXECUTE ON FUNCTION dnc.revoke TO dnc_revoker;
	END IF;
END $$;
COMMIT;
