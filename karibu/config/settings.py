"""Django settings. They boot with nothing set; every deployment choice is an environment variable (environment.py)."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from karibu.config import environment, home, postgres

PACKAGE = Path(__file__).resolve().parent.parent


# The pool asks a database that is away after 0, 1, 3, 7, 15, 31 ... s, and whoever needs a connection waits with it:
# given up after two seconds, the next who comes asks anew, so that pages are back as soon as the database is.
POOL = {"min_size": 0, "max_size": 12, "timeout": 10, "max_idle": 120, "reconnect_timeout": 2}


def database(url: str) -> dict[str, object]:
    """A PostgreSQL URL as Django wants it."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": POOL, **query},
    }


KARIBU_HOME = home.path()
KARIBU_LAKE_URL = home.lake_url()
KARIBU_ENGINE = environment.get("KARIBU_ENGINE")
KARIBU_SMTP_URL = environment.get("KARIBU_SMTP_URL")
KARIBU_SYSTEM_MAIL = "karibu.messages.system.send_mail"  # sign-in links and the like
KARIBU_TRUSTED_PROXIES = environment.get("KARIBU_TRUSTED_PROXIES")
KARIBU_IP_ADDRESSES = environment.get("KARIBU_IP_ADDRESSES")
# Beside public addresses, where webhooks may go: networks with commas between them.
KARIBU_WEBHOOK_NETWORKS = environment.get("KARIBU_WEBHOOK_NETWORKS")
KARIBU_PUBLIC_URL = environment.get("KARIBU_PUBLIC_URL")
KARIBU_SERVED_URL = home.served_url()
KARIBU_UPLOAD_MB = environment.get("KARIBU_UPLOAD_MB")  # the longest file that a page takes
KARIBU_PIPELINE = "karibu.config.pipeline.STAGES"
KARIBU_NAVIGATION = "karibu.config.navigation.NAVIGATION"

SECRET_KEY = home.secret_key()
DEBUG = False
# The public URL is what links are built from; requests come through whatever name the shop's proxy uses.
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": database(postgres.database_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "karibu.web",
    "karibu.events",
    "karibu.collect",
    "karibu.customers",
    "karibu.shop",
    "karibu.consents",
    "karibu.messages",
    "karibu.messages.channels",
    "karibu.messages.channels.email",
    "karibu.segments",
    "karibu.campaigns",
    "karibu.journeys",
    "karibu.desk",
    "karibu.growth",
    "karibu.insights",
    "karibu.imports",
    "karibu.demo",
    "django_htmx",
    "procrastinate.contrib.django",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "karibu.web.headers.security",
    "karibu.web.problems.methods_named",
    "karibu.web.storable.Storable",
    "karibu.web.queries.ask_once",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "karibu.web.access.SignInRequired",
    "karibu.web.viewer.localise",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "karibu.config.urls"
ASGI_APPLICATION = "karibu.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "karibu.web.context.shell",
            ],
        },
    },
]

# Jobs are found in each app's jobs.py, which every process imports: keep their imports light.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

AUTH_USER_MODEL = "web.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = KARIBU_PUBLIC_URL.startswith("https://")
# Once a browser has come by https it comes by nothing else for a month.
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if SESSION_COOKIE_SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
CSRF_TRUSTED_ORIGINS = [KARIBU_PUBLIC_URL] if KARIBU_PUBLIC_URL else []
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a segment of 500 conditions is a long form
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False  # ids in addresses stay whole; `|count` and `|money` group figures themselves

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "karibu.web.assets.Addresses"},
}
CSRF_FAILURE_VIEW = "karibu.web.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "karibu.config.logs.Discreet", "format": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"karibu": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
