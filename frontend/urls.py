"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from frontend.views.accounts import who_am_i
from frontend.views.agreement import agreement, diagnosis
from frontend.views.applications import applications
from frontend.views.candidates import candidate, candidates, comment
from frontend.views.classify import classify
from frontend.views.disagreements import adjudicate, disagreements, rulings, withdraw
from frontend.views.downloads import (
    experiment_figure,
    experiment_training_set,
    run_figure,
    run_training_set,
)
from frontend.views.experiments import experiment, experiments
from frontend.views.exports import exports
from frontend.views.fields import field
from frontend.views.guide import guide
from frontend.views.imports import (
    act_on_import,
    import_job,
    import_picture,
    imports,
    new_import,
    remove_catalogue,
)
from frontend.views.progress import progress
from frontend.views.questions import questions
from frontend.views.runs import run, runs
from frontend.views.verbs import act_on_application, act_on_experiment, act_on_run

urlpatterns = [
    path("login/", LoginView.as_view(template_name="frontend/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("whoami/", who_am_i, name="whoami"),
    path("", progress, name="progress"),
    path("classify/", classify, name="classify"),
    path("candidates/", candidates, name="candidates"),
    path("candidates/<int:pk>/", candidate, name="candidate"),
    path("candidates/<int:pk>/comments/", comment, name="comment"),
    path("fields/<slug:name>/", field, name="field"),
    path("disagreements/", disagreements, name="disagreements"),
    path("disagreements/<int:pk>/", adjudicate, name="adjudicate"),
    path("disagreements/rulings/", rulings, name="rulings"),
    path("disagreements/rulings/<int:pk>/withdrawal/", withdraw, name="withdraw-ruling"),
    path("agreement/", agreement, name="agreement"),
    path("agreement/diagnosis/", diagnosis, name="diagnosis"),
    path("agreement/questions/", questions, name="questions"),
    path("runs/", runs, name="runs"),
    path("runs/<int:pk>/", run, name="run"),
    path("runs/<int:pk>/applications/", applications, name="run-applications"),
    path("applications/<int:pk>/<slug:verb>/", act_on_application, name="application-verb"),
    path("runs/<int:pk>/<slug:verb>/", act_on_run, name="run-verb"),
    path("runs/<int:pk>/figures/<slug:name>.<slug:ending>", run_figure, name="run-figure"),
    path("runs/<int:pk>/training-set.csv", run_training_set, name="run-training-set"),
    path("experiments/", experiments, name="experiments"),
    path("experiments/<int:pk>/", experiment, name="experiment"),
    path("experiments/<int:pk>/<slug:verb>/", act_on_experiment, name="experiment-verb"),
    path(
        "experiments/<int:pk>/figures/<slug:name>.<slug:ending>",
        experiment_figure,
        name="experiment-figure",
    ),
    path(
        "experiments/<int:pk>/training-sets/<slug:name>.csv",
        experiment_training_set,
        name="experiment-training-set",
    ),
    path("imports/", imports, name="imports"),
    path("imports/new/", new_import, name="new-import"),
    path("imports/<int:pk>/removal/", remove_catalogue, name="remove-import"),
    path("imports/jobs/<int:pk>/", import_job, name="import-job"),
    path("imports/jobs/<int:pk>/<slug:verb>/", act_on_import, name="import-verb"),
    path("imports/jobs/<int:pk>/<slug:name>.png", import_picture, name="import-picture"),
    path("exports/", exports, name="exports"),
    path("guide/", guide, name="guide"),
]
