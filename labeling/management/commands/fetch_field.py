"""manage.py fetch_field GALAXY: download a galaxy's mosaics and catalogues from MAST."""

import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.ingest import mast
from labeling.ingest.errors import BadInput
from labeling.management.import_errors import as_command_errors
from labeling.number_texts import count_text

_MIB = 2**20


class Command(BaseCommand):
    """Download what a survey has published of a galaxy, and print the commands that import it."""

    help = (
        "Download a galaxy's mosaics and cluster catalogues of LEGUS or PHANGS-HST from MAST. "
        "The same command goes on where an earlier one stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("galaxy", help="as in the survey's file names, for example ngc1566")
        parser.add_argument("--survey", choices=sorted(mast.SURVEYS), default="legus")
        parser.add_argument("--list", action="store_true", help="only list the files")
        parser.add_argument(
            "--no-mosaics", action="store_true", help="the catalogues alone, which are small"
        )
        parser.add_argument(
            "--folder",
            type=Path,
            help="where the files go; default: downloads/GALAXY in ASTERISM_HOME",
        )
        parser.add_argument("--server", default=mast.SERVER, help="default: %(default)s")

    def handle(self, *_args: Any, **options: Any) -> None:
        """List the products, download them, and print what to do next."""
        galaxy, server = options["galaxy"], options["server"].rstrip("/")
        with as_command_errors():
            products = mast.find_products(mast.SURVEYS[options["survey"]], galaxy, server)
            if options["no_mosaics"]:
                products = [product for product in products if product.band is None]
            for product in products:
                kind = product.band or "catalogue"
                self.stdout.write(f"{product.size / _MIB:9.1f} MiB  {kind:9}  {product.file_name}")
            total = sum(product.size for product in products) / _MIB
            self.stdout.write(
                f"{total:9.1f} MiB in {count_text(len(products), 'file')} at {server}."
            )
            if options["list"]:
                return
            folder = (options["folder"] or settings.HOME / "downloads" / galaxy).expanduser()
            folder.mkdir(parents=True, exist_ok=True)
            paths = [self._download(product, folder, server) for product in products]
        self._print_next_step(galaxy, products, paths)

    def _download(self, product: mast.Product, folder: Path, server: str) -> Path:
        """Download one file, with its progress on one line. Raises BadInput."""
        percent = -1

        def show(n_bytes: int, total: int) -> None:
            nonlocal percent
            if total and (now := 100 * n_bytes // total) != percent:
                percent = now
                text = f"\r{product.file_name}: {now} % of {total / _MIB:.1f} MiB"
                self.stdout.write(text, ending="")
                self.stdout.flush()

        try:
            path, is_new = mast.download(product, folder, show, server)
        except BadInput as error:
            raise CommandError(str(error)) from None
        note = "downloaded" if is_new else "is there already"
        self.stdout.write(f"\r{product.file_name}: {note}, SHA-256 as in {mast.CHECKSUMS}")
        return path

    def _print_next_step(
        self, galaxy: str, products: list[mast.Product], paths: list[Path]
    ) -> None:
        """Print the commands that import the files."""
        mosaics: list[str] = []
        tables: list[str] = []
        for product, path in zip(products, paths, strict=True):
            (mosaics if product.band else tables).append(shlex.quote(str(path)))
        for band, n in Counter(product.band for product in products if product.band).items():
            if n > 1:
                self.stdout.write(f"{n} mosaics are of band {band}: import one of them.")
        self.stdout.write("To import them:")
        if mosaics:
            files = " ".join(f"--mosaic {path}" for path in mosaics)
            self.stdout.write(f"  python manage.py import_field {galaxy} {files}")
        for table in tables:
            self.stdout.write(f"  python manage.py import_catalogue {galaxy} {table}")
