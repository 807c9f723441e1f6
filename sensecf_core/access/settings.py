"""``var/access.toml``: how people sign in, and who has which role.

::

    login = "oidc"                # by an OpenID Connect provider; or "proxy": a proxy in front names them
    claim = "email"               # oidc: what of the provider's answer is the login
    hours = 12                    # oidc: how long a login lasts
    header = "X-Forwarded-User"   # proxy: the header that holds the login
    proxies = ["10.0.0.5"]        # proxy: the addresses and networks that may send it
    others = "clinician"          # whoever signs in and is not named below; "nobody": they are not let in

    [roles]
    admin = ["chief@hospital.example"]
    clinician = []
    viewer = ["auditor@hospital.example"]
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sensecf_core.errors import NotReadyError
from sensecf_core.paths import var
from sensecf_core.toml_text import parse_toml

FILE = "access.toml"
Role = Literal["viewer", "clinician", "admin"]
LONGEST_LOGIN = 80
"""Characters: as long as the name beside a decision may be."""


class Access(BaseModel):
    """How people sign in, and who has which role (see the module)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login: Literal["oidc", "proxy"]
    claim: str = "email"
    hours: float = Field(default=12, gt=0, le=24 * 30)
    header: str = Field(default="X-Forwarded-User", pattern=r"^[A-Za-z0-9-]+$")
    proxies: tuple[str, ...] = Field(default=())
    others: Literal["viewer", "clinician", "admin", "nobody"] = "clinician"
    roles: Mapping[Role, tuple[str, ...]] = Field(default={})

    @field_validator("proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ipaddress.ip_network(proxy)  # a ValueError that names it
        return proxies

    @model_validator(mode="after")
    def _fits_together(self) -> Access:
        if self.login == "proxy" and not self.proxies:
            raise ValueError("`proxies` must name the addresses of the proxy, as nobody else is believed")
        named = [known(login) for logins in self.roles.values() for login in logins]
        if twice := next((login for login in named if named.count(login) > 1), None):
            raise ValueError(f"{twice!r} has more than one role")
        return self

    def role_of(self, login: str) -> Role | None:
        """The role of whoever signed in under ``login``; None if they are not let in."""
        for role, logins in self.roles.items():
            if known(login) in map(known, logins):
                return role
        return None if self.others == "nobody" else self.others

    def is_proxy(self, address: str | None) -> bool:
        """Whether a request from ``address`` may say who somebody is."""
        try:
            peer = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in ipaddress.ip_network(proxy) for proxy in self.proxies)


def known(login: str) -> str:
    """A login as it is compared: providers write the same address in upper and lower case."""
    return login.strip().casefold()


def read() -> Access | None:
    """How people sign in; None if nobody has to, since there is no ``access.toml``.

    Raises ``NotReadyError`` for a file that cannot be used: then nobody is let in.
    """
    path = var(FILE)
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotReadyError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> Access:
    try:
        return Access.model_validate(parse_toml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise NotReadyError(f"{path} cannot be used: {f'{where}: ' if where else ''}{what}.") from error
    except (OSError, ValueError) as error:
        raise NotReadyError(f"{path} cannot be read: {error}.") from error
