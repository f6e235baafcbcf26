"""`python -m labeling.simulation field|ngc1566|examples`: write simulated images to a folder."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from labeling.simulation import (
    NGC1566,
    read_legus,
    read_psfs,
    read_zero_points,
    simulate_field,
    simulate_survey,
)
from labeling.simulation.examples import draw_examples


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with a subcommand for each kind of simulation."""
    top = argparse.ArgumentParser(prog="python -m labeling.simulation", description=__doc__)
    kinds = top.add_subparsers(dest="kind", required=True)
    field = kinds.add_parser("field", help="a spiral galaxy's field with its catalogue")
    field.add_argument("--seed", type=int, default=1)
    field.add_argument("--size", type=int, default=2000, help="pixels along each side")
    field.add_argument("--candidates", type=int, default=600)
    survey = kinds.add_parser("ngc1566", help="pixels for LEGUS's catalogue of NGC 1566")
    survey.add_argument("--catalogue", type=Path, required=True, help="LEGUS .tab file")
    survey.add_argument("--zero-points", type=Path, required=True, help="header_info table")
    survey.add_argument("--psf", type=Path, required=True, help="folder of wfc3_uvis_*.fits")
    survey.add_argument("--seed", type=int, default=1566)
    examples = kinds.add_parser("examples", help="the guide's pictures of the four classes")
    for subparser in (field, survey, examples):
        subparser.add_argument("--output", type=Path, required=True, help="folder to write to")
    return top


def write_simulation(options: argparse.Namespace) -> Mapping[str, Path]:
    """Write the files of the subcommand; return their paths by name."""
    if options.kind == "field":
        shape = (options.size, options.size)
        return simulate_field(options.seed, shape, options.candidates).write(options.output)
    if options.kind == "examples":
        return draw_examples(options.output)
    survey = simulate_survey(
        read_legus(options.catalogue),
        read_zero_points(options.zero_points),
        read_psfs(options.psf),
        frame=NGC1566,
        seed=options.seed,
    )
    return survey.write(options.output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status, 1 with an error message for unusable input."""
    options = parser().parse_args(arguments)
    try:
        paths = write_simulation(options)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for name, path in paths.items():
        sys.stdout.write(f"{name}\t{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
