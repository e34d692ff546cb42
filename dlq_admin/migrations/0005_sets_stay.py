"""What a set consists of cannot be changed: which letters, at which attempt, with which bytes, under which id.

Its hash is what people approve. The bytes that stand in place of a letter's own are written when the set is
frozen, and never again.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION redrive_set_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the set of a redrive batch is frozen: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER redrive_item_stays BEFORE UPDATE OF batch_id, letter_id, attempt, digest, redrive_id
    ON redrive_items FOR EACH ROW EXECUTE FUNCTION redrive_set_stays();
CREATE TRIGGER redrive_item_bytes_stay BEFORE UPDATE ON redrive_item_bytes
    FOR EACH ROW EXECUTE FUNCTION redrive_set_stays();
CREATE FUNCTION redrive_item_bytes_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM redrive_items AS item JOIN redrive_batches AS batch ON batch.id = item.batch_id
        WHERE item.id = NEW.item_id AND batch.state = 'PROPOSED' AND batch.approved_by_id IS NULL
    ) THEN
        RAISE EXCEPTION 'the set of a redrive batch is frozen: its bytes come before its approval'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER redrive_item_bytes_in_time BEFORE INSERT ON redrive_item_bytes
    FOR EACH ROW EXECUTE FUNCTION redrive_item_bytes_in_time();
"""
BACK = """
DROP TRIGGER redrive_item_bytes_in_time ON redrive_item_bytes;
DROP FUNCTION redrive_item_bytes_in_time();
DROP TRIGGER redrive_item_bytes_stay ON redrive_item_bytes;
DROP TRIGGER redrive_item_stays ON redrive_items;
DROP FUNCTION redrive_set_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("dlq_admin", "0004_changes_glass_and_cleanup")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
