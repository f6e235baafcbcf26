"""The web application, for any WSGI server: `deploy.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

application = get_wsgi_application()

# Django reads the addresses, and with them every view, on the first request. Read here, a server
# that forks does it once, and nobody's first page waits seconds.
_ = get_resolver().url_patterns
