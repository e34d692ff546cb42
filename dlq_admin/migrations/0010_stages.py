"""A letter on its way is written three times; the middle one no longer touches any index.

Indexes hold the stage, in which the two states under way are one, and the moment of an end in place of that of
any step. So marking a letter as published changes no column of an index, and where its page has room the
database writes the new row beside the old one and no entry of eleven indexes: the pages keep that room, half.
Both tables are written anew once, under a lock.
"""

from django.conf import settings
from django.db import migrations, models

ROOM = """
ALTER TABLE dead_letters SET (fillfactor = 50);
ALTER TABLE redrive_items SET (fillfactor = 33);
"""
NO_ROOM = """
ALTER TABLE dead_letters RESET (fillfactor);
ALTER TABLE redrive_items RESET (fillfactor);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('dlq_admin', '0009_large_sets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(ROOM, NO_ROOM),
        migrations.RemoveConstraint(
            model_name='batchitem',
            name='item_under_way_once',
        ),
        migrations.RemoveIndex(
            model_name='batchitem',
            name='item_by_state',
        ),
        migrations.RemoveIndex(
            model_name='batchitem',
            name='item_under_way',
        ),
        migrations.RemoveIndex(
            model_name='deadletter',
            name='letter_by_state',
        ),
        migrations.RemoveIndex(
            model_name='deadletter',
            name='letter_by_cluster_state',
        ),
        migrations.RemoveIndex(
            model_name='deadletter',
            name='letter_closed',
        ),
        migrations.AddField(
            model_name='batchitem',
            name='stage',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(state__in=['PUBLISHED', 'SENDING'], then=models.Value('UNDER_WAY')), default=models.F('state')), help_text='Its state, the two under way as one.', output_field=models.CharField(max_length=10)),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='closed_at',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(state__in=['DISCARDED', 'RESOLVED'], then=models.F('moved_at'))), help_text='When it came to its end.', output_field=models.DateTimeField(null=True)),
        ),
        migrations.AddField(
            model_name='deadletter',
            name='stage',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(state__in=['PUBLISHED', 'REPROCESSING'], then=models.Value('UNDER_WAY')), default=models.F('state')), help_text='Its state, the two under way as one.', output_field=models.CharField(max_length=12)),
        ),
        migrations.AddIndex(
            model_name='batchitem',
            index=models.Index(fields=['batch', 'stage', 'id'], name='item_by_stage'),
        ),
        migrations.AddIndex(
            model_name='deadletter',
            index=models.Index(fields=['stage', '-failed_at', '-id'], name='letter_by_stage'),
        ),
        migrations.AddIndex(
            model_name='deadletter',
            index=models.Index(fields=['cluster', 'stage', '-failed_at', '-id'], name='letter_by_cluster_stage'),
        ),
        migrations.AddIndex(
            model_name='deadletter',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at', 'id'], name='letter_closed'),
        ),
        migrations.AddConstraint(
            model_name='batchitem',
            constraint=models.UniqueConstraint(condition=models.Q(('stage', 'UNDER_WAY')), fields=('letter',), name='item_under_way_once'),
        ),
    ]
