"""How the shell makes an export: ask, render to files with a progress bar, finish or fail."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer

from affidavit.audit.filters import AuditFilter
from affidavit.cli.progress import progress_bar
from affidavit.exports.models import Export
from affidavit.exports.render import render_files
from affidavit.exports.services import export_create, export_fail, export_finish, request_of
from affidavit.exports.types import ExportFormat
from affidavit.identity.models import Actor, Organization, User
from affidavit.identity.selectors import member_of, organization_get
from affidavit.identity.types import Scope
from affidavit.kit.clock import now
from affidavit.kit.errors import InvalidInput
from affidavit.records.accounts import actor_for_user, system_actor
from affidavit.records.types import Via


def export_to(
    *, output: Path, format: str, filter: AuditFilter, time_zone: str, formula_guard: bool,
    organization: str | None, as_user: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Export to `output`; several volumes of a PDF go beside it as NAME-001.pdf and so on."""
    target = organization_get(slug=organization)
    chosen = _format(format)
    if not output.parent.is_dir():
        raise InvalidInput(f"The folder {output.parent} does not exist. Create it first.")
    actor, role = _asker(target, as_user)
    export = export_create(
        organization=target, actor=actor, role=role, via=Via.CLI,
        filter=filter, format=chosen, time_zone=_zone(time_zone), now=now(), formula_guard=formula_guard,
        leased=False,
    )  # fmt: skip
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as folder:
            with progress_bar("Exporting", export.rows_total, quiet) as advance:
                files = render_files(
                    request_of(export=export),
                    directory=Path(folder),
                    stem=output.stem,
                    progress=advance,
                )
            paths = _put_in_place(Path(folder), files, output)
        files = [entry | {"name": path.name} for entry, path in zip(files, paths, strict=True)]
    except BaseException as error:
        reason = (
            "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or repr(error)
        )
        export_fail(export=export, reason=reason, now=now())
        raise
    export_finish(export=export, files=files, now=now())
    _report(export, paths)


def _asker(organization: Organization, username: str | None) -> tuple[Actor, str]:
    """Return who asks and in which role: a member who may export, or the operator of this machine."""
    if username is None:
        return system_actor(organization=organization), "operator"
    user = User.objects.filter(username=username).first()
    if user is None:
        raise InvalidInput(f"There is no user {username!r}. List them: affidavit user list")
    member = member_of(user=user, organization=organization, now=now())
    member.require(Scope.EXPORTS_WRITE)
    return actor_for_user(organization=organization, user=user, now=now()), member.role.value


def _format(text: str) -> ExportFormat:
    try:
        return ExportFormat(text)
    except ValueError as error:
        raise InvalidInput(f"format {text!r}: must be one of {', '.join(ExportFormat)}") from error


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(
            f"time zone {text!r} is unknown; give one such as Europe/Berlin"
        ) from error


def _put_in_place(folder: Path, files: list[dict[str, Any]], output: Path) -> list[Path]:
    """Move the finished files beside `output`; the name's own suffix wins over the format's."""
    paths = []
    for entry in files:
        name = str(entry["name"])
        rest = name.removeprefix(output.stem)
        own = rest.startswith(".") and not rest.endswith(".manifest.json")
        if own:
            place = output
        elif rest.endswith(".manifest.json"):
            place = output.with_name(output.name + ".manifest.json")
        else:
            place = output.with_name(name)
        shutil.move(folder / name, place)
        paths.append(place)
    return paths


def _report(export: Export, paths: list[Path]) -> None:
    rows = ", ".join(f"{count} {name}" for name, count in export.matching.items()) or "no records"
    typer.echo(
        f"{export.rows_total} records ({rows}) from a ledger of {export.ledger_size} entries:"
    )
    for path in paths:
        typer.echo(f"  {path} ({path.stat().st_size:,} bytes)")
