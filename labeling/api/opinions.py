"""GET candidates/{id}/opinions/: what the network and others said, once they may be known."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.votes import LabelField
from labeling.auth.requests import AuthenticatedRequest
from labeling.models import (
    Candidate,
    Comment,
    Consensus,
    Prediction,
    ReferenceLabel,
    Vote,
)

NOT_YET = "What others say of a candidate is shown once you have voted on it."


class NetworkOut(serializers.ModelSerializer[Prediction]):
    """What the field's promoted run says."""

    probabilities = serializers.ListField(child=serializers.FloatField(), max_length=4)
    entropy_nats = serializers.FloatField(source="entropy")
    external = serializers.CharField(
        source="run.external", help_text="The network's name, if it was trained elsewhere."
    )

    class Meta:
        model = Prediction
        fields = (
            "run",
            "external",
            "probabilities",
            "entropy_nats",
            "ensemble_agreement",
            "label",
        )


class VoiceOut(serializers.ModelSerializer[Vote]):
    """One expert's live vote."""

    voter = serializers.CharField(source="voter.username")
    label = LabelField()  # type: ignore[assignment]
    mine = serializers.SerializerMethodField()

    class Meta:
        model = Vote
        fields = ("voter", "label", "certainty", "reason", "comment", "flagged", "mine")

    def get_mine(self, vote: Vote) -> bool:
        """Whether it is the caller's own."""
        return bool(vote.voter_id == self.context["user"].pk)


class StandingOut(serializers.ModelSerializer[Consensus]):
    """What the live votes come to."""

    class Meta:
        model = Consensus
        fields = ("label", "status", "n_votes")


class ReferenceOut(serializers.ModelSerializer[ReferenceLabel]):
    """A published catalogue's class."""

    class Meta:
        model = ReferenceLabel
        fields = ("source", "label")


class CommentOut(serializers.ModelSerializer[Comment]):
    """A remark in the discussion."""

    author = serializers.CharField(source="author.username")
    resolved = serializers.BooleanField(default=False, help_text="A curator has decided since.")

    class Meta:
        model = Comment
        fields = ("author", "text", "written_at", "resolved")


class CommentIn(serializers.Serializer[Any]):
    """What to say."""

    text = serializers.CharField(max_length=4000)


class OpinionsOut(serializers.Serializer[Any]):
    """What the network, the experts and published catalogues say of one candidate."""

    network = NetworkOut(allow_null=True)
    votes = VoiceOut(many=True)
    consensus = StandingOut(allow_null=True)
    references = ReferenceOut(many=True)
    comments = CommentOut(many=True)


def _open_candidate(request: AuthenticatedRequest, pk: int) -> Candidate:
    """A candidate in play of which the caller may know what others say."""
    candidate = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    if not candidate.opinions_open_to(request.user):
        raise PermissionDenied(NOT_YET)
    return candidate


def _shown(request: AuthenticatedRequest, pk: int, told: Any) -> Response:
    """What was read of a candidate; from now on the caller has been shown it."""
    Candidate.objects.disclose(request.user, [pk])
    return Response(told)


class CommentsView(APIView):
    """The discussion of a candidate: for those who have voted on it, and for curators."""

    @extend_schema(responses=CommentOut(many=True))
    def get(self, request: AuthenticatedRequest, pk: int) -> Response:
        """All comments, in order of time."""
        comments = _open_candidate(request, pk).comments.in_discussion()
        return _shown(request, pk, CommentOut(comments, many=True).data)

    @extend_schema(request=CommentIn, responses={201: CommentOut})
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Add one; the same again, not decided on since, changes nothing. None is ever deleted."""
        candidate = _open_candidate(request, pk)
        body = CommentIn(data=request.data)
        body.is_valid(raise_exception=True)
        comment = candidate.add_comment(request.user, **body.validated_data)
        return Response(CommentOut(comment).data, status=status.HTTP_201_CREATED)


class OpinionsView(APIView):
    """Opinions on a candidate: for those who have voted on it, and for curators."""

    @extend_schema(responses=OpinionsOut)
    def get(self, request: AuthenticatedRequest, pk: int) -> Response:
        """All of them, the votes in order of time; 403 before the caller's own vote."""
        candidate = _open_candidate(request, pk)
        opinions = {
            "network": candidate.predictions.promoted().select_related("run").first(),
            "votes": candidate.votes.live().select_related("voter").order_by("cast_at", "pk"),
            "consensus": Consensus.objects.filter(candidate=candidate).first(),
            "references": candidate.references.order_by("source"),
            "comments": candidate.comments.in_discussion(),
        }
        told = OpinionsOut(opinions, context={"user": request.user}).data
        return _shown(request, pk, told)
