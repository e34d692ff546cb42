"""Outcomes of redrives are found by their whole id: an index for LIKE is written for nobody."""

from django.db import migrations

NAME = "streams_redriveoutcome_redrive_id_e1413883_like"


class Migration(migrations.Migration):
    dependencies = [("streams", "0002_topics_made_anew")]
    operations = [
        migrations.RunSQL(
            f"DROP INDEX {NAME}",
            f"CREATE INDEX {NAME} ON streams_redriveoutcome (redrive_id varchar_pattern_ops)",
        )
    ]
