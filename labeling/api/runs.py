"""Training runs: start, follow, cancel, resume, promote, roll back."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from classifier.core.config import FREE_BACKBONES, LIMITS, STARCNET_PX, Preset
from labeling.api.field_names import FieldNameField
from labeling.api.idempotency import PARAMETER, make_once
from labeling.api.job_actions import CancellationView, ResumptionView
from labeling.api.permissions import MayAct
from labeling.api.strict import NumberField, StrictSerializer
from labeling.api.views import APIView, ListAPIView, RetrieveAPIView
from labeling.auth.actions import Action
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import ReferenceLabel, TrainingRun
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.requests import request_run


def _limit_options(name: str) -> dict[str, Any]:
    low, high = LIMITS[name]
    return {"min_value": low, "max_value": high}


class RunConfigIn(StrictSerializer):
    """Settings that replace the preset's own; the classifier's `TrainingConfig` has all of them."""

    backbone = serializers.ChoiceField(FREE_BACKBONES, required=False)
    members = serializers.IntegerField(**_limit_options("members"), required=False)
    batches = serializers.IntegerField(**_limit_options("batches"), required=False)
    batch_size = serializers.IntegerField(**_limit_options("batch_size"), required=False)
    input_px = serializers.IntegerField(**_limit_options("input_px"), required=False)
    stamp_px = serializers.IntegerField(**_limit_options("stamp_px"), required=False)
    learning_rate = NumberField(**_limit_options("learning_rate"), required=False)
    seed = serializers.IntegerField(**_limit_options("seed"), required=False)


class ConfigurationIn(StrictSerializer):
    """A preset and the settings that replace its own."""

    preset = serializers.ChoiceField(Preset.choices(), default=Preset.QUICK.value)
    config = RunConfigIn(required=False)

    def validate(self, attrs: Any) -> Any:
        """Check the input size: StarcNet's architecture has only one, other backbones take any."""
        config = attrs.get("config", {})
        starcnet = attrs["preset"] == Preset.STARCNET and "backbone" not in config
        if starcnet and config.get("input_px", STARCNET_PX) != STARCNET_PX:
            reason = f"StarcNet's architecture reads images of {STARCNET_PX} px only."
            raise serializers.ValidationError({"config": {"input_px": [reason]}})
        return attrs


class RunIn(ConfigurationIn):
    """Preset, fields (default: all) and label source of a training run."""

    fields = FieldNameField(many=True, required=False)  # type: ignore[assignment]
    field = FieldNameField(required=False)
    label_source = serializers.CharField(default=CONSENSUS.text, max_length=80)

    def validate_label_source(self, value: str) -> str:
        """Check that the source is our votes or a source of reference labels in the database."""
        references = set(ReferenceLabel.objects.values_list("source", flat=True).distinct())
        if value != CONSENSUS.text and value not in references:
            choices = ", ".join(repr(source) for source in (CONSENSUS.text, *sorted(references)))
            raise serializers.ValidationError(f"There is no label source {value!r}; use {choices}.")
        return value


class RunOut(serializers.ModelSerializer[TrainingRun]):
    """A training run: request, status and results."""

    fields: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    promoted_in = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField()
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
            "questions",
            "verdict",
            "error",
        )

    def get_promoted_in(self, run: TrainingRun) -> list[str]:
        """Return the names of the fields in which this run is promoted."""
        return list(run.promoted_fields.values_list("name", flat=True))

    def get_questions(self, run: TrainingRun) -> dict[str, str]:
        """Return which question its figures answer in each field: new sky, or the rest of it."""
        return {field.name: run.scope_in(field).question.value for field in run.fields.all()}


class RunDetailOut(RunOut):
    """A training run with the seed and the versions of its code."""

    made_with = serializers.JSONField(read_only=True)

    class Meta(RunOut.Meta):
        fields = (*RunOut.Meta.fields, "made_with")


class RunListView(ListAPIView[TrainingRun]):
    """All runs, the latest first; administrators start new ones."""

    permission_classes = [MayAct]
    actions = {"GET": Action.VIEW, "POST": Action.START}
    serializer_class = RunOut
    queryset = TrainingRun.objects.select_related("requested_by").prefetch_related("fields")

    @extend_schema(parameters=[PARAMETER], request=RunIn, responses={201: RunOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Take a snapshot of the present labels and queue a run on it.

        409 if fewer than two classes are labelled in the training pool.
        """
        body = RunIn(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        run = make_once(
            request,
            self.get_queryset(),
            lambda key: request_run(
                request.user,
                values["preset"],
                fields=[*values.get("fields", ()), *filter(None, [values.get("field")])],
                source=LabelSource(values["label_source"]),
                overrides=values.get("config"),
                key=key,
            ),
        )
        return Response(RunOut(run).data, status=status.HTTP_201_CREATED)


class RunView(RetrieveAPIView[TrainingRun]):
    """One run."""

    permission_classes = [MayAct]
    actions = {"GET": Action.VIEW}
    serializer_class = RunDetailOut
    queryset = TrainingRun.objects.select_related("requested_by")


class PromotionIn(StrictSerializer):
    """Reason for promoting a run that the gate refuses."""

    reason = serializers.CharField(default="", allow_blank=True, max_length=2000)


class PromotionView(APIView):
    """The promotion of a run: the queue and the exports use its predictions."""

    permission_classes = [MayAct]
    actions = {"POST": Action.PROMOTE, "DELETE": Action.ROLL_BACK}

    @extend_schema(request=PromotionIn, responses=RunOut)
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Promote the run in all its fields; doing so again changes nothing.

        The gate compares it again with the promoted run; 409 with the reasons if the gate refuses
        it and no `reason` is given to overrule the gate.
        """
        run = get_object_or_404(TrainingRun, pk=pk)
        body = PromotionIn(data=request.data)
        body.is_valid(raise_exception=True)
        run.promote(request.user, body.validated_data["reason"])
        return Response(RunOut(run).data)

    @extend_schema(responses={200: RunOut})
    def delete(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Roll back: return each field that uses this run to its previous run."""
        run = get_object_or_404(TrainingRun, pk=pk)
        run.roll_back()
        return Response(RunOut(run).data)


class RunResumptionView(ResumptionView):
    """Resume a run."""

    queryset = TrainingRun.objects.all()
    serializer_class = RunOut


class RunCancellationView(CancellationView):
    """Cancel a run."""

    queryset = TrainingRun.objects.all()
    serializer_class = RunOut
