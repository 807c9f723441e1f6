"""``models``: the language models that can be named, and what this machine can hold of them."""

from __future__ import annotations

from typing import Any

from sensecf_core.cli.options import Json
from sensecf_core.cli.output import print_json


def models(as_json: Json = False) -> None:
    """List the language models by name, and whether this machine can hold each and has it."""
    entries = _entries()
    if as_json:
        print_json({"models": entries})
        return
    for entry in entries:
        licence = ", ".join([entry["licence"], *(["gated"] if entry["gated"] else [])])
        print(f"{entry['name']}: {entry['title'] or entry['source']} (licence: {licence})")
        print(f"  {_state(entry)}: {entry['reason']}")
        if entry["note"]:
            print(f"  {entry['note']}")


def _state(entry: dict[str, Any]) -> str:
    if entry["kind"] == "endpoint":
        return "server"
    if not entry["fits"]:
        return "does not fit" if entry["memory"] else "not known"
    return "ready" if entry["here"] else "not downloaded"


def _entries() -> list[dict[str, Any]]:
    from sensecf_core.language.models import hardware, registry

    machine = hardware.detect_hardware()
    entries = []
    for spec in registry.registry().values():
        fit = hardware.fits(spec, machine)
        fit_fields = {"fits": fit.ok, "precision": fit.precision, "device": fit.device, "reason": fit.reason}
        entries.append({**spec.model_dump(mode="json"), **fit_fields, "here": fit.here})
    return entries
