"""``aireadi``: commands for releases in the format of AI-READI, real or synthetic."""

from __future__ import annotations

import typer

from sensecf_core.cli.commands import aireadi_check, aireadi_synthesise

app = typer.Typer(rich_markup_mode=None, help="Releases in the format of AI-READI, real or synthetic.")
app.command("check")(aireadi_check.check)
app.command("synthesise")(aireadi_synthesise.synthesise)
