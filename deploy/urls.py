"""Every address of Asterism."""

from django.contrib import admin
from django.urls import include, path

from labeling import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", include("labeling.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("frontend.urls")),
]
