"""Every address of Asterism."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from deploy import errors
from labeling import health

# For pages that name no icon, as the administration's. Lazy: its name has a digest once collected.
ICON = lazy(static, str)("frontend/asterism.svg")

handler400 = errors.bad_request
handler500 = errors.server_error

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", include("labeling.api.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", require_safe(RedirectView.as_view(url=ICON))),
    path("", include("frontend.urls")),
]
