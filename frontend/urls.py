"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from frontend.views.accounts import who_am_i
from frontend.views.classify import classify
from frontend.views.guide import guide

urlpatterns = [
    path("login/", LoginView.as_view(template_name="frontend/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("whoami/", who_am_i, name="whoami"),
    path("classify/", classify, name="classify"),
    path("guide/", guide, name="guide"),
]
