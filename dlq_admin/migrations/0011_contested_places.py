"""Two letters that claim one place for different records are two rows, with that place, and both are marked."""

from django.db import migrations, models


FORWARD = """
DROP TRIGGER dead_letter_stays ON dead_letters;
CREATE TRIGGER dead_letter_stays
    BEFORE UPDATE OF topic, partition, "offset", "group", rival, proven, origin_known, writer, digest, size
    ON dead_letters FOR EACH ROW WHEN (
        (OLD.topic, OLD.partition, OLD."offset", OLD."group", OLD.rival, OLD.proven, OLD.origin_known,
            OLD.writer, OLD.digest, OLD.size)
        IS DISTINCT FROM
        (NEW.topic, NEW.partition, NEW."offset", NEW."group", NEW.rival, NEW.proven, NEW.origin_known,
            NEW.writer, NEW.digest, NEW.size)
    ) EXECUTE FUNCTION dead_letter_stays();
"""
BACK = """
DROP TRIGGER dead_letter_stays ON dead_letters;
CREATE TRIGGER dead_letter_stays
    BEFORE UPDATE OF topic, partition, "offset", "group", origin_known, writer, digest, size ON dead_letters
    FOR EACH ROW WHEN (
        (OLD.topic, OLD.partition, OLD."offset", OLD."group", OLD.origin_known, OLD.writer, OLD.digest, OLD.size)
        IS DISTINCT FROM
        (NEW.topic, NEW.partition, NEW."offset", NEW."group", NEW.origin_known, NEW.writer, NEW.digest, NEW.size)
    ) EXECUTE FUNCTION dead_letter_stays();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('dlq_admin', '0010_stages'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='deadletter',
            name='letter_once_a_place',
        ),
        migrations.AddField(
            model_name='deadletter',
            name='contested',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether letters with different records claim this place.'),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='proven',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether a proof says that a worker here wrote it, just as it is.'),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='rival',
            field=models.BinaryField(db_default=b'', default=b'', help_text='Empty for the first letter with this place; its digest for another that claims it too.'),
        ),
        migrations.AlterField(
            model_name='deadletter',
            name='digest',
            field=models.BinaryField(help_text='Names what is sent again: SHA-256 of key, value and own headers, behind a mark.'),
        ),
        migrations.AddIndex(
            model_name='deadletter',
            index=models.Index(condition=models.Q(('contested', True)), fields=['-failed_at', '-id'], name='letter_contested'),
        ),
        migrations.AddConstraint(
            model_name='deadletter',
            constraint=models.UniqueConstraint(fields=('topic', 'partition', 'offset', 'group', 'rival'), name='letter_once_a_place'),
        ),
        migrations.RunSQL(FORWARD, BACK),
    ]
