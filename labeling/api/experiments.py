"""Experiments: start, follow, read, cancel, resume."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from classifier.core.experiment_kinds import ExperimentKind
from labeling.api.field_names import FieldNameField
from labeling.api.idempotency import PARAMETER, make_once
from labeling.api.job_actions import CancellationView, ResumptionView
from labeling.api.permissions import MayAct
from labeling.api.runs import ConfigurationIn
from labeling.api.views import ListAPIView, RetrieveAPIView
from labeling.auth.actions import Action
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import Experiment
from labeling.training.label_source import CONSENSUS, LabelSource
from labeling.training.requests import request_experiment


class ExperimentIn(ConfigurationIn):
    """Kind, fields (default: all) and label sources of an experiment.

    A label source is `votes`, a source of reference labels, or `expert:NAME` for the votes of one
    expert; the kind `sources` takes two or more, every other kind one.
    """

    kind = serializers.ChoiceField(ExperimentKind.choices())
    fields = FieldNameField(many=True, required=False)  # type: ignore[assignment]
    label_sources = serializers.ListField(
        child=serializers.CharField(max_length=200), default=[CONSENSUS.text]
    )


class TrainingSetOut(serializers.Serializer[Any]):
    """The label snapshot of one source."""

    name = serializers.CharField(help_text="Name of the arm, if sources are compared.")
    source = serializers.CharField()  # type: ignore[assignment]
    sha256 = serializers.CharField()
    label_counts = serializers.DictField(help_text="By split and class.")


class ExperimentSummaryOut(serializers.ModelSerializer[Experiment]):
    """An experiment without its report."""

    fields: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    training_sets = TrainingSetOut(many=True)
    requested_by = serializers.CharField(source="requested_by.username")

    class Meta:
        model = Experiment
        fields: tuple[str, ...] = (
            "id",
            "status",
            "kind",
            "arms",
            "members",
            "preset",
            "overrides",
            "fields",
            "training_sets",
            "requested_by",
            "requested_at",
            "started_at",
            "finished_at",
            "progress",
            "error",
        )


class ExperimentOut(ExperimentSummaryOut):
    """An experiment with its report: the settings that differ and the results of each arm."""

    class Meta(ExperimentSummaryOut.Meta):
        fields = (*ExperimentSummaryOut.Meta.fields, "report")


def _visible_to(user: User) -> QuerySet[Experiment]:
    """Return the experiments that the user may see, with their people and fields."""
    visible = Experiment.objects.open_to(user)
    return visible.select_related("requested_by").prefetch_related("fields")


class ExperimentListView(ListAPIView[Experiment]):
    """All experiments, the latest first; administrators start new ones.

    Those on the votes of a single expert are shown to curators and administrators only.
    """

    request: AuthenticatedRequest
    permission_classes = [MayAct]
    actions = {"GET": Action.VIEW, "POST": Action.START}
    serializer_class = ExperimentSummaryOut
    queryset = Experiment.objects.none()

    def get_queryset(self) -> QuerySet[Experiment]:
        """Return those that the caller may see."""
        return _visible_to(self.request.user)

    @extend_schema(parameters=[PARAMETER], request=ExperimentIn, responses={201: ExperimentOut})
    def post(self, request: AuthenticatedRequest) -> Response:
        """Take a snapshot of the present labels and queue an experiment on it.

        409 if fewer than two classes are labelled in the training pool.
        """
        body = ExperimentIn(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        experiment = make_once(
            request,
            self.get_queryset(),
            lambda key: request_experiment(
                request.user,
                values["kind"],
                values["preset"],
                fields=values.get("fields", ()),
                sources=[LabelSource(text) for text in values["label_sources"]],
                overrides=values.get("config"),
                key=key,
            ),
        )
        return Response(ExperimentOut(experiment).data, status=status.HTTP_201_CREATED)


class ExperimentView(RetrieveAPIView[Experiment]):
    """One experiment, with its report once it is ready."""

    request: AuthenticatedRequest
    permission_classes = [MayAct]
    actions = {"GET": Action.VIEW}
    serializer_class = ExperimentOut
    queryset = Experiment.objects.none()

    def get_queryset(self) -> QuerySet[Experiment]:
        """Return those that the caller may see."""
        return _visible_to(self.request.user)


class ExperimentCancellationView(CancellationView):
    """Cancel an experiment."""

    queryset = Experiment.objects.all()
    serializer_class = ExperimentOut


class ExperimentResumptionView(ResumptionView):
    """Resume an experiment."""

    queryset = Experiment.objects.all()
    serializer_class = ExperimentOut
