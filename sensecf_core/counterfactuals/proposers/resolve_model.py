"""Which language model answers a request, and whether it may and can: host, method, memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sensecf_core.cohorts.cohort import UNNAMED, Cohort
from sensecf_core.errors import InputError
from sensecf_core.language.backend import Backend
from sensecf_core.language.models import default_model, hardware, registry
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.remote import allow_list
from sensecf_core.language.remote.model import RemoteModel
from sensecf_core.queries.methods import METHODS, asks_language_model
from sensecf_core.queries.request import ExplainRequest

if TYPE_CHECKING:
    from sensecf_core.language.local.model import LocalModel

REMOTE_METHOD = next(method.name for method in METHODS.values() if method.may_be_remote)
"""The method for servers: examples would be other participants' rows."""


@dataclass(frozen=True)
class Placement:
    """Where a model's weights are (None: the default model's folder), and the precision and device that fit.

    ``precision`` "auto" is the device's native one.
    """

    folder: Path | None
    precision: Literal["auto", "float32", "bf16", "nf4"] = "auto"
    device: str | None = None


def check_model(request: ExplainRequest, cohort: Cohort) -> ModelSpec | None:
    """Return the model that a request names (None: the default one), if it may and can answer it.

    Nothing is loaded or sent. Raises ``InputError`` for a name that does not exist, a method that the
    model cannot be asked by, a host that may not see this cohort, and a model that this machine cannot
    hold; ``NotReadyError`` with the command that fetches missing weights.
    """
    if request.model is None:
        return None
    spec = registry.spec(request.model)
    if not asks_language_model(request.method):
        raise InputError(f"The method {request.method} asks no language model; leave out {request.model!r}.")
    if spec.is_remote:
        remote_model(spec, request, cohort)
    else:
        placement_of(spec)
    return spec


def remote_model(spec: ModelSpec, request: ExplainRequest, cohort: Cohort) -> RemoteModel:
    """Return an endpoint as a model that may be asked about ``cohort``; raises like :func:`check_model`."""
    if request.method != REMOTE_METHOD:
        raise InputError(
            f"{spec.name} runs on a server, which is never shown another participant's row: ask it with the "
            f"method {REMOTE_METHOD} instead of {request.method}."
        )
    return _served(spec, cohort.schema.name, restricted=restricted(cohort))


def _served(spec: ModelSpec, cohort: str, *, restricted: bool) -> RemoteModel:
    if cohort == UNNAMED:
        raise InputError(
            "A frame without a name of its own is sent to no server, since allowing one would allow all: "
            f"name it, Cohort.from_frame(…, name=…), and allow that name for {spec.name}."
        )
    return RemoteModel(spec, allow_list.allowed(spec, cohort, restricted=restricted))


def restricted(cohort: Cohort) -> bool:
    """Whether a cohort may be sent to a server only where it is named: own ones, and what is not public."""
    return cohort.own or not cohort.schema.provenance.public


def backend_of(spec: ModelSpec | None, request: ExplainRequest, cohort: Cohort) -> Backend[Any]:
    """The model that answers a request (None: the default one): on a server, or loaded once per process.

    Raises like :func:`check_model`.
    """
    from sensecf_core.language.local.model import shared_model

    if spec is None:
        return shared_model()
    if spec.is_remote:
        return remote_model(spec, request, cohort)
    return _held(spec)


def wishes_backend(name: str, cohort: str, *, restricted: bool) -> LocalModel | RemoteModel:
    """The model that reads wishes about a cohort by prompt: on a server, or loaded once per process.

    ``restricted`` is what :func:`restricted` says of the cohort. Raises like :func:`check_model`.
    """
    spec = registry.spec(name)
    return _served(spec, cohort, restricted=restricted) if spec.is_remote else _held(spec)


def _held(spec: ModelSpec) -> LocalModel:
    from sensecf_core.language.local.model import shared_model

    placement = placement_of(spec)
    return shared_model(placement.folder, precision=placement.precision, device=placement.device)


def placement_of(spec: ModelSpec | None) -> Placement:
    """Placement of a local model (None: the default model); raises like :func:`check_model`."""
    return Placement(None) if spec is None else _placement(spec.name, spec.source)


def base_sha256(spec: ModelSpec | None) -> str | None:
    """Hash of a local model's weights, as adapters name their base; None for the default model."""
    folder = placement_of(spec).folder
    return None if folder is None else default_model.weights_sha256(folder)


def placement_by_name(name: str | None) -> Placement:
    """:func:`placement_of` a model named on a command line (None: the default one)."""
    spec = None if name is None else registry.spec(name)
    if spec is not None and spec.is_remote:
        raise InputError(f"{name} runs on a server; fine-tuning needs a model on this machine.")
    return placement_of(spec)


_placements: dict[tuple[str, str], Placement] = {}


def was_placed(spec: ModelSpec) -> bool:
    """Whether a local model was found to fit before, in this process: it may be loaded by now."""
    return (spec.name, spec.source) in _placements


def _placement(name: str, source: str) -> Placement:
    """Check that a model fits, once: later the loaded model itself takes up memory."""
    if (name, source) not in _placements:
        _placements[name, source] = _fitting(name)
    return _placements[name, source]


def _fitting(name: str) -> Placement:
    spec = registry.spec(name)
    machine = hardware.detect_hardware()
    fit = hardware.fits(spec, machine)
    if spec.memory and not fit.ok:
        raise InputError(f"This machine cannot hold {name}. {fit.reason}")
    native = fit.precision in (None, hardware.native_precision(machine, gpu=fit.device == "cuda"))
    return Placement(
        folder=registry.require_folder(spec),
        precision="auto" if native or fit.precision is None else fit.precision,
        device="cpu" if machine.gpu and fit.device == "cpu" else None,
    )
