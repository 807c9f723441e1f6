"""Which server may see which cohort: the allow-list in ``var/remote.toml``, and the servers' keys.

A server is reached only through a :class:`Host`, which only :func:`allowed` returns.

::

    ["api.openai.com"]
    cohorts = ["nhanes", "heart"]        # public cohorts, by name, or "*" for all of them
    restricted_cohorts = ["my_cohort"]   # your own cohorts and restricted releases, by name only
    unencrypted = false                  # true: plain http to another machine is accepted
    cluster_cohorts = ["my_cohort"]      # ALL rows of these may go to this Dask scheduler and its workers
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models.registry import ADDRESS, ModelSpec
from sensecf_core.paths import var
from sensecf_core.toml_text import parse_toml
from sensecf_core.types import Plain

FILE = "remote.toml"


class Permission(Plain):
    """What one host may be sent (see the module)."""

    cohorts: tuple[str, ...] = ()
    restricted_cohorts: tuple[str, ...] = ()
    unencrypted: bool = False
    cluster_cohorts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Host:
    """A server that may see one cohort.

    ``leaves_machine`` is False for loopback addresses (which may still be the near end of a tunnel).
    """

    name: str
    leaves_machine: bool
    cohort: str


def allowed(spec: ModelSpec, cohort: str, *, restricted: bool) -> Host:
    """Return the host of an endpoint if ``var/remote.toml`` lets it see ``cohort``.

    ``restricted`` cohorts (own ones, releases that are not public) must be named as such. Raises
    ``InputError`` with the line that would allow it.
    """
    host, port = _host_and_port(spec)
    permission = _permission(host, port)
    loopback = is_loopback(host)
    field = "restricted_cohorts" if restricted else "cohorts"
    names = permission.restricted_cohorts if restricted else permission.cohorts
    if cohort not in names and (restricted or "*" not in names):
        kind = "the restricted cohort" if restricted else "the cohort"
        raise InputError(
            f"The model {spec.name} runs at {host}, which is not allowed to see {kind} {cohort!r}; choose a "
            f'model on this machine, or write `["{host}"]` and `{field} = ["{cohort}"]` into {var(FILE)}.'
        )
    if not loopback and spec.source.startswith("http:") and not permission.unencrypted:
        raise InputError(
            f"The model {spec.name} would be asked over the network unencrypted; use https, or "
            f'write `unencrypted = true` below `["{host}"]` in {var(FILE)}.'
        )
    return Host(host, leaves_machine=not loopback, cohort=cohort)


def check_cluster(host: str, port: int, cohort: str) -> None:
    """Raise ``InputError`` unless all rows of a restricted cohort may go to a Dask scheduler and its workers.

    Being allowed to see one participant's profile is not enough. What travels is not encrypted.
    """
    permission = _permission(host, port)
    if cohort not in permission.cluster_cohorts or not (permission.unencrypted or is_loopback(host)):
        unencrypted = "" if is_loopback(host) else " and `unencrypted = true`"
        raise InputError(
            f"The cluster at {host}:{port} is not allowed to see the restricted cohort {cohort!r}, all of "
            f'whose rows would be sent to it; write `["{host}:{port}"]`, `cluster_cohorts = ["{cohort}"]`'
            f"{unencrypted} into {var(FILE)} if it may."
        )


def notice(spec: ModelSpec) -> str | None:
    """One sentence that says where the data go; None for a model that this program runs itself."""
    leaves = "the profile of the participant you ask about, its risk and what drives it LEAVE THIS MACHINE"
    return _where(spec, here="the profile is sent to that program", away=leaves)


def where_words_go(spec: ModelSpec) -> str | None:
    """Where somebody's words go that a model is to read as limits; None for one that this program runs."""
    sent = "your words, and what the features are called,"
    return _where(spec, here=f"{sent} are sent to that program", away=f"{sent} LEAVE THIS MACHINE")


def _where(spec: ModelSpec, *, here: str, away: str) -> str | None:
    if not spec.is_remote:
        return None
    host, port = _host_and_port(spec)
    if is_loopback(host):
        return f"{spec.name} is a server on this machine ({host}:{port}): {here}."
    return f"{spec.name} runs at {host}: {away}."


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def key_of(spec: ModelSpec) -> str:
    """Read the server's key from the environment; empty if the entry names none.

    Raises ``NotReadyError`` with the variable's name (never its value) if it is empty or cannot be a key.
    """
    if not spec.key:
        return ""
    key = os.environ.get(spec.key, "").strip()
    if not key:
        raise NotReadyError(
            f"The model {spec.name} needs a key in the environment variable {spec.key}, which is not set; "
            "set it and start SenseCF again."
        )
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise NotReadyError(f"What stands in the environment variable {spec.key} cannot be a key.")
    return key


def _host_and_port(spec: ModelSpec) -> tuple[str, int]:
    address = ADDRESS.fullmatch(spec.source)
    if address is None:
        raise InputError(f"The model {spec.name} has no server.")
    port = address["port"] or ("443" if spec.source.startswith("https:") else "80")
    return address["host"].lower(), int(port)


def _permission(host: str, port: int) -> Permission:
    permissions = _permissions()
    return permissions.get(f"{host}:{port}") or permissions.get(host) or Permission()


def _permissions() -> dict[str, Permission]:
    path = var(FILE)
    if not path.is_file():
        return {}
    try:
        tables: dict[str, Any] = parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from error
    try:
        return {host.lower(): Permission.model_validate(table) for host, table in tables.items()}
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        location = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: `{location}`: {first['msg']}.") from None
