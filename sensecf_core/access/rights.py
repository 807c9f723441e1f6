"""What each role may do. Whatever changes or hands out something asks here first; pages ask for the words."""

from __future__ import annotations

from typing import Literal, get_args

from sensecf_core.access.people import Person, current
from sensecf_core.access.settings import Role, known
from sensecf_core.errors import NotAllowedError

Action = Literal["see", "export", "ask", "decide", "models", "cohorts"]
Owned = Literal["cancel", "undo"]

_LEAST: dict[Action, Role] = {
    "see": "viewer",
    "export": "viewer",
    "ask": "clinician",
    "decide": "clinician",
    "models": "admin",
    "cohorts": "admin",
}
"""The least role that may do it.

``models``: training, fine-tuning, which adapter answers, deleting one. ``cohorts``: uploading, adding,
removing them.
"""
_WORDS: dict[Action, str] = {
    "see": "see anything",
    "export": "export",
    "ask": "ask for options or start a run",
    "decide": "decide",
    "models": "train models and choose which one answers",
    "cohorts": "add or remove a cohort",
}
_NAMES: dict[Role, str] = {"viewer": "a viewer", "clinician": "a clinician", "admin": "an administrator"}
_RANK = get_args(Role)
_OF_ANOTHER: dict[Owned, Action] = {"cancel": "ask", "undo": "decide"}
_OF_ONESELF: dict[Owned, Action] = {"cancel": "see", "undo": "decide"}
SIGN_IN = "Sign in first."


def refusal(action: Action) -> str | None:
    """Why whoever is at work may not do it, in one sentence; None if they may."""
    person = current()
    if person.role is None:
        return _not_in(person)
    least = _LEAST[action]
    if _RANK.index(person.role) >= _RANK.index(least):
        return None
    return f"You are signed in as {_NAMES[person.role]}; to {_WORDS[action]}, you need to be {_NAMES[least]}."


def require(action: Action) -> Person:
    """Return who is at work; raises ``NotAllowedError`` if they may not do it."""
    if (why := refusal(action)) is not None:
        raise NotAllowedError(why)
    return current()


def refusal_of(owned: Owned, login: str | None) -> str | None:
    """Why whoever is at work may not do it to what ``login`` made, in one sentence; None if they may.

    It is its owner's, or an administrator's. What was made while nobody signed in (None) has no owner: then
    whoever may do the like may.
    """
    person = current()
    if login is not None and person.login is not None and known(login) == known(person.login):
        return refusal(_OF_ONESELF[owned])
    if login is None or person.role in (None, "admin"):
        return refusal(_OF_ANOTHER[owned])
    return f"Only {login}, whose it is, or an administrator may {owned} it."


def require_own(owned: Owned, login: str | None) -> Person:
    """Return who is at work; raises ``NotAllowedError`` if it is somebody else's (:func:`refusal_of`)."""
    if (why := refusal_of(owned, login)) is not None:
        raise NotAllowedError(why)
    return current()


def _not_in(person: Person) -> str:
    if person.login is None:
        return SIGN_IN
    return f"{person.login} is not among those who may use SenseCF here; ask an administrator for a role."
