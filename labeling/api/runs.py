"""Training runs: request, watch, cancel, promote, roll back."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.permissions import IsAdministrator, IsExpert
from labeling.api.problems import Conflict
from labeling.api.strict import StrictSerializer
from labeling.models import Field, Preset, Promotion, ReferenceLabel, TrainingRun
from labeling.training.training_set import VOTES

BACKBONES = ("resnet18", "vgg19_bn", "efficientnet_lite0")
"""Those that any preset can have instead of its own; StarcNet's needs the whole preset of its name.
"""


STARCNET_PX = 32
"""Side of the images that StarcNet's architecture reads, px; Perez et al. 2021."""


class RunConfigIn(StrictSerializer):
    """Settings that replace the preset's; the classifier's `TrainingConfig` has them all."""

    backbone = serializers.ChoiceField(BACKBONES, required=False)
    members = serializers.IntegerField(min_value=1, max_value=100, required=False)
    batches = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    batch_size = serializers.IntegerField(min_value=2, max_value=4096, required=False)
    input_px = serializers.IntegerField(min_value=32, max_value=1024, required=False)
    stamp_px = serializers.IntegerField(min_value=8, max_value=100, required=False)
    learning_rate = serializers.FloatField(min_value=1e-8, max_value=1.0, required=False)
    seed = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)


class ConfiguredIn(StrictSerializer):
    """A preset, and what replaces its settings."""

    preset = serializers.ChoiceField(Preset.choices, default=Preset.QUICK)
    config = RunConfigIn(required=False)

    def validate(self, attrs: Any) -> Any:
        """StarcNet's architecture has one size of input; another network could have any."""
        config = attrs.get("config", {})
        starcnet = attrs["preset"] == Preset.STARCNET and "backbone" not in config
        if starcnet and config.get("input_px", STARCNET_PX) != STARCNET_PX:
            reason = f"StarcNet's architecture reads {STARCNET_PX} px and nothing else."
            raise serializers.ValidationError({"config": {"input_px": [reason]}})
        return attrs


class RunIn(ConfiguredIn):
    """What to train, in which fields (all if unsaid), and on whose labels."""

    fields = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="name", queryset=Field.objects.all(), many=True, required=False
    )
    field = serializers.SlugRelatedField(
        slug_field="name", queryset=Field.objects.all(), required=False
    )
    label_source = serializers.CharField(default=VOTES, max_length=80)

    def validate_label_source(self, value: str) -> str:
        """Our votes, or a source of reference labels that there is."""
        sources = set(ReferenceLabel.objects.values_list("source", flat=True).distinct())
        if value != VOTES and value not in sources:
            known = ", ".join(repr(source) for source in (VOTES, *sorted(sources)))
            raise serializers.ValidationError(f"{value!r} is not known; there are {known}.")
        return value


class RunOut(serializers.ModelSerializer[TrainingRun]):
    """A run as it stands."""

    fields: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    promoted_in = serializers.SerializerMethodField()
    requested_by = serializers.CharField(source="requested_by.username")

    class Meta:
        model = TrainingRun
        fields: tuple[str, ...] = (
            "id",
            "status",
            "external",
            "preset",
            "overrides",
            "label_source",
            "fields",
            "promoted_in",
            "requested_by",
            "requested_at",
            "started_at",
            "finished_at",
            "manifest_sha256",
            "label_counts",
            "basis",
            "progress",
            "outcome",
            "verdict",
            "error",
        )

    def get_promoted_in(self, run: TrainingRun) -> list[str]:
        """Names of the fields whose queue and exports use this run."""
        return list(run.promoted_fields.values_list("name", flat=True))


class RunInFull(RunOut):
    """A run as it stands, with what its folder says of it."""

    made_with = serializers.JSONField(read_only=True)

    class Meta(RunOut.Meta):
        fields = (*RunOut.Meta.fields, "made_with")


class RunListView(generics.ListAPIView[TrainingRun]):
    """All runs, the latest first; administrators queue new ones."""

    serializer_class = RunOut
    queryset = TrainingRun.objects.select_related("requested_by").prefetch_related("fields")

    def get_permissions(self) -> list[Any]:
        """Experts may look; administrators may start."""
        return [IsExpert() if self.request.method in SAFE_METHODS else IsAdministrator()]

    @extend_schema(request=RunIn, responses={201: RunOut})
    def post(self, request: Request) -> Response:
        """Freeze the labels as they are now and queue a run on them."""
        body = RunIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        run = TrainingRun.objects.request(
            request.user,
            asked["preset"],
            fields=[*asked.get("fields", ()), *filter(None, [asked.get("field")])],
            label_source=asked["label_source"],
            overrides=asked.get("config"),
        )
        return Response(RunOut(run).data, status=status.HTTP_201_CREATED)


class RunView(generics.RetrieveAPIView[TrainingRun]):
    """One run."""

    serializer_class = RunInFull
    queryset = TrainingRun.objects.select_related("requested_by")


class PromotionIn(StrictSerializer):
    """Why a run goes live although the gate refused it."""

    reason = serializers.CharField(default="", allow_blank=True, max_length=2000)


class PromotionView(APIView):
    """Which run the queue and the exports use."""

    permission_classes = [IsAdministrator]

    @extend_schema(request=PromotionIn, responses=RunOut)
    def post(self, request: Request, pk: int) -> Response:
        """Make this run the one that its fields use; doing so again changes nothing.

        It is judged anew beside the run in use; 409 with the reasons if it is refused and no
        `reason` is given to overrule the gate.
        """
        run = get_object_or_404(TrainingRun, pk=pk)
        body = PromotionIn(data=request.data)
        body.is_valid(raise_exception=True)
        run.put_to_use(request.user, body.validated_data["reason"])
        return Response(RunOut(run).data)

    @extend_schema(responses=RunOut)
    def delete(self, request: Request, pk: int) -> Response:
        """Go back to the run that was in use before this one."""
        run = get_object_or_404(TrainingRun, pk=pk)
        Promotion.objects.roll_back(run)
        return Response(RunOut(run).data)


class ResumptionView(APIView):
    """Let a run go on."""

    permission_classes = [IsAdministrator]

    @extend_schema(request=None, responses=RunOut)
    def post(self, request: Request, pk: int) -> Response:
        """Queue a run that stopped once more: it goes on where it was; 409 if it did not stop."""
        run = get_object_or_404(TrainingRun, pk=pk)
        if not run.resume():
            raise Conflict(f"Run {pk} has not stopped: it is {run.status}.")
        return Response(RunOut(run).data)


class CancellationView(APIView):
    """Stop a run."""

    permission_classes = [IsAdministrator]

    @extend_schema(request=None, responses=RunOut)
    def post(self, request: Request, pk: int) -> Response:
        """Stop the run, waiting or at work; 409 if it has ended."""
        run = get_object_or_404(TrainingRun, pk=pk)
        if not run.cancel():
            run.refresh_from_db()
            raise Conflict(f"Run {pk} has ended already: it is {run.status}.")
        return Response(RunOut(run).data)
