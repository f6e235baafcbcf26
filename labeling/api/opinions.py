"""GET candidates/{id}/opinions/ and …/comments/: opinions of others, after one's own vote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from labeling.api.idempotency import PARAMETER, make_once
from labeling.api.strict import StrictSerializer
from labeling.api.views import APIView
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

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NOT_YET = "Opinions on a candidate are shown once you have voted on it."


class NetworkOut(serializers.ModelSerializer[Prediction]):
    """The prediction of the field's promoted run."""

    probabilities = serializers.ListField(child=serializers.FloatField(), max_length=4)
    calibrated_probabilities = serializers.ListField(
        child=serializers.FloatField(),
        max_length=4,
        allow_null=True,
        source="calibrated",
        help_text="After calibration by a temperature that was fitted in the fields that the run "
        "was trained on, and not measured in a field that it was only applied to; null if control "
        "labels determine no temperature.",
    )
    calibration_labels = serializers.IntegerField(
        source="run.calibration.labels",
        help_text="Control labels of the run's fields behind it; 0 without one.",
    )
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
            "calibrated_probabilities",
            "calibration_labels",
            "entropy_nats",
            "ensemble_agreement",
            "label",
        )


class OpinionOut(serializers.ModelSerializer[Vote]):
    """One expert's live vote."""

    voter = serializers.CharField(source="voter.username")
    label = LabelField()  # type: ignore[assignment]
    mine = serializers.SerializerMethodField()
    imported = serializers.SerializerMethodField()

    class Meta:
        model = Vote
        fields = ("voter", "label", "certainty", "reason", "comment", "flagged", "mine", "imported")

    def get_mine(self, vote: Vote) -> bool:
        """Return True if it is the caller's own vote."""
        return bool(vote.voter_id == self.context["user"].pk)

    def get_imported(self, vote: Vote) -> bool:
        """Return True if the vote was cast elsewhere and came with a file."""
        return vote.vote_import_id is not None


class ConsensusSummaryOut(serializers.ModelSerializer[Consensus]):
    """The consensus of the live votes."""

    class Meta:
        model = Consensus
        fields = ("label", "status", "n_votes")


class ReferenceOut(serializers.ModelSerializer[ReferenceLabel]):
    """The class in a published catalogue."""

    class Meta:
        model = ReferenceLabel
        fields = ("source", "label")


class CommentOut(serializers.ModelSerializer[Comment]):
    """A comment in the discussion."""

    author = serializers.CharField(source="author.username")
    resolved = serializers.BooleanField(
        default=False, help_text="A curator has adjudicated the candidate since."
    )

    class Meta:
        model = Comment
        fields = ("author", "text", "written_at", "resolved")


class CommentIn(StrictSerializer):
    """The text of a comment."""

    text = serializers.CharField(max_length=4000)


class OpinionsOut(serializers.Serializer[Any]):
    """The opinions of the network, the experts and published catalogues on one candidate."""

    network = NetworkOut(allow_null=True)
    network_hidden = serializers.BooleanField(
        help_text="The network's opinion is hidden: the candidate is in the control sample, and "
        "the caller may rule on it and has not done so."
    )
    votes = OpinionOut(many=True)
    consensus = ConsensusSummaryOut(allow_null=True)
    references = ReferenceOut(many=True)
    comments = CommentOut(many=True)


def candidate_disclosed_to(user: User, pk: int) -> Candidate:
    """Return a candidate in play; raise PermissionDenied if its opinions are hidden from them."""
    candidate = get_object_or_404(Candidate.objects.in_play(), pk=pk)
    if not candidate.opinions_open_to(user):
        raise PermissionDenied(NOT_YET)
    return candidate


def opinions_on(candidate: Candidate, user: User) -> dict[str, Any]:
    """Return the opinions on a candidate, votes and comments in the order of time.

    The caller has checked that they are open to this user.
    """
    network_hidden = not candidate.network_open_to(user)
    predictions = candidate.predictions.promoted().select_related("run")
    return {
        "network": None if network_hidden else predictions.first(),
        "network_hidden": network_hidden,
        "votes": candidate.votes.live().select_related("voter").order_by("cast_at", "pk"),
        "consensus": Consensus.objects.filter(candidate=candidate).first(),
        "references": candidate.references.order_by("source"),
        "comments": candidate.comments.in_discussion(),
    }


def _disclosed(request: AuthenticatedRequest, pk: int, content: Any) -> Response:
    """Answer with what was read of a candidate, and record that the caller has been shown it."""
    Candidate.objects.disclose(request.user, [pk])
    return Response(content)


class CommentsView(APIView):
    """The discussion of a candidate: for those who have voted on it, and for curators."""

    @extend_schema(responses=CommentOut(many=True))
    def get(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Return all comments, in the order of time."""
        comments = candidate_disclosed_to(request.user, pk).comments.in_discussion()
        return _disclosed(request, pk, CommentOut(comments, many=True).data)

    @extend_schema(parameters=[PARAMETER], request=CommentIn, responses={201: CommentOut})
    def post(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Add a comment; none is ever deleted.

        The same text again from the same author changes nothing, unless a curator has adjudicated
        the candidate in between.
        """
        candidate = candidate_disclosed_to(request.user, pk)
        body = CommentIn(data=request.data)
        body.is_valid(raise_exception=True)
        text = body.validated_data["text"]
        comment = make_once(
            request,
            Comment.objects.in_discussion(),
            lambda key: candidate.add_comment(request.user, text, key),
        )
        return Response(CommentOut(comment).data, status=status.HTTP_201_CREATED)


class OpinionsView(APIView):
    """Opinions on a candidate: for those who have voted on it, and for curators."""

    @extend_schema(responses=OpinionsOut)
    def get(self, request: AuthenticatedRequest, pk: int) -> Response:
        """Return all opinions, the votes in the order of time; 403 before the caller's own vote.

        Curators see the network's opinion of a candidate of the control sample after their own
        ruling on it.
        """
        opinions = opinions_on(candidate_disclosed_to(request.user, pk), request.user)
        content = OpinionsOut(opinions, context={"user": request.user}).data
        return _disclosed(request, pk, content)
