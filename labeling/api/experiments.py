"""Experiments: request, watch, read, cancel, resume."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.permissions import IsAdministrator, IsExpert
from labeling.api.problems import Conflict
from labeling.api.runs import ConfiguredIn
from labeling.models import Experiment, Field
from labeling.rules.experiments import Kind, NotFeasible
from labeling.training.training_set import VOTES


class ExperimentIn(ConfiguredIn):
    """What to compare, in which fields (all if unsaid), and on whose labels.

    A label source is `votes`, a source of reference labels, or `expert:NAME` for the expert's own
    votes; the kind `sources` takes two or more, every other kind one.
    """

    kind = serializers.ChoiceField(Kind.choices)
    fields = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="name", queryset=Field.objects.all(), many=True, required=False
    )
    label_sources = serializers.ListField(
        child=serializers.CharField(max_length=200), default=[VOTES]
    )


class TrainingSetOut(serializers.Serializer[Any]):
    """The frozen labels of one source."""

    name = serializers.CharField(help_text="Of the arm, where sources are compared.")
    source = serializers.CharField()  # type: ignore[assignment]
    sha256 = serializers.CharField()
    label_counts = serializers.DictField(help_text="By split and class.")


class ExperimentListed(serializers.ModelSerializer[Experiment]):
    """An experiment as it stands, without its report."""

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


class ExperimentOut(ExperimentListed):
    """An experiment with its report: what differed, and what came of each arm."""

    class Meta(ExperimentListed.Meta):
        fields = (*ExperimentListed.Meta.fields, "report")


def _open_to(user: Any) -> QuerySet[Experiment]:
    known = Experiment.objects.open_to(user)
    return known.select_related("requested_by").prefetch_related("fields")


class ExperimentListView(generics.ListAPIView[Experiment]):
    """All experiments, the latest first; administrators queue new ones.

    Those on one expert's own votes are for curators and administrators.
    """

    serializer_class = ExperimentListed
    queryset = Experiment.objects.none()

    def get_permissions(self) -> list[Any]:
        """Experts may look; administrators may start."""
        return [IsExpert() if self.request.method in SAFE_METHODS else IsAdministrator()]

    def get_queryset(self) -> QuerySet[Experiment]:
        """Those that the caller may see."""
        return _open_to(self.request.user)

    @extend_schema(request=ExperimentIn, responses={201: ExperimentOut})
    def post(self, request: Request) -> Response:
        """Freeze the labels as they are now and queue an experiment on them."""
        body = ExperimentIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        try:
            experiment = Experiment.objects.request(
                request.user,
                asked["kind"],
                asked["preset"],
                fields=asked.get("fields", ()),
                sources=asked["label_sources"],
                overrides=asked.get("config"),
            )
        except NotFeasible as reason:
            raise serializers.ValidationError({reason.about: [str(reason)]}) from reason
        return Response(ExperimentOut(experiment).data, status=status.HTTP_201_CREATED)


class ExperimentView(generics.RetrieveAPIView[Experiment]):
    """One experiment, with its report once it is ready."""

    serializer_class = ExperimentOut
    queryset = Experiment.objects.none()

    def get_queryset(self) -> QuerySet[Experiment]:
        """Those that the caller may see."""
        return _open_to(self.request.user)


class ExperimentCancellationView(APIView):
    """Stop an experiment."""

    permission_classes = [IsAdministrator]

    @extend_schema(request=None, responses=ExperimentOut)
    def post(self, request: Request, pk: int) -> Response:
        """Stop the experiment, waiting or at work; 409 if it has ended."""
        experiment = get_object_or_404(Experiment, pk=pk)
        if not experiment.cancel():
            experiment.refresh_from_db()
            raise Conflict(f"Experiment {pk} has ended already: it is {experiment.status}.")
        return Response(ExperimentOut(experiment).data)


class ResumptionView(APIView):
    """Let an experiment go on where it stopped."""

    permission_classes = [IsAdministrator]

    @extend_schema(request=None, responses=ExperimentOut)
    def post(self, request: Request, pk: int) -> Response:
        """Queue an experiment that failed or was cancelled once more; 409 for any other.

        The labels stay those of its request, and networks that were trained stay trained.
        """
        experiment = get_object_or_404(Experiment, pk=pk)
        if not experiment.resume():
            experiment.refresh_from_db()
            raise Conflict(f"Experiment {pk} has not stopped: it is {experiment.status}.")
        return Response(ExperimentOut(experiment).data)
