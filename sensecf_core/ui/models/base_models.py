"""The known language models: size, licence, whether they fit and are on this disk; servers."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.resolve_model import REMOTE_METHOD, restricted, was_placed
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import hardware, registry
from sensecf_core.language.models.hardware import Hardware
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.remote import allow_list
from sensecf_core.ui.common import wording
from sensecf_core.ui.common.widgets import facts_table

PRECISIONS = {"bf16": "16 bit", "float32": "32 bit", "nf4": "4 bit"}


def show(cohort: Cohort | None) -> None:
    """Show every registered base model; ``cohort`` decides which servers may be asked."""
    st.header("Base models")
    try:
        specs = tuple(registry.registry().values())
    except InputError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    machine = this_machine()
    st.caption(_about(machine))
    with st.grid("auto", min_column_width=300, gap="medium"):
        for spec in specs:
            if not spec.is_remote:
                with st.container(border=True, height="stretch", key=f"model_{spec.name}"):
                    _local(spec, machine)
    servers = [spec for spec in specs if spec.is_remote]
    if servers:
        _servers(servers, cohort)


@st.cache_data(ttl=10, show_spinner="Looking at this machine …")
def this_machine() -> Hardware:
    """What this machine can hold now, detected at most every ten seconds."""
    return hardware.detect_hardware()


def _about(machine: Hardware) -> str:
    gpu = (
        f"GPU {wording.plain(machine.gpu)} with {wording.gigabytes(machine.gpu_memory_gb)} free"
        if machine.gpu
        else "no GPU that can be used"
    )
    return (
        f"This machine: {wording.gigabytes(machine.memory_gb)} of memory free, {gpu}. What fits is judged by "
        "that. Your own entries go into var/models.toml."
    )


def _local(spec: ModelSpec, machine: Hardware) -> None:
    fit = hardware.fits(spec, machine)
    st.subheader(wording.plain(spec.title or spec.name))
    if fit.here and fit.ok:
        st.badge("Ready", icon=":material/check_circle:", color="blue")
    elif fit.ok:
        st.badge("Not downloaded", icon=":material/download:", color="orange")
    elif spec.memory:
        st.badge("Too large for this machine", icon=":material/block:", color="gray")
    else:
        st.badge("Not known", icon=":material/help:", color="gray")
    st.markdown(wording.message(fit.reason))
    _facts(spec)
    if not fit.here:
        st.markdown(wording.message(_how_to_get(spec)))
    if spec.note:
        st.markdown(wording.message(spec.note))


def _facts(spec: ModelSpec) -> None:
    memory = [f"{size:g} ({PRECISIONS.get(precision, precision)})" for precision, size in spec.memory.items()]
    facts = {
        "Name": spec.name,
        "Size": _size(spec.parameters),
        "Memory, GB": ", ".join(memory) or "not known",
        "Context": "not known" if spec.context is None else f"{wording.count(spec.context)} tokens",
        "Licence": spec.licence,
        "Access": "gated: its licence is accepted first" if spec.gated else "open",
    }
    facts_table(facts, f"Facts about {spec.name}")


def _size(parameters: int | None) -> str:
    if parameters is None:
        return "not known"
    if parameters >= 1e9:
        return f"{parameters / 1e9:.1f} billion parameters"
    return f"{parameters / 1e6:.0f} million parameters"


def _how_to_get(spec: ModelSpec) -> str:
    try:
        registry.require_folder(spec)
    except NotReadyError as error:
        return str(error)
    return ""


def _servers(specs: list[ModelSpec], cohort: Cohort | None) -> None:
    reasons = {spec.name: refused(spec, cohort) for spec in specs}
    usable = sum(reason is None for reason in reasons.values())
    about = f"Servers ({len(specs)}; {usable} may be asked about this cohort)"
    with st.expander(about, icon=":material/cloud_upload:"):
        st.markdown(
            "A server is **never** asked unless its host is allowed for this cohort. It is shown the profile "
            "of one participant and never another participant's row. One that may be asked is offered on the "
            "page Options in the mode "
            f"“{wording.method_title(REMOTE_METHOD)}”, and under “Say it” as one that reads your words."
        )
        for spec in specs:
            with st.container(border=True, key=f"model_{spec.name}"):
                _server(spec, reasons[spec.name])


def refused(spec: ModelSpec, cohort: Cohort | None) -> str | None:
    """Why a server cannot be asked now; None if it can be asked."""
    if cohort is None:
        return "No cohort is chosen."
    try:
        allow_list.allowed(spec, cohort.schema.name, restricted=restricted(cohort))
        allow_list.key_of(spec)
    except (InputError, NotReadyError) as error:
        return str(error)
    return None


def _can_be_asked(spec: ModelSpec, cohort: Cohort) -> bool:
    """Whether a model is on this machine and fits it, or runs on a server that may see this cohort."""
    if spec.is_remote:
        return refused(spec, cohort) is None
    fit = hardware.fits(spec, this_machine())
    return fit.here and (fit.ok or was_placed(spec))


def others(cohort: Cohort) -> dict[str, ModelSpec]:
    """The models that can be asked about a cohort now, apart from the default one, by name."""
    try:
        specs = registry.registry()
    except InputError:  # the page Models says what is wrong with the user's file
        return {}
    return {
        name: spec for name, spec in specs.items() if name != registry.DEFAULT and _can_be_asked(spec, cohort)
    }


def _server(spec: ModelSpec, reason: str | None) -> None:
    st.markdown(f"**{wording.plain(spec.title or spec.name)}** · `{spec.name}`")
    if reason is None:
        st.badge("May be asked about this cohort", icon=":material/cloud_upload:", color="orange")
    else:
        st.badge("Not asked", icon=":material/block:", color="gray")
    notice = allow_list.notice(spec)
    if notice:
        st.markdown(wording.message(notice))
    if reason is not None:
        st.markdown(wording.message(reason))
    if spec.note:
        st.markdown(f"{wording.message(spec.note)} Licence: {wording.plain(spec.licence)}.")
