"""Which cluster may see a cohort: all its rows travel there, and lie in the memory of its workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sensecf_core.cohorts.cohort import UNNAMED, Cohort
from sensecf_core.counterfactuals.proposers.resolve_model import restricted
from sensecf_core.errors import InputError
from sensecf_core.language.remote import allow_list


@dataclass(frozen=True)
class Address:
    """Where a scheduler listens."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Address:
        """Read ``tcp://HOST:PORT``; raises ``InputError`` for anything else."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme != "tcp" or not parts.hostname or port is None or parts.path or parts.username:
            raise InputError(f"--cluster takes a scheduler's address like tcp://HOST:8786, got {text!r}.")
        return cls(parts.hostname, port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


def check(address: Address, cohort: Cohort) -> None:
    """Raise ``InputError`` if a cohort that is not public would leave this machine for a host not allowed.

    Nothing is sent. A host name stands for itself: what it resolves to does not count.
    """
    if restricted(cohort) and not allow_list.is_loopback(address.host):
        _check_allowed(address, cohort)


def hosts(address: Address, cohort: Cohort, workers: Sequence[str]) -> tuple[str, ...] | None:
    """Hosts whose workers may see a cohort; None: all, also those that join later.

    A scheduler on this machine can have workers elsewhere: a cohort that is not public reaches those only if
    the scheduler is allowed, like one elsewhere. Raises ``InputError`` if no worker is left.
    """
    if not restricted(cohort):
        return None
    here = tuple(sorted({host for host in map(host_of, workers) if allow_list.is_loopback(host)}))
    if allow_list.is_loopback(address.host) and here and all(host_of(name) in here for name in workers):
        return here
    _check_allowed(address, cohort)
    return None


def host_of(worker: str) -> str:
    """The host in a worker's address."""
    return urlsplit(worker).hostname or ""


def _check_allowed(address: Address, cohort: Cohort) -> None:
    if cohort.layout is not None and cohort.schema.name == UNNAMED:
        raise InputError(
            "A frame without a name of its own is sent to no cluster, since allowing one would allow all: "
            "name it, Cohort.from_frame(…, name=…), and allow that name."
        )
    allow_list.check_cluster(address.host, address.port, cohort.schema.name)
