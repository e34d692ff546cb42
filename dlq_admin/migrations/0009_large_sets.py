"""What sets of 100,000 letters need: fewer indexes and keys to look after, and a look at the batch once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
DROP TRIGGER redrive_item_bytes_in_time ON redrive_item_bytes;
CREATE OR REPLACE FUNCTION redrive_item_bytes_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fresh LEFT JOIN redrive_items AS item ON item.id = fresh.item_id
        LEFT JOIN redrive_batches AS batch ON batch.id = item.batch_id
        WHERE batch.state IS DISTINCT FROM 'PROPOSED' OR batch.approved_by_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'the set of a redrive batch is frozen: its bytes come before its approval'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER redrive_item_bytes_in_time AFTER INSERT ON redrive_item_bytes
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION redrive_item_bytes_in_time();
"""
BACK = """
DROP TRIGGER redrive_item_bytes_in_time ON redrive_item_bytes;
CREATE OR REPLACE FUNCTION redrive_item_bytes_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
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


class Migration(migrations.Migration):

    dependencies = [
        ('dlq_admin', '0008_name_causes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(FORWARD, BACK),
        migrations.AddField(
            model_name='redrivebatch',
            name='seen_hash',
            field=models.CharField(blank=True, help_text='Of the letters that were chosen, before a transform left out what it does not repair.', max_length=64),
        ),
        migrations.AlterField(
            model_name='deadletter',
            name='approved_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='deadletter',
            name='batch',
            field=models.ForeignKey(db_index=False, help_text='That it is in from the approval to its end.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dlq_admin.redrivebatch'),
        ),
        migrations.AlterField(
            model_name='letterline',
            name='letter',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='history', to='dlq_admin.deadletter'),
        ),
    ]
