"""The web application, for any WSGI server: `deploy.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")

application = get_wsgi_application()

# Django imports the URLs and every view on the first request. Imported here, a server that forks
# does it once, and the first page takes no extra seconds.
_ = get_resolver().url_patterns
