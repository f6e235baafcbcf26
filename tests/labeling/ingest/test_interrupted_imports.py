"""Imports by real `manage.py` processes that are killed, or whose disk is full.

strace kills a process at a system call that changes files or talks to PostgreSQL: at the last one
of each kind, and in `make soak` at a dozen of each. A full disk is a small tmpfs of its own.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from classifier.core.bands import BANDS
from classifier.core.packs import Pack
from labeling.ingest.abandoned import remove_abandoned
from labeling.ingest.pack_claims import claimed_pack, remove_abandoned_imports
from labeling.models import Candidate, CatalogueImport, Field, Mosaic, ReferenceLabel
from labeling.simulation import simulate_field
from tests.labeling.skies import POSITIONS, pixels
from tests.services.missing import cannot_run
from tests.services.site import ROOT
from tests.soak.conftest import LONG

pytestmark = pytest.mark.django_db(transaction=True)

DATABASE_CALLS = {"sqlite": ("pwrite64", "fdatasync"), "postgresql": ("sendto",)}
MANAGE = [sys.executable, str(ROOT / "manage.py")]


@pytest.fixture
def environment(settings):
    """The environment of a process that works on this test's database and folders."""
    name = connection.settings_dict["NAME"]
    url = os.environ.get("DATABASE_URL", "").replace("/asterism", "/test_asterism")
    home = {"ASTERISM_HOME": str(settings.PACKS.parent), "SECRET_KEY": "not written to a file"}
    return {**os.environ, **home, "DATABASE_URL": url or f"sqlite:///{name}"}


def catalogue_command(sky):
    options = ["--reference", "people=people", "--lossless"]
    return [*MANAGE, "import_catalogue", "ngc1566", str(sky.catalogue), *options]


def field_command(sky):
    mosaics = [part for path in sky.mosaics.values() for part in ("--mosaic", str(path))]
    return [*MANAGE, "import_field", "ngc1566", *mosaics]


def assert_all_or_nothing_is_stored():
    """Check that what people see of an import is complete."""
    assert Field.objects.count() in {0, 1}
    assert Mosaic.objects.count() == 5 * Field.objects.count()
    imports = CatalogueImport.objects.finished().count()
    assert imports in {0, 1}
    assert Candidate.objects.count() == len(POSITIONS) * imports
    assert ReferenceLabel.objects.count() == (len(POSITIONS) - 1) * imports


def assert_imported(settings):
    """Check that the catalogue is there once, with its stamps, and nothing else in the folder."""
    assert_all_or_nothing_is_stored()
    assert Candidate.with_unfinished.count() == len(POSITIONS)
    record = CatalogueImport.objects.get()
    assert sorted(path.name for path in settings.PACKS.iterdir()) == [record.pack]
    pack = Pack.open(record.pack_path)
    candidate = record.candidates.get(catalogue_number=1)
    stamps, observed = pack.read(np.array([candidate.pack_row]))
    assert observed.all()
    x, y = map(round, POSITIONS[1])
    np.testing.assert_array_equal(stamps[0, 3], pixels("V")[y - 50 : y + 50, x - 50 : x + 50])


def traced(command, environment, log, *options):
    """Run the command under strace, which writes to the log."""
    if not (strace := shutil.which("strace")):
        cannot_run("strace is not installed")
    command = [strace, "-f", "-o", str(log), *options, *command]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if "PTRACE" in result.stderr:
        cannot_run(f"strace may not trace processes: {result.stderr.strip()}")
    return log.read_text(errors="replace")


def moments(command, environment, folder, of_database=2):
    """Run the command undisturbed; return calls and numbers at which to kill it next time.

    strace counts by thread: the most calls of a name by one thread is the number of its last one.
    """
    calls = ("rename", "fsync", "unlink", *DATABASE_CALLS[connection.vendor])
    text = traced(command, environment, folder / "calls", "-e", f"trace={','.join(calls)}")
    counts = Counter(re.findall(r"^(\d+) +(\w+)\(", text, re.MULTILINE))
    for call in calls:
        last = max((n for (_, name), n in counts.items() if name == call), default=0)
        # How often SQLite writes depends on the state of its log: the last may not come again.
        spread = set(np.linspace(1, last, of_database + 1).astype(int)[1:])
        few = spread if call in DATABASE_CALLS[connection.vendor] else {last}
        numbers = set(np.linspace(1, last, 12).astype(int)) if LONG else few
        yield from ((call, n) for n in sorted(numbers - {0}))


def is_killed_at(moment, command, environment, folder):
    """Run the command, killed at a call of this name and number; return False if it made fewer."""
    call, number = moment
    inject = f"inject={call}:signal=KILL:when={number}"
    text = traced(command, environment, folder / "calls", "-e", f"trace={call}", "-e", inject)
    return "killed by SIGKILL" in text


def test_a_killed_import_of_a_catalogue_is_repeated(sky, environment, settings, tmp_path):
    command = catalogue_command(sky)
    field, kills = sky.field(), 0
    for moment in list(
        moments(
            command, environment, tmp_path, of_database=8 // len(DATABASE_CALLS[connection.vendor])
        )
    ):
        field.imports.all().delete()
        shutil.rmtree(settings.PACKS)
        settings.PACKS.mkdir()
        kills += is_killed_at(moment, command, environment, tmp_path)
        assert_all_or_nothing_is_stored()
        remove_abandoned_imports()
        assert_nothing_is_unfinished(settings)
        for _ in range(2):
            call_command(*command[2:])
            assert_imported(settings)
    assert kills >= 10


def assert_nothing_is_unfinished(settings):
    """Check that rows and files are those of finished imports."""
    records = list(CatalogueImport.objects.all())
    assert not [record for record in records if record.finished_at is None]
    assert Candidate.with_unfinished.count() == len(POSITIONS) * len(records)
    assert [path.name for path in settings.PACKS.iterdir()] == [record.pack for record in records]


def test_a_killed_import_of_mosaics_is_repeated(sky, environment, tmp_path):
    command, kills = field_command(sky), 0
    for moment in list(moments(command, environment, tmp_path)):
        Field.objects.all().delete()
        kills += is_killed_at(moment, command, environment, tmp_path)
        assert_all_or_nothing_is_stored()
        call_command(*command[2:])
        assert Mosaic.objects.count() == 5
    assert kills


def test_a_killed_build_of_a_field_is_repeated(environment, settings, tmp_path):
    home = settings.PACKS.parent
    settings.HOME = home
    paths = simulate_field(7, (400, 400), candidates=60).write(tmp_path / "sim")
    mosaics = [part for band in BANDS for part in ("--mosaic", str(paths[band]))]
    command = [*MANAGE, "build_field", "sim", *mosaics, "--faintest", "none"]
    kills = 0
    for moment in list(moments(command, environment, tmp_path)):
        Field.objects.all().delete()
        for folder in (settings.PACKS, home / "catalogues"):
            shutil.rmtree(folder, ignore_errors=True)
        settings.PACKS.mkdir()
        kills += is_killed_at(moment, command, environment, tmp_path)
        remove_abandoned()
        imports = list(CatalogueImport.objects.all())
        assert Field.objects.count() == len(imports)
        assert Candidate.with_unfinished.count() == sum(record.rows for record in imports)
        catalogues = [path.name for path in (home / "catalogues").glob("*.ecsv")]
        assert catalogues == [record.file_name for record in imports]
        assert not list((home / "claims").iterdir())
    assert kills >= 3
    call_command(*command[2:])
    assert CatalogueImport.objects.get().candidates.in_play().exists()


@pytest.mark.parametrize("free", ["0", "8k", "500k"])
def test_on_a_full_disk_nothing_is_imported(sky, environment, settings, tmp_path, free):
    """The disk has room for the stamps only after it is enlarged."""
    sky.field()
    command = shlex.join(catalogue_command(sky))
    packs = shlex.quote(str(settings.PACKS))
    kept = shlex.quote(str(tmp_path / "kept"))
    script = f"""
        mount -t tmpfs -o size=1m,mode=700 tmpfs {packs} || exit 99
        dd if=/dev/zero of={packs}/filler bs=4k 2> /dev/null
        truncate -s -{free} {packs}/filler 2> /dev/null
        {command}; echo "status $?"
        rm {packs}/filler; ls -A {packs}; echo enlarged
        mount -o remount,size=64m {packs}
        {command} && cp -r {packs} {kept}
    """
    result = in_a_mount_namespace(script, environment)
    if result.returncode == 99:
        cannot_run(f"no file system may be mounted here: {result.stderr.strip()}")
    output, _, rest = result.stdout.partition("enlarged\n")
    assert output == "status 1\n", result.stderr
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.stderr
    assert "candidates with stamps" in rest
    shutil.rmtree(settings.PACKS)
    (tmp_path / "kept").rename(settings.PACKS)
    assert_imported(settings)


def in_a_mount_namespace(script, environment):
    """Run a shell script that may mount file systems that nobody else sees."""
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        cannot_run("unshare is not installed")


def test_a_pack_in_the_making_is_nobody_elses_to_remove(imported, settings):
    with claimed_pack() as name:
        (settings.PACKS / name).with_suffix(".partial").mkdir()
        remove_abandoned_imports()
        assert (settings.PACKS / name).with_suffix(".partial").exists()
    assert_imported(settings)


def test_packs_that_a_stored_import_names_are_kept(imported, settings):
    (record,) = CatalogueImport.objects.all()
    record.pack_path.with_suffix(".importing").touch()
    remove_abandoned_imports()
    assert_imported(settings)


def test_packs_of_another_database_are_kept(imported, settings):
    CatalogueImport.objects.update(pack="another")
    packs = list(settings.PACKS.iterdir())
    remove_abandoned_imports()
    assert list(settings.PACKS.iterdir()) == packs
