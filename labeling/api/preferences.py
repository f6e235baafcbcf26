"""GET and PATCH preferences/: the caller's own settings."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from labeling.api.strict import SettingsField, StrictSerializer
from labeling.api.views import APIView
from labeling.api.votes import DISPLAY_CHARACTERS
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import Preferences, Theme
from labeling.rules.key_bindings import first_problem

KEYS_CHARACTERS = 20_000


class PreferencesIn(StrictSerializer):
    """The sections to replace; sections that are left out do not change."""

    display = SettingsField(DISPLAY_CHARACTERS, required=False)
    keys = SettingsField(KEYS_CHARACTERS, required=False)
    theme = serializers.ChoiceField(Theme.choices, required=False)

    def validate_keys(self, value: dict[str, Any]) -> dict[str, Any]:
        """The complete table of chords by action, each chord for one action only."""
        if reason := first_problem(value):
            raise serializers.ValidationError(reason)
        return value


class PreferencesOut(serializers.ModelSerializer[Preferences]):
    """All sections; empty ones mean the defaults of the pages."""

    display = serializers.DictField()
    keys = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))

    class Meta:
        model = Preferences
        fields = ("display", "keys", "theme")


class PreferencesView(APIView):
    """The caller's own settings, the same on every computer."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=PreferencesOut)
    def get(self, request: AuthenticatedRequest) -> Response:
        """Return all sections."""
        return Response(PreferencesOut(Preferences.of(request.user)).data)

    @extend_schema(request=PreferencesIn, responses=PreferencesOut)
    def patch(self, request: AuthenticatedRequest) -> Response:
        """Replace the given sections, each as a whole."""
        body = PreferencesIn(data=request.data)
        body.is_valid(raise_exception=True)
        changed = Preferences.change(request.user, **body.validated_data)
        return Response(PreferencesOut(changed).data)
