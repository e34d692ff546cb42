"""Settings, all from the environment; `docs/settings.md` is generated from these calls.

No logic here: what does not fit together is a system check (`heimdall_project/streams/checks.py` and others).
"""

from pathlib import Path

from . import env

BASE_DIR = Path(__file__).resolve().parent.parent

env.section("General")
DEBUG = env.flag("DEBUG", False, "Development mode: error pages with details, demo users allowed.")
SECRET_KEY = env.secret(
    "SECRET_KEY", "", "Signs sessions, receipts and redrive marks. Required unless DEBUG."
)
SECRET_KEY = SECRET_KEY or ("insecure-development-key-" * 3 if DEBUG else "")
SECRET_KEY_FALLBACKS = env.listing("SECRET_KEY_FALLBACKS", [], "Former keys still accepted while rotating.")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], "Host names served.")
VERSION = env.text("HEIMDALL_VERSION", "0.1.0", "Version shown in headers, logs and the worker registry.")
ENVIRONMENT = env.text(
    "HEIMDALL_ENVIRONMENT", "development", "Name of this installation, shown in the admin."
)
TIME_ZONE = env.text("TIME_ZONE", "UTC", "Time zone of the admin.")
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = ["heimdall_project.formats"]
LANGUAGE_CODE = "en-us"
ROOT_URLCONF = "heimdall_project.urls"
WSGI_APPLICATION = "heimdall_project.wsgi.application"
ASGI_APPLICATION = "heimdall_project.asgi.application"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"  # who opens the login page itself is sent on to the overview
AUTHENTICATION_BACKENDS = ["heimdall_project.accounts.backends.GuardedBackend"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_prometheus",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "heimdall_project",
    "heimdall_project.accounts",
    "heimdall_project.streams",
    "jobs",
    "ingestion",
    "dlq_admin",
    "analysis",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "heimdall_project.api.request_id.RequestIdMiddleware",
    "heimdall_project.api.handlers.ProblemMiddleware",
    "heimdall_project.api.reception.Reception",
    "heimdall_project.api.express.ExpressLane",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
UNFOLD = {
    "SITE_TITLE": "Heimdall",
    "SITE_HEADER": "Heimdall",
    "SITE_SUBHEADER": "Watching what flows",
    "SITE_SYMBOL": "visibility",
    "SITE_VERSION": VERSION,
    "SITE_URL": "/api/v1/docs",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/heimdall/favicon.svg"}],
    "STYLES": ["/static/heimdall/admin.css"],
    "ENVIRONMENT": "heimdall_project.admin_menu.environment_badge",
    "DASHBOARD_CALLBACK": "heimdall_project.dashboard.overview",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {"show_search": True, "navigation": "heimdall_project.admin_menu.navigation"},
}
STATIC_URL = "static/"
STATIC_ROOT = (
    env.text("STATIC_ROOT", "", "Where `collectstatic` puts files; empty: served out of the packages.")
    or None
)
WHITENOISE_USE_FINDERS = True

env.section("PostgreSQL")
DATABASES = {
    "default": {
        **env.database(
            "DATABASE_URL", "postgres://heimdall:heimdall@127.0.0.1:15432/heimdall", "Where state lives."
        ),
        "CONN_MAX_AGE": env.integer("DATABASE_CONN_MAX_AGE", 60, "Seconds a connection is kept open."),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": env.integer(
                "DATABASE_CONNECT_TIMEOUT", 3, "Seconds to wait for a connection.", least=1
            ),
            "options": "-c statement_timeout={0} -c lock_timeout={0}".format(
                env.integer(
                    "DATABASE_STATEMENT_TIMEOUT_MS", 15_000, "Milliseconds one statement may take.", least=100
                )
            ),
        },
    }
}

env.section("Redis")
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:16379/0", "Caches, and later live rankings.")
CACHES = {
    "default": {
        "BACKEND": "django_prometheus.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
        "KEY_PREFIX": "heimdall",
    }
}

env.section("ClickHouse")
CLICKHOUSE_URL = env.secret_url(
    "CLICKHOUSE_URL",
    "http://heimdall:heimdall@127.0.0.1:18123/heimdall",
    "Where events are stored: http[s]://user:password@host:port/database[?setting=value].",
)
CLICKHOUSE_CONNECT_TIMEOUT = env.seconds(
    "CLICKHOUSE_CONNECT_TIMEOUT", 2, "Longest wait for a connection, and for room to send.", least=0.1
)
CLICKHOUSE_TIMEOUT = env.seconds(
    "CLICKHOUSE_TIMEOUT", 60, "Longest silence of ClickHouse while a statement runs.", least=0.1
)
CLICKHOUSE_QUESTION_SECONDS = env.seconds(
    "CLICKHOUSE_QUESTION_SECONDS", 15, "Longest time ClickHouse works on one answer of the API.", least=1.0
)
CLICKHOUSE_QUESTION_MEMORY = env.integer(
    "CLICKHOUSE_QUESTION_MEMORY",
    1_000_000_000,
    "Most memory that ClickHouse takes for one answer, in bytes.",
    least=10_000_000,
)
CLICKHOUSE_INSERT_COMPRESSION = env.choice(
    "CLICKHOUSE_INSERT_COMPRESSION",
    "none",
    "Compression of what is inserted: lz4 where the network is narrow, none on one machine.",
    of=("none", "lz4", "gzip"),
)

env.section("Kafka")
KAFKA_BOOTSTRAP_SERVERS = env.text("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:19092", "Brokers to start from.")
KAFKA_TOPIC_PREFIX = env.text(
    "KAFKA_TOPIC_PREFIX", "", "Put before each topic, where installations share a cluster."
)
KAFKA_GROUP_PREFIX = env.text("KAFKA_GROUP_PREFIX", "heimdall.", "Put before each consumer group.")
KAFKA_REPLICATION_FACTOR = env.integer(
    "KAFKA_REPLICATION_FACTOR", 1, "Copies of each partition; 2 or more in production.", least=1, most=10
)
KAFKA_COMPRESSION = env.choice(
    "KAFKA_COMPRESSION",
    "gzip",
    "Compression of what is published.",
    of=("gzip", "lz4", "zstd", "snappy", "none"),
)
KAFKA_MAX_RECORD_BYTES = env.integer(
    "KAFKA_MAX_RECORD_BYTES", 1_048_576, "Largest record a topic takes.", least=4096, most=50_000_000
)
KAFKA_SESSION_TIMEOUT = env.seconds(
    "KAFKA_SESSION_TIMEOUT",
    30.0,
    "Silence after which the group takes a worker's partitions away.",
    least=1.0,
)
KAFKA_MAX_POLL_INTERVAL = env.seconds(
    "KAFKA_MAX_POLL_INTERVAL", 300.0, "Longest pause between polls.", least=6.0
)
KAFKA_DELIVERY_TIMEOUT = env.seconds(
    "KAFKA_DELIVERY_TIMEOUT",
    30.0,
    "Longest wait for the broker's acknowledgement of a dead letter.",
    least=1.0,
)
KAFKA_LINGER_MS = env.integer(
    "KAFKA_LINGER_MS", 2, "Milliseconds to wait for more records to send together.", most=1000
)
KAFKA_SECURITY = env.listing(
    "KAFKA_SECURITY", [], "Further client settings as key=value (security.protocol=SASL_SSL, ...)."
)

env.section("Workers")
KAFKA_CONSUMER_ENABLED = env.flag(
    "KAFKA_CONSUMER_ENABLED",
    True,
    "Run workers that read topics; false: `run_consumer all` starts loops only.",
)
WORKER_METRICS_PORT = env.integer(
    "HEIMDALL_METRICS_PORT",
    8100,
    "Workers serve /metrics and /livez from this port upward; 0 switches it off.",
    most=65_000,
)
WORKER_METRICS_HOST = env.text(
    "HEIMDALL_METRICS_HOST", "127.0.0.1", "Address they serve it on; 0.0.0.0 in a container."
)
WORKER_DRAIN_BUDGET = env.seconds(
    "WORKER_DRAIN_BUDGET", 20.0, "Time a worker has to finish what runs after SIGTERM."
)
WORKER_STOP_GRACE = env.seconds(
    "WORKER_STOP_GRACE", 30.0, "Time the platform waits between SIGTERM and SIGKILL (stop_grace_period)."
)
WORKER_HEARTBEAT = env.seconds(
    "WORKER_HEARTBEAT", 2.0, "How often a worker writes its registry row and reads its orders.", least=0.1
)
WORKER_COMMIT_INTERVAL = env.seconds(
    "WORKER_COMMIT_INTERVAL", 1.0, "Longest time finished work stays uncommitted.", least=0.0
)
WORKER_RESTART_BACKOFF = env.seconds(
    "WORKER_RESTART_BACKOFF", 1.0, "First wait before a crashed worker is started again; doubles.", least=0.0
)
WORKER_RESTART_CEILING = env.seconds(
    "WORKER_RESTART_CEILING", 60.0, "Longest wait before a crashed worker is started again.", least=0.0
)
OUTBOX_LEASE = env.seconds("OUTBOX_LEASE", 15.0, "A relay that is silent for so long is replaced.", least=1.0)
OUTBOX_BATCH = env.integer(
    "OUTBOX_BATCH", 1000, "Events the relay publishes at a time.", least=1, most=10_000
)
OUTBOX_POLL = env.seconds("OUTBOX_POLL", 0.1, "How often an idle relay looks for events.", least=0.01)
OUTBOX_RETENTION = env.seconds(
    "OUTBOX_RETENTION", 7 * 86_400.0, "Sent events are deleted after this.", least=60.0
)
FLOOD_FIRST = env.integer(
    "FLOOD_FIRST",
    20,
    "If the first so many records of an assignment are all invalid, the worker stops.",
    least=1,
)
FLOOD_RATIO = env.ratio("FLOOD_RATIO", 0.5, "Share of invalid records in the window that stops a worker.")
FLOOD_WINDOW = env.seconds("FLOOD_WINDOW", 60.0, "Window of that share.", least=1.0)
FLOOD_LEAST = env.integer("FLOOD_LEAST", 100, "Records in the window before the share counts.", least=1)
FLOOD_PATIENCE = env.seconds(
    "FLOOD_PATIENCE", 2.0, "A few invalid first records become dead letters after this much quiet."
)

DLQ_MAX_ATTEMPTS = env.integer(
    "DLQ_MAX_ATTEMPTS",
    10,
    "A dead letter that failed so often is not sent again any more.",
    least=1,
    most=1000,
)
DLQ_BREAK_GLASS = env.flag(
    "DLQ_BREAK_GLASS",
    False,
    "Whether who proposes a redrive may approve it alone, by a right for that: for one-person installations.",
)
DLQ_PAYLOAD_RETENTION = env.seconds(
    "DLQ_PAYLOAD_RETENTION", 90 * 86_400.0, "Bytes of closed dead letters are deleted after this.", least=60.0
)
DLQ_ROW_RETENTION = env.seconds(
    "DLQ_ROW_RETENTION",
    365 * 86_400.0,
    "Closed dead letters are deleted after this, with their histories.",
    least=60.0,
)
DLQ_CLEANUP_INTERVAL = env.seconds(
    "DLQ_CLEANUP_INTERVAL", 3600.0, "How often the cleanup looks for them.", least=1.0
)

env.section("API")
API_MAX_BODY_BYTES = env.integer("API_MAX_BODY_BYTES", 2_097_152, "Largest request body.", least=1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES
API_BODY_SECONDS = env.seconds(
    "API_BODY_SECONDS",
    min(20.0, 0.75 * WORKER_STOP_GRACE),
    "Longest time for the body of a request to arrive; then 408. Left out, it is less where "
    "WORKER_STOP_GRACE is short.",
    least=0.5,
)
API_BODIES_AT_ONCE = env.integer(
    "API_BODIES_AT_ONCE",
    48,
    "Bodies that one process receives at the same time; beyond it 503. The web door needs more threads than "
    "this and five times API_REQUESTS_AT_ONCE together.",
    least=1,
)
API_REQUESTS_AT_ONCE = env.integer(
    "API_REQUESTS_AT_ONCE",
    8,
    "Requests that one process works on at the same time, and database connections that it keeps; four times "
    "as many wait for their turn, beyond it 503.",
    least=1,
)
API_TURN_SECONDS = env.seconds(
    "API_TURN_SECONDS", 5.0, "How long a request waits for its turn; then 503.", least=0.1
)
API_REMEMBER_CALLER = env.seconds(
    "API_REMEMBER_CALLER",
    10.0,
    "How long a caller's credentials and rights are remembered; a withdrawn right may send for so long.",
    most=300.0,
)
IDEMPOTENCY_RETENTION = env.seconds(
    "IDEMPOTENCY_RETENTION", 86_400.0, "How long an Idempotency-Key is remembered.", least=86_400.0
)
CORS_ALLOWED_ORIGINS = env.listing(
    "CORS_ALLOWED_ORIGINS", [], "Origins whose pages may call the API, with credentials."
)
CORS_ALLOW_CREDENTIALS = True
CORS_EXPOSE_HEADERS = ["X-Request-Id", "X-Trace-Id", "Idempotency-Replayed", "Retry-After"]
CSRF_TRUSTED_ORIGINS = CORS_ALLOWED_ORIGINS
STREAM_URL = env.text(
    "STREAM_URL",
    "",
    "Origin of the event streams if it differs from the API's, such as http://127.0.0.1:8001.",
)
STREAM_MAX_CLIENTS = env.integer(
    "STREAM_MAX_CLIENTS", 200, "Event streams open at once in one process.", least=1
)
STREAM_HEARTBEAT = env.seconds(
    "STREAM_HEARTBEAT", 15.0, "Silence after which a stream sends a comment.", least=0.1
)
STREAM_POLL = env.seconds("STREAM_POLL", 0.5, "How often an open stream looks for news.", least=0.05)
STREAM_THREADS = env.integer(
    "STREAM_THREADS", 4, "Threads, and so database connections, that look for news.", least=1, most=64
)
STREAM_RETRY = env.seconds("STREAM_RETRY", 2.0, "Wait before a client connects again, as told to it.")
STREAM_MAX_AGE = env.seconds(
    "STREAM_MAX_AGE",
    3600.0,
    "A stream is closed after this; its client comes back, with its rights checked anew.",
)
STREAM_SEND_TIMEOUT = env.seconds(
    "STREAM_SEND_TIMEOUT", 30.0, "A client that reads nothing for so long is dropped.", least=0.1
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("COOKIE_SECURE", not DEBUG, "Cookies only over HTTPS.")
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", False, "Send http requests to https.")
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if env.flag("TRUST_FORWARDED_PROTO", False, "Believe X-Forwarded-Proto: a proxy in front always sets it.")
    else None
)
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 0, "How long browsers shall insist on https.")
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", False, "Also for subdomains.")
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD", False, "Allow browsers to ship that rule.")
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
CSRF_FAILURE_VIEW = "heimdall_project.api.handlers.csrf_failure"
TRUSTED_PROXIES = env.integer(
    "TRUSTED_PROXIES",
    0,
    "Reverse proxies in front; so many entries of X-Forwarded-For are believed.",
    most=10,
)
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "heimdall_project.api.handlers.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["heimdall_project.api.parsers.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "heimdall_project.api.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "heimdall_project.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["heimdall_project.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Heimdall",
    "DESCRIPTION": "Event-driven work over Kafka. Every error is problem+json (RFC 9457).",
    "VERSION": VERSION,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["heimdall_project.api.schema.canonical_only"],
    "POSTPROCESSING_HOOKS": [
        "heimdall_project.api.schema.document_problems",
    ],
}

env.section("Ingestion")
WRITER_BATCH_ROWS = env.integer(
    "WRITER_BATCH_ROWS", 10_000, "Rows of one insert into ClickHouse.", least=1, most=200_000
)
WRITER_BATCH_MEGABYTES = env.number(
    "WRITER_BATCH_MEGABYTES", 8.0, "Keys and values of one insert, in megabytes.", least=0.01, most=64.0
)
WRITER_BATCH_SECONDS = env.seconds(
    "WRITER_BATCH_SECONDS",
    1.0,
    "Age of its oldest record at which a batch is inserted, full or not.",
    most=60.0,
)
WRITER_PARALLEL = env.integer(
    "WRITER_PARALLEL",
    2,
    "Inserts of one writer process at the same time, of different partitions.",
    least=1,
    most=16,
)
WRITER_MAX_BUFFER = env.integer(
    "WRITER_MAX_BUFFER",
    40_000,
    "Records taken in and not stored, of one writer process; at this bound it reads no more.",
    least=1,
    most=2_000_000,
)
WRITER_MAX_BUFFER_MEGABYTES = env.number(
    "WRITER_MAX_BUFFER_MEGABYTES", 32.0, "The same for their keys and values.", least=1.0, most=4096.0
)
WRITER_INSERT_TIMEOUT = env.seconds(
    "WRITER_INSERT_TIMEOUT",
    min(15.0, 0.75 * WORKER_DRAIN_BUDGET),
    "Longest wait for the answer to an insert; then its rows are counted. Left out, it is less where "
    "WORKER_DRAIN_BUDGET is short.",
    least=0.1,
)
INGEST_ACK_TIMEOUT = env.seconds(
    "INGEST_ACK_TIMEOUT",
    min(10.0, 0.75 * WORKER_STOP_GRACE),
    "Longest wait of a request for the broker's acknowledgement. Left out, it is less where "
    "WORKER_STOP_GRACE is short.",
    least=0.1,
)
INGEST_MAX_REQUESTS = env.integer(
    "INGEST_MAX_REQUESTS", 1000, "Requests with events under way in one process; beyond it 429.", least=1
)
INGEST_MAX_EVENTS = env.integer(
    "INGEST_MAX_EVENTS",
    100_000,
    "Events in one process that the broker has not acknowledged; beyond it 429.",
    least=1,
    most=10_000_000,
)
INGEST_MAX_BUFFER_BYTES = env.integer(
    "INGEST_MAX_BUFFER_BYTES", 67_108_864, "Bytes of such events; beyond it 503.", least=1024
)
INGEST_MAX_BATCH = env.integer("INGEST_MAX_BATCH", 5000, "Events in one request.", least=1, most=100_000)
INGEST_MAX_INFLATED_BYTES = env.integer(
    "INGEST_MAX_INFLATED_BYTES", 16_777_216, "Largest body of events after decompression.", least=1024
)
INGEST_LINGER_MS = env.integer(
    "INGEST_LINGER_MS", 1, "Milliseconds that events wait for others to be sent together.", most=1000
)

env.section("Commands that go through the API")
HEIMDALL_URL = env.text(
    "HEIMDALL_URL",
    "http://127.0.0.1:8000",
    "Where `manage.py dlq`, `generate_events --http` and the examples find the API.",
)
HEIMDALL_USER = env.text("HEIMDALL_USER", "", "As whom they ask.")
HEIMDALL_PASSWORD = env.secret(
    "HEIMDALL_PASSWORD", "", "With which password; without one, `dlq` asks at a terminal."
)

env.section("Jobs and analysis")
JOB_QUEUE_DEADLINE = env.seconds(
    "JOB_QUEUE_DEADLINE", 86_400.0, "Longest wait of a job before a worker claims it."
)
JOB_LEASE = env.seconds(
    "JOB_LEASE", 60.0, "A claimed job whose worker is silent for so long is tried again.", least=1.0
)
JOB_ATTEMPTS = env.integer("JOB_ATTEMPTS", 3, "Tries of a job before it fails.", least=1)
JOB_RETENTION = env.seconds(
    "JOB_RETENTION",
    90 * 86_400.0,
    "Timelines of ended jobs, and outcomes of outside requests, are deleted after this.",
    least=7 * 86_400.0,
)
JOB_RETRY_BACKOFF = env.seconds("JOB_RETRY_BACKOFF", 5.0, "Wait before a job is tried again.")
LOG_CONTENT_MAX_BYTES = env.integer(
    "LOG_CONTENT_MAX_BYTES", 262_144, "A longer log is cut, and marked, in the request event.", least=1024
)
ANALYSIS_PROVIDER = env.choice(
    "ANALYSIS_PROVIDER",
    "rule-based",
    "Which engine analyses logs: our rules, or the model at MODEL_URL.",
    of=("rule-based", "openai"),
)
ANALYSIS_CONCURRENCY = env.integer(
    "ANALYSIS_CONCURRENCY", 4, "Logs that one worker analyses at the same time.", least=1, most=100
)
ANALYSIS_FALLBACK = env.flag(
    "ANALYSIS_FALLBACK",
    False,
    "Let the rules answer where the model is away beyond MODEL_DEADLINE. Not for production.",
)
ANALYSIS_CACHE = env.choice(
    "ANALYSIS_CACHE",
    "off",
    "Where answers are kept for equal questions: in each worker's memory, or in Redis for all of them.",
    of=("off", "memory", "redis"),
)
ANALYSIS_CACHE_SCOPE = env.choice(
    "ANALYSIS_CACHE_SCOPE",
    "owner",
    "Who gets an answer that was computed for another job: its owner only, or everyone who asks the same.",
    of=("owner", "everyone"),
)
ANALYSIS_CACHE_LIFETIME = env.seconds(
    "ANALYSIS_CACHE_LIFETIME", 86_400.0, "How long an answer is kept.", least=1.0
)
ANALYSIS_CACHE_ENTRIES = env.integer(
    "ANALYSIS_CACHE_ENTRIES",
    1000,
    "Answers kept in memory, of at most 64 KiB each; Redis has its own bound (maxmemory).",
    least=1,
    most=1_000_000,
)
MODEL_URL = env.text(
    "MODEL_URL", "", "OpenAI-compatible endpoint up to its version, such as http://127.0.0.1:11434/v1."
)
MODEL_API_KEY = env.secret("MODEL_API_KEY", "", "Sent to the endpoint as a bearer token; empty: none.")
MODEL_NAME = env.text("MODEL_NAME", "", "Model to ask for, by the endpoint's own name.")
MODEL_MAX_TOKENS = env.integer(
    "MODEL_MAX_TOKENS", 2048, "Longest answer, in tokens.", least=64, most=1_000_000
)
MODEL_MAX_INPUT_TOKENS = env.integer(
    "MODEL_MAX_INPUT_TOKENS",
    6000,
    "Longest log that is shown to the model, in our own count of tokens; of a longer one, a choice of lines.",
    least=100,
    most=2_000_000,
)
MODEL_TEMPERATURE = env.number(
    "MODEL_TEMPERATURE", 0.7, "Freedom of the answer; 0 for the most repeatable.", least=0.0, most=2.0
)
MODEL_TIMEOUT = env.seconds(
    "MODEL_TIMEOUT", 30.0, "Longest time for one call, from first to last byte.", least=0.1, most=3600.0
)
MODEL_DEADLINE = env.seconds(
    "MODEL_DEADLINE", 900.0, "A job whose model is away for so long since its first claim fails."
)
MODEL_JSON_SCHEMA = env.choice(
    "MODEL_JSON_SCHEMA",
    "on",
    "How the endpoint learns the form of the answer: on (json_schema), object (json_object), off (in words).",
    of=("on", "object", "off"),
)
MODEL_TOKENS_PER_JOB = env.integer(
    "MODEL_TOKENS_PER_JOB", 0, "Tokens that one job may use, all its attempts together; 0: any number."
)
MODEL_TOKENS_PER_CLIENT_PER_DAY = env.integer(
    "MODEL_TOKENS_PER_CLIENT_PER_DAY",
    0,
    "Tokens that one owner may use in a day of UTC; outside producers are one. 0: any number.",
)

env.section("Observability")
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", "Least level that is logged.", of=("DEBUG", "INFO", "WARNING", "ERROR")
)
LOG_FORMAT = env.choice(
    "LOG_FORMAT", "json", "json for machines, console for people.", of=("json", "console")
)
LOGGING_CONFIG = "heimdall_project.observability.logging.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
PROMETHEUS_MULTIPROC_DIR = env.text(
    "PROMETHEUS_MULTIPROC_DIR",
    "",
    "Directory in which several web processes share their metrics; needed only with more than one.",
)
PROMETHEUS_EXPORT_MIGRATIONS = False
READY_REQUIRES = env.listing(
    "READY_REQUIRES",
    ["postgresql"],
    "Dependencies without which /readyz answers 503: postgresql, kafka, redis, clickhouse, workers, outbox.",
)
READY_TIMEOUT = env.seconds("READY_TIMEOUT", 2.0, "Longest time /readyz waits for a dependency.", least=0.1)
READY_OUTBOX_AGE = env.seconds(
    "READY_OUTBOX_AGE", 60.0, "Age of a waiting event from which on the outbox counts as failed."
)
OTEL_EXPORTER_OTLP_ENDPOINT = env.text(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "",
    "Collector that spans go to by OTLP over HTTP, such as http://collector:4318; empty: none are recorded.",
)
OTEL_EXPORTER_OTLP_HEADERS = env.secret(
    "OTEL_EXPORTER_OTLP_HEADERS", "", "Headers for the collector: name=value,name=value."
)
OTEL_TRACES_SAMPLER_ARG = env.ratio(
    "OTEL_TRACES_SAMPLER_ARG",
    1.0,
    "Share of the traces begun here that is recorded; a caller's choice stands.",
)
CRASH_AT = env.text(
    "HEIMDALL_CRASH_AT", "", "Named point at which a process ends itself; for fault tests only."
)
HEARTBEAT_DIR = env.text(
    "HEIMDALL_HEARTBEAT_DIR",
    "",
    "Directory in which each worker touches a file while its loop turns; empty: none.",
)
