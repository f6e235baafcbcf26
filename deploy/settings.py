"""Django settings; everything that differs between machines comes from the environment.

Variable          Meaning                                               Default
ASTERISM_HOME     folder for data: packs, runs, caches, SQLite          ./var of a checkout, else
                                                                        the user's data folder
ASTERISM_PACKS    folder for stamp packs, or a URL such as s3://bucket/packs  packs in ASTERISM_HOME
DATABASE_URL      database                                              SQLite in ASTERISM_HOME
PREPARED_QUERIES  0 behind a transaction pooler such as PgBouncer       1
REDIS_URL         broker                                                set by `manage.py serve`
SECRET_KEY        signs sessions                                        made once in ASTERISM_HOME
ALLOWED_HOSTS     comma-separated host names                            this machine only
CSRF_TRUSTED_ORIGINS  comma-separated origins behind a proxy            none
TRUSTED_PROXIES   comma-separated addresses or networks of proxies whose    none; 127.0.0.1 and ::1
                  X-Forwarded-For names the client                      behind a proxy
METRICS_TOKEN     opens /metrics, and the reasons of /readyz            none: open to this machine
                                                                        where no proxy is configured
SCRIPT_NAME       path below which a proxy serves it, such as /asterism  the root of the host
DEBUG             1 for development                                     0
HTTPS             1 where a proxy speaks TLS                            0
WEB_CONCURRENCY   processes that answer requests                        two per core, up to 16
CHECKPOINT_BATCHES  batches after which a worker keeps a network in training  300
ASTERISM_WEIGHTS  folder with torchvision's ImageNet weight files       none
ASTERISM_WEIGHTS_URL  mirror to download those weights from             PyTorch's server
"""

import os
import sys
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from platformdirs import user_data_path

from classifier.core.pack_locations import parse_location
from deploy.address import cookie_name, script_name
from deploy.broker import broker_url
from deploy.data_folder import make_home, secret_key, sqlite_database

ROOT = Path(__file__).resolve().parent.parent
IS_CHECKOUT = (ROOT / "manage.py").exists()


def flag(name: str, *, default: bool = False) -> bool:
    """The yes/no environment variable `name`; anything but 0/1/true/false stops the start."""
    word = os.environ.get(name, str(default)).strip().lower()
    if word not in {"0", "1", "true", "false", ""}:
        sys.exit(f"{name} must be 0 or 1, not {word!r}")
    return word in {"1", "true"}


def count(name: str, default: int) -> int:
    """The whole number above zero in the environment variable `name`; else the start is stopped."""
    word = os.environ.get(name) or str(default)
    if not word.isdecimal() or not int(word):
        sys.exit(f"{name} must be a whole number above zero, not {word!r}")
    return int(word)


def networks(name: str, default: str) -> list[IPv4Network | IPv6Network]:
    """The comma-separated addresses or networks in the environment variable `name`."""
    try:
        return [ip_network(word) for word in words(name, default)]
    except ValueError as error:
        sys.exit(f"{name} must be addresses or networks such as 10.0.0.0/8: {error}")


def words(name: str, default: str = "") -> list[str]:
    """The comma-separated environment variable `name`."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


DEFAULT_HOME = ROOT / "var" if IS_CHECKOUT else user_data_path("asterism", appauthor=False)
HOME = make_home(Path(os.environ.get("ASTERISM_HOME") or DEFAULT_HOME).expanduser().resolve())
PACKS = parse_location(os.environ.get("ASTERISM_PACKS") or str(HOME / "packs"))
if isinstance(PACKS, Path):
    PACKS = PACKS.resolve()
RUNS = HOME / "runs"
EXPERIMENTS = HOME / "experiments"
RGB_CACHE = HOME / "cache" / "rgb"
RELEASES = HOME / "releases"
ARCHIVE = HOME / "archive"
UPLOADS = HOME / "uploads"
PREVIEWS = HOME / "cache" / "previews"
CHECKPOINT_BATCHES = count("CHECKPOINT_BATCHES", 300)
UPLOAD_FILE_BYTES = 8 * 2**30
UPLOAD_TOTAL_BYTES = 64 * 2**30
UPLOAD_CHUNK_BYTES = 8 * 2**20
UPLOAD_LIFETIME = timedelta(days=7)
DISK_RESERVE_BYTES = 2 * 2**30

DEBUG = flag("DEBUG")
HTTPS = flag("HTTPS")
SECRET_KEY = secret_key(HOME)
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "[::1]"}
ALLOWED_HOSTS = words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
SCRIPT_NAME = script_name()
FORCE_SCRIPT_NAME = SCRIPT_NAME or None
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
BEHIND_PROXY = (
    HTTPS
    or bool(CSRF_TRUSTED_ORIGINS or SCRIPT_NAME)
    or not LOOPBACK_HOSTS.issuperset(ALLOWED_HOSTS)
)

TRUSTED_PROXIES = networks("TRUSTED_PROXIES", "127.0.0.1,::1" if BEHIND_PROXY else "")
DATABASE_URL = os.environ.get("DATABASE_URL")
# Only there may accounts have passwords that everybody knows.
ONE_COMPUTER = not (DATABASE_URL or BEHIND_PROXY)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",  # for databases whose tokens are moved from its table
    "axes",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "labeling",
    "frontend",
    "deploy",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "deploy.methods.refuse_unknown_methods",
    "deploy.full_disk.keep_working",
    "deploy.address.take_over_cookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "deploy.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

# As a URL, the path of a folder with "#", "?" or "%" would be another path.
DATABASE: dict[str, Any] = (
    {**dj_database_url.parse(DATABASE_URL)} if DATABASE_URL else sqlite_database(HOME)
)
DATABASES = {"default": DATABASE | {"CONN_MAX_AGE": 60}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a transaction that will write waits for its turn at its start; otherwise two
    # that read first and then write fail with "database is locked" whatever the timeout is.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # A confirmed vote is on disk; macOS writes to the medium only with `fullfsync`.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA fullfsync=ON;",
    }
PREPARED_QUERIES = flag("PREPARED_QUERIES", default=True)
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # A server that does not answer is reported; otherwise a request would wait for minutes.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    if PREPARED_QUERIES:
        # Prepared queries keep their first plan; compiling one takes longer than running it.
        # A confirmed vote is on disk, whatever the server has as its default.
        session = "-c plan_cache_mode=force_generic_plan -c jit=off -c synchronous_commit=on"
        options = DATABASES["default"].setdefault("OPTIONS", {})
        options["options"] = f"{options.get('options', '')} {session}".strip()
    else:
        # A transaction pooler gives each transaction another connection.
        DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
BROKER_URL = broker_url(os.environ.get("REDIS_URL"), HOME)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "labeling.auth.throttle.ThrottleBackend",
    "labeling.auth.backend.Backend",
]
AXES_HANDLER = "labeling.auth.throttle.FailureCounter"
AXES_CLIENT_IP_CALLABLE = "labeling.auth.throttle.client_address"
AXES_LOCKOUT_CALLABLE = "frontend.views.accounts.too_many_failures"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=10)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["username"]  # for the log, which has the address
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
SESSION_ENGINE = "labeling.auth.backend"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
        "labeling.auth.passwords.EndTokens",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "progress"
LOGOUT_REDIRECT_URL = "login"
# In the session, as a cookie of its own would have the same name in all instances of a host.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = f"{SCRIPT_NAME}/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "deploy.storage.ModuleManifestStaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "labeling.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["labeling.api.permissions.IsExpert"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["labeling.api.parsers.LimitedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "labeling.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "labeling.api.schema.Schema",
    "EXCEPTION_HANDLER": "labeling.api.problems.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Asterism",
    "DESCRIPTION": "Star-cluster candidates, classified by people and networks together.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVERS": [{"url": SCRIPT_NAME}] if SCRIPT_NAME else [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RunStatus": "labeling.models.job.RunStatus",
        "ConsensusStatus": "labeling.rules.consensus.ConsensusStatus",
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_NAME = cookie_name("sessionid", SECRET_KEY)
CSRF_COOKIE_NAME = cookie_name("csrftoken", SECRET_KEY)
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{SCRIPT_NAME}/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"one_line_per_refusal": {"()": "deploy.logs.OneLinePerRefusal"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["one_line_per_refusal"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
