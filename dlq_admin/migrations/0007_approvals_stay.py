"""What was approved cannot be changed behind its approval, not even by who writes to the tables themselves.

0005 holds the rows of a set; here: that none is added or taken away, that the batch keeps what people looked
at, that signatures stay, that an end is an end, and that a letter keeps its bytes and the place it is sent to.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION redrive_batch_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE what text := CASE
    WHEN OLD.set_hash <> '-' AND (
        NEW.proposed_by_id, NEW.proposed_at, NEW.reason, NEW.change, NEW.size, NEW.set_hash, NEW.needs_second,
        NEW.canary, NEW.rate, NEW.most_failures, NEW.most_lag
    ) IS DISTINCT FROM (
        OLD.proposed_by_id, OLD.proposed_at, OLD.reason, OLD.change, OLD.size, OLD.set_hash, OLD.needs_second,
        OLD.canary, OLD.rate, OLD.most_failures, OLD.most_lag
    ) THEN 'what was proposed'
    WHEN OLD.approved_by_id IS NOT NULL AND (
        NEW.approved_by_id, NEW.approved_at, NEW.approved_hash, NEW.break_glass
    ) IS DISTINCT FROM (
        OLD.approved_by_id, OLD.approved_at, OLD.approved_hash, OLD.break_glass
    ) OR OLD.second_approved_by_id IS NOT NULL
        AND NEW.second_approved_by_id IS DISTINCT FROM OLD.second_approved_by_id THEN 'an approval'
    WHEN OLD.state IN ('DONE', 'CANCELLED', 'REJECTED') AND NEW.state <> OLD.state THEN 'an end'
END;
BEGIN
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'redrive batch % is frozen: a change of % is refused', OLD.id, what
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER redrive_batch_stays BEFORE UPDATE ON redrive_batches
    FOR EACH ROW EXECUTE FUNCTION redrive_batch_stays();

CREATE FUNCTION redrive_items_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM redrive_batches WHERE id IN (SELECT batch_id FROM fresh) AND set_hash <> '-'
    ) THEN
        RAISE EXCEPTION 'the set of a redrive batch is frozen: nothing comes into it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER redrive_items_in_time AFTER INSERT ON redrive_items REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION redrive_items_in_time();

CREATE FUNCTION redrive_set_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM redrive_batches AS batch WHERE batch.approved_by_id IS NOT NULL AND batch.id = CASE
            WHEN TG_TABLE_NAME = 'redrive_items' THEN (to_jsonb(OLD) ->> 'batch_id')::bigint
            ELSE (SELECT batch_id FROM redrive_items WHERE id = (to_jsonb(OLD) ->> 'item_id')::bigint) END
    ) THEN
        RAISE EXCEPTION 'the set of a redrive batch is approved: DELETE of % refused', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER redrive_items_are_whole BEFORE DELETE ON redrive_items
    FOR EACH ROW EXECUTE FUNCTION redrive_set_is_whole();
CREATE TRIGGER redrive_item_bytes_are_whole BEFORE DELETE ON redrive_item_bytes
    FOR EACH ROW EXECUTE FUNCTION redrive_set_is_whole();

CREATE FUNCTION dead_letter_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a dead letter keeps its bytes and its place: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER dead_letter_payload_stays BEFORE UPDATE ON dead_letter_payloads
    FOR EACH ROW EXECUTE FUNCTION dead_letter_stays();
CREATE TRIGGER dead_letter_stays
    BEFORE UPDATE OF topic, partition, "offset", "group", origin_known, writer, digest, size ON dead_letters
    FOR EACH ROW WHEN (
        (OLD.topic, OLD.partition, OLD."offset", OLD."group", OLD.origin_known, OLD.writer, OLD.digest, OLD.size)
        IS DISTINCT FROM
        (NEW.topic, NEW.partition, NEW."offset", NEW."group", NEW.origin_known, NEW.writer, NEW.digest, NEW.size)
    ) EXECUTE FUNCTION dead_letter_stays();
"""
BACK = """
DROP TRIGGER dead_letter_stays ON dead_letters;
DROP TRIGGER dead_letter_payload_stays ON dead_letter_payloads;
DROP FUNCTION dead_letter_stays();
DROP TRIGGER redrive_item_bytes_are_whole ON redrive_item_bytes;
DROP TRIGGER redrive_items_are_whole ON redrive_items;
DROP FUNCTION redrive_set_is_whole();
DROP TRIGGER redrive_items_in_time ON redrive_items;
DROP FUNCTION redrive_items_in_time();
DROP TRIGGER redrive_batch_stays ON redrive_batches;
DROP FUNCTION redrive_batch_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("dlq_admin", "0006_items_in_order")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
