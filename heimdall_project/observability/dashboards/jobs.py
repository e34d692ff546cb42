"""The loop of a job, from the request over HTTP to its end, a question a panel.

Counters of processes that are restarted begin at 0; `rate` knows. Gauges that several processes measure alike
(the sweeper, a standing-by relay) are taken by `max`, those of which each has its share by `sum`.
"""

from . import Dashboard, Panel, Query, Row, Unit
from .queries import LOOP, quantiles, rate

JOBS = Row(
    title="Jobs",
    panels=(
        Panel(
            question="Do jobs end as fast as they come?",
            help="Jobs a second: accepted, and ended by state. If more come than end, see the oldest below.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(rate("heimdall_jobs_submitted_total"), "accepted"),
                Query(rate("heimdall_jobs_ended_total", "status"), "{{status}}"),
            ),
            width=12,
        ),
        Panel(
            question="How long does a job take?",
            help="From acceptance to its end, of jobs that succeeded or failed.",
            unit=Unit.SECONDS,
            queries=quantiles("heimdall_job_seconds", '{status=~"SUCCEEDED|FAILED"}'),
            width=12,
        ),
        Panel(
            question="Where do open jobs stand?",
            help="PENDING waits for the broker, QUEUED for a worker, RUNNING for an answer.",
            unit=Unit.NUMBER,
            queries=(Query("max by (status) (heimdall_jobs_open)", "{{status}}"),),
            stacked=True,
        ),
        Panel(
            question="How old is the oldest open job?",
            unit=Unit.SECONDS,
            queries=(Query("max by (status) (heimdall_jobs_oldest_open_seconds)", "{{status}}"),),
            warn=900,
            alarm=3600,
        ),
        Panel(
            question="Why do jobs fail?",
            help="Failed jobs a second, by class. What to do about each class: docs/jobs.md.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    rate("heimdall_jobs_ended_total", "failure_class", '{status="FAILED"}'),
                    "{{failure_class}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            question="Which share fails?",
            unit=Unit.RATIO,
            queries=(
                Query(
                    f"{rate('heimdall_jobs_ended_total', where='{status="FAILED"}')}"
                    f" / {rate('heimdall_jobs_ended_total')}",
                    "failed",
                ),
            ),
            single=True,
            warn=0.05,
            alarm=0.25,
        ),
        Panel(
            question="What had to be begun again, or given up?",
            help="Leases that lapsed, retries that were written, jobs that nobody claimed in time.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_jobs_swept_total", "kind"), "{{kind}}"),),
        ),
        Panel(
            question="What did people do?",
            help="Jobs sent again by the failure before, and acts on jobs by outcome.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(rate("heimdall_jobs_redriven_total", "failure_class"), "sent again: {{failure_class}}"),
                Query(
                    rate("heimdall_audited_total", "action, result", '{action=~"job[.].*"}'),
                    "{{action}}: {{result}}",
                ),
            ),
        ),
    ),
)
MODEL = Row(
    title="Analysis and model",
    panels=(
        Panel(
            question="How long does an analysis take?",
            unit=Unit.SECONDS,
            queries=quantiles("heimdall_analysis_seconds"),
        ),
        Panel(
            question="What comes of calls of the model?",
            help="Calls a second by outcome; held ones were not made: the endpoint was away just before.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(rate("heimdall_model_calls_total", "outcome"), "{{outcome}}"),
                Query(rate("heimdall_model_held_total"), "held"),
                Query(rate("heimdall_model_repairs_total", "flaw"), "repaired: {{flaw}}"),
            ),
            stacked=True,
        ),
        Panel(
            question="How long does the model take?",
            unit=Unit.SECONDS,
            queries=quantiles("heimdall_model_seconds", '{outcome="answered"}'),
        ),
        Panel(
            question="What does it use?",
            help="Tokens a second, as settled after each call.",
            unit=Unit.NUMBER,
            queries=(Query(rate("heimdall_model_tokens_total", "kind"), "{{kind}}"),),
            stacked=True,
        ),
        Panel(
            question="Which budgets refuse calls?",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_budget_refusals_total", "scope"), "{{scope}}"),),
        ),
        Panel(
            question="How many questions does the cache answer?",
            help="Hits, and misses that shared the answer of an equal question under way, of all questions.",
            unit=Unit.RATIO,
            queries=(
                Query(
                    rate("heimdall_analysis_cache_total", where='{outcome=~"hit|shared"}')
                    + " / "
                    + rate("heimdall_analysis_cache_total", where='{outcome!~"shared|not_kept|too_long"}'),
                    "answered by the cache",
                ),
            ),
        ),
    ),
)
EVENTS = Row(
    title="Events and workers",
    panels=(
        Panel(
            question="Does the outbox empty?",
            help="Age of the oldest event that waits for the broker, as the leading relay measures it.",
            unit=Unit.SECONDS,
            queries=(Query("max (heimdall_outbox_oldest_seconds)", "oldest"),),
            warn=10,
            alarm=60,
        ),
        Panel(
            question="How far behind is each worker?",
            help="Age of the oldest record that is not finished.",
            unit=Unit.SECONDS,
            queries=(Query(f"max by (worker) (heimdall_lag_seconds{LOOP})", "{{worker}}"),),
            warn=60,
            alarm=900,
        ),
        Panel(
            question="By how many records?",
            unit=Unit.NUMBER,
            queries=(Query(f"sum by (worker, topic) (heimdall_lag_records{LOOP})", "{{worker}}: {{topic}}"),),
        ),
        Panel(
            question="What becomes of records?",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    rate("heimdall_records_total", "worker, outcome, rule", LOOP),
                    "{{worker}}: {{outcome}} {{rule}}",
                ),
            ),
        ),
        Panel(
            question="What ends as a dead letter?",
            help="Each waits for a person.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    rate("heimdall_dead_letters_total", "worker, disposition", LOOP),
                    "{{worker}}: {{disposition}}",
                ),
            ),
        ),
        Panel(
            question="Do workers stay up?",
            help="Restarts by the supervisor in the last hour, and stops because too much was invalid.",
            unit=Unit.NUMBER,
            queries=(
                Query(f"sum by (worker) (increase(heimdall_worker_restarts_total{LOOP}[1h]))", "{{worker}}"),
                Query(f"sum by (worker) (increase(heimdall_floods_total{LOOP}[1h]))", "{{worker}}: flood"),
            ),
            warn=1,
            alarm=5,
        ),
        Panel(
            question="What fails inside of handlers?",
            unit=Unit.PER_SECOND,
            queries=(
                Query(rate("heimdall_handle_failures_total", "worker, kind", LOOP), "{{worker}}: {{kind}}"),
            ),
        ),
        Panel(
            question="Does the API refuse or fail?",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_problems_total", "problem"), "{{problem}}"),),
        ),
        Panel(
            question="Do traces arrive?",
            help="Spans a second. Dropped: no room; failed: not taken by the collector. Empty: not recorded.",
            unit=Unit.PER_SECOND,
            queries=(Query(rate("heimdall_spans_total", "result"), "{{result}}"),),
        ),
    ),
)
DASHBOARD = Dashboard(
    name="jobs",
    title="Heimdall: jobs",
    about="A job from the request over HTTP to its end. Generated by manage.py export_dashboards.",
    rows=(JOBS, MODEL, EVENTS),
)
