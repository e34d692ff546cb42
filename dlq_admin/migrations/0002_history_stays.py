"""The history of letters takes new rows; only the cleanup, which says so, takes rows away."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION dead_letter_history_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('heimdall.purging', TRUE) = 'dead_letter_history' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'dead_letter_history is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER dead_letter_history_stays BEFORE UPDATE OR DELETE ON dead_letter_history
    FOR EACH ROW EXECUTE FUNCTION dead_letter_history_stays();
"""
BACK = """
DROP TRIGGER dead_letter_history_stays ON dead_letter_history;
DROP FUNCTION dead_letter_history_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("dlq_admin", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
