"""The command line: `python -m emolib`. Thin: every command is a call into the library."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from emolib import __version__
from emolib.errors import EmolibError


class _Commands(click.Group):
    """Shows the errors that a reader can mend as one message, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except EmolibError as error:
            raise click.ClickException(str(error)) from error


_profile = click.option("--profile", default="laptop", show_default=True, help="ci, laptop, open or paper.")
_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(cls=_Commands, help="Emotional Machines: five papers on what pictures make us feel, rebuilt and checked.")
@click.version_option(__version__, prog_name="emolib")
def main() -> None:
    """The group of all commands."""


@main.command()
@click.argument("chapters", nargs=-1)
@_profile
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--data-root", default=None, help="Folder of the corpora, instead of EMOLIB_DATA.")
@click.option("--force", is_flag=True, help="Run also what is up to date.")
@click.option("--smoke", is_flag=True, help="Every cell on a handful of pictures: proves the way, not the numbers.")
@click.option(
    "-p", "--parameter", "extra", nargs=2, multiple=True, metavar="NAME VALUE", help="Another parameter of the chapter."
)
def run(chapters, profile, seed, device, data_root, force, smoke, extra) -> None:  # noqa: ANN001
    """Run CHAPTERS (all by default; a number, a paper's key or a file name) and leave them in runs/PROFILE."""
    from emolib import runner

    parameters = {"seed": seed, "device": device, "data_root": data_root, "smoke": smoke, **dict(extra)}
    for result in runner.run(chapters, profile, parameters, force=force):
        click.echo(result.line())


@main.command()
@_profile
@click.option("--partial", is_flag=True, help="Leave out chapters that have not been run.")
@click.option("--lenient", is_flag=True, help="Tell of faults instead of stopping at them.")
def book(profile, partial, lenient) -> None:  # noqa: ANN001
    """Build the site into book/_build/html."""
    from emolib import course, site

    root, runs = course.project_root(), course.runs_root()
    site.build(root, profile, strict=not lenient, echo=click.echo, where=runs, partial=partial)


@main.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for model.onnx and model.json.")
@_profile
@click.option("--data-root", default=None, type=click.Path(path_type=Path), help="Where the corpora are.")
@click.option("--force", is_flag=True, help="Train again also when nothing has changed.")
def export(out, profile, data_root, force) -> None:  # noqa: ANN001
    """Train the heads of the page 'Your own picture' and write them with their network as ONNX."""
    from emolib.site import ownpicture

    ownpicture.export(out, profile, data_root=data_root, force=force, echo=click.echo)


@main.command()
@_profile
@click.option("--write", is_flag=True, help="Show the difference, then make today's run the baseline.")
def check(profile, write) -> None:  # noqa: ANN001
    """Compare runs/PROFILE with tests/baselines/PROFILE.json; exit 1 where they differ beyond a tolerance."""
    from emolib import baselines

    report = baselines.compare(profile)
    click.echo(report.text())
    if write:
        click.echo(f"written: {baselines.write(profile)}")
    elif not report.ok:
        sys.exit(1)


@main.command()
@_profile
@_json
def scorecard(profile, as_json) -> None:  # noqa: ANN001
    """Every claim of the papers with its verdict."""
    from emolib import claims, course

    rows = claims.scorecard(course.results(profile))
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        where = f" on {row['corpus']}" if row["corpus"] else ""
        click.echo(f"{row['verdict']:<24} {row['id']}{where}: {row['statement']}")


@main.command()
@_json
def systems(as_json) -> None:  # noqa: ANN001
    """Every system of the papers and the code that builds it; its code, test and chapter have to be there."""
    from dataclasses import asdict

    from emolib import chapters, claims

    found = claims.systems(check=True)
    chapters.check_systems(found)
    rows = [asdict(system) for system in found]
    if as_json:
        click.echo(json.dumps(rows, indent=1, default=str))
        return
    for row in rows:
        click.echo(f"{row['id']:<36} {row['where']:<28} {row['code']}")


@main.command()
@click.argument("names", nargs=-1)
@_json
def bench(names, as_json) -> None:  # noqa: ANN001
    """Measure speed beside a peer and the bare limit, in one run; NAMES chooses benchmarks."""
    from emolib import bench as benchmarks

    rows = benchmarks.run(names)
    if not names:
        click.echo(f"Left out, since it takes long before it begins: {', '.join(benchmarks.LONG)}. Name it.", err=True)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        click.echo(benchmarks.line(row))


@main.command()
def doctor() -> None:
    """Versions, device, and what data and weights are within reach."""
    from emolib import runner

    click.echo(runner.doctor())


@main.group()
def data() -> None:
    """The corpora: list, fetch, verify, shards, card."""


@data.command("list")
def data_list() -> None:
    """All corpora and whether they are within reach."""
    from emolib import corpora

    for name in corpora.names():
        here = "here" if corpora.available(name) else "not here"
        click.echo(f"{name:<14} {here:<9} {corpora.card(name).title}")


@data.command("fetch")
@click.argument("name")
@click.option("--data-root", default=None, type=click.Path(path_type=Path), help="Where to put it.")
@click.option("--yes", is_flag=True, help="Do not ask before fetching 'open'.")
def data_fetch(name, data_root, yes) -> None:  # noqa: ANN001
    """Download the corpus NAME, checked against its checksums; 'open' is all that the profile open needs."""
    from emolib import corpora

    if name != "open":
        click.echo(corpora.fetch(name, data_root))
        return
    from emolib.corpora import openset

    needed = openset.wanted(data_root)
    for one in needed:
        click.echo(one.line())
    if all(one.here for one in needed):
        return
    if not yes:
        if not _somebody_is_there():
            raise click.ClickException("nobody is there to be asked; call it with --yes to fetch what is not here")
        click.confirm("Fetch what is not here?", abort=True)
    if openset.fetch(needed, data_root, echo=click.echo):
        sys.exit(1)


@data.command("verify")
@click.argument("name")
@click.option("--data-root", default=None, type=click.Path(path_type=Path), help="Where it is.")
@click.option("--out", default=None, type=click.Path(path_type=Path), help="Folder for the report, not the cache.")
@click.option("--workers", default=None, type=click.IntRange(1), help="Threads; by default one a core and one more.")
@click.option("--fresh", is_flag=True, help="Look again at every picture, not only at new and changed ones.")
@click.option("--near/--no-near", default=True, show_default=True, help="Search near-duplicates too.")
def data_verify(name, data_root, out, workers, fresh, near) -> None:  # noqa: ANN001
    """Decode every picture of the corpus NAME and look for duplicates; exit 1 if a picture is broken.

    A call that was interrupted goes on where it stopped.
    """
    from emolib.curation.verify import verify

    report, folder = verify(name, data_root, out=out, near=near, fresh=fresh, workers=workers)
    click.echo(report.markdown())
    click.echo(f"The whole report: {folder / 'report.json'}")
    if not report.ok:
        sys.exit(1)


@data.command("shards")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data-root", default=None, type=click.Path(path_type=Path), help="Where the corpus is.")
@click.option("--max-bytes", default=1 << 30, show_default=True, type=click.IntRange(1), help="Of a shard.")
def data_shards(name, folder, data_root, max_bytes) -> None:  # noqa: ANN001
    """Write the corpus NAME as WebDataset shards into FOLDER, which must be empty or absent."""
    from emolib import corpora
    from emolib.corpora import shards

    click.echo(shards.write(corpora.load(name, data_root), folder, max_bytes=max_bytes))


@data.command("card")
@click.argument("name")
def data_card(name) -> None:  # noqa: ANN001
    """What the corpus NAME is, who rated it, and what is wrong with it."""
    from emolib import corpora

    click.echo(corpora.card(name).markdown())


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


if __name__ == "__main__":
    main(prog_name="python -m emolib")
