"""``aireadi``: commands for releases in the format of AI-READI, real or synthetic."""

from __future__ import annotations

import typer

from sensecf_core.cli import synthesising

app = typer.Typer(rich_markup_mode=None, help="Releases in the format of AI-READI, real or synthetic.")
app.command("synthesise")(synthesising.synthesise)


@app.callback()
def _commands() -> None:
    """Keep ``aireadi`` a group even while it holds one command."""
