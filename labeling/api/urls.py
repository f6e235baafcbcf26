"""Addresses of the API, under /api/v1/."""

from django.urls import path, re_path, register_converter

from labeling.api import (
    adjudications,
    agreement,
    agreement_diagnosis,
    applications,
    candidates,
    consensus,
    documentation,
    experiments,
    exports,
    images,
    neighbours,
    opinions,
    preferences,
    queue,
    runs,
    tokens,
    uploads,
    votes,
)
from labeling.api.converters import AnyCaseUUIDConverter
from labeling.api.problems import NotFoundView
from labeling.export.files import WRITERS

register_converter(AnyCaseUUIDConverter, "any-case-uuid")

app_name = "api"
urlpatterns = [
    path("queue/", queue.QueueView.as_view(), name="queue"),
    path("leases/<int:pk>/", queue.LeaseView.as_view(), name="lease"),
    path("leases/<int:pk>/skip/", queue.SkipView.as_view(), name="skip"),
    path("candidates/", candidates.CandidateListView.as_view(), name="candidates"),
    path("candidates/<int:pk>/", candidates.CandidateView.as_view(), name="candidate"),
    path("candidates/<int:pk>/stamps.npy", images.StampsNpyView.as_view(), name="stamps-npy"),
    path("candidates/<int:pk>/stamps.fits", images.StampsFitsView.as_view(), name="stamps-fits"),
    path("candidates/<int:pk>/rgb.png", images.RgbView.as_view(), name="rgb"),
    path("candidates/<int:pk>/neighbours/", neighbours.NeighboursView.as_view(), name="neighbours"),
    path("candidates/<int:pk>/opinions/", opinions.OpinionsView.as_view(), name="opinions"),
    path("candidates/<int:pk>/comments/", opinions.CommentsView.as_view(), name="comments"),
    path("votes/<any-case-uuid:uuid>/", votes.VoteView.as_view(), name="vote"),
    path("progress/", votes.ProgressView.as_view(), name="progress"),
    path("preferences/", preferences.PreferencesView.as_view(), name="preferences"),
    path("tokens/", tokens.TokenListView.as_view(), name="tokens"),
    path("tokens/<int:pk>/", tokens.TokenView.as_view(), name="token"),
    path("uploads/", uploads.UploadListView.as_view(), name="uploads"),
    path("uploads/<int:pk>/", uploads.UploadView.as_view(), name="upload"),
    path("uploads/<int:pk>/chunks/<int:offset>/", uploads.ChunkView.as_view(), name="upload-chunk"),
    path("consensus/", consensus.ConsensusListView.as_view(), name="consensus"),
    path("adjudications/", adjudications.AdjudicationListView.as_view(), name="adjudications"),
    path("adjudications/<int:pk>/", adjudications.AdjudicationView.as_view(), name="adjudication"),
    path("agreement/", agreement.AgreementView.as_view(), name="agreement"),
    path("agreement.csv", agreement.AgreementFileView.as_view(), name="agreement-file"),
    path("agreement/group/", agreement.AgreementGroupView.as_view(), name="agreement-group"),
    path(
        "agreement/group.csv",
        agreement.AgreementGroupFileView.as_view(),
        name="agreement-group-file",
    ),
    path(
        "agreement/diagnosis/posteriors.csv",
        agreement_diagnosis.PosteriorsFileView.as_view(),
        name="diagnosis-posteriors",
    ),
    path(
        "agreement/diagnosis/matrices.csv",
        agreement_diagnosis.MatricesFileView.as_view(),
        name="diagnosis-matrices",
    ),
    path("runs/", runs.RunListView.as_view(), name="runs"),
    path("runs/<int:pk>/", runs.RunView.as_view(), name="run"),
    path("runs/<int:pk>/promotion/", runs.PromotionView.as_view(), name="promotion"),
    path("runs/<int:pk>/resumption/", runs.RunResumptionView.as_view(), name="resumption"),
    path("runs/<int:pk>/cancellation/", runs.RunCancellationView.as_view(), name="cancellation"),
    path(
        "runs/<int:pk>/applications/",
        applications.ApplicationListView.as_view(),
        name="run-applications",
    ),
    path("applications/<int:pk>/", applications.ApplicationView.as_view(), name="application"),
    path(
        "applications/<int:pk>/promotion/",
        applications.ApplicationPromotionView.as_view(),
        name="application-promotion",
    ),
    path(
        "applications/<int:pk>/cancellation/",
        applications.ApplicationCancellationView.as_view(),
        name="application-cancellation",
    ),
    path(
        "applications/<int:pk>/resumption/",
        applications.ApplicationResumptionView.as_view(),
        name="application-resumption",
    ),
    path("experiments/", experiments.ExperimentListView.as_view(), name="experiments"),
    path("experiments/<int:pk>/", experiments.ExperimentView.as_view(), name="experiment"),
    path(
        "experiments/<int:pk>/cancellation/",
        experiments.ExperimentCancellationView.as_view(),
        name="experiment-cancellation",
    ),
    path(
        "experiments/<int:pk>/resumption/",
        experiments.ExperimentResumptionView.as_view(),
        name="experiment-resumption",
    ),
    re_path(
        rf"^export/consensus\.(?P<ending>{'|'.join(WRITERS)})$",
        exports.ConsensusExportView.as_view(),
        name="export-consensus",
    ),
    path("export/votes.csv", exports.VotesExportView.as_view(), name="export-votes"),
    path("releases/", exports.ReleaseListView.as_view(), name="releases"),
    path("releases/<int:pk>/file.csv", exports.ReleaseFileView.as_view(), name="release-file"),
    path("schema/", documentation.SchemaView.as_view(), name="schema"),
    path("docs/", documentation.DocsView.as_view(), name="docs"),
    re_path(r"", NotFoundView.as_view()),
]
