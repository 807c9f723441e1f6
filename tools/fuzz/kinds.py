"""The kinds of input that come from elsewhere: a whole one, and how the program takes it."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path

from sensecf_core import paths
from sensecf_core.cohorts import builtin
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models.adapters import CARD, CONFIG
from tools.fuzz.mutations import NUMBERS, WORDS, damaged

ALLOWED = (InputError, NotReadyError)
"""What the program raises for an input that it cannot use."""


@dataclass(frozen=True)
class Kind:
    """``make`` gives one input; ``take`` gives it to the program, and raises what the program does."""

    share: int
    make: Callable[[random.Random], bytes]
    take: Callable[[bytes], object]


def kinds(folder: Path) -> Mapping[str, Kind]:
    """Every kind by name. ``folder`` is for files; ``SENSECF_VAR`` must be a folder that may be filled."""
    return {
        "schema": Kind(22, _of(_schema_text(folder)), lambda content: _check(folder, schema=content)),
        "data": Kind(18, _of(_data_text(folder)), lambda content: _check(folder, data=content)),
        "records": Kind(14, _of(_record_lines(folder)), lambda content: _records(folder, content)),
        "rows": Kind(12, _of(_ROWS), lambda content: _rows(folder, content)),
        "options": Kind(10, _options, _take_options),
        "request": Kind(8, _of(_REQUEST), _request),
        "models.toml": Kind(6, _of(_MODELS), _models),
        "remote.toml": Kind(4, _of(_REMOTE), _remote),
        "card": Kind(8, _of(_adapter_file(CARD)), lambda content: _adapter(CARD, content)),
        "adapter": Kind(4, _of(_adapter_file(CONFIG)), lambda content: _adapter(CONFIG, content)),
        "choice": Kind(4, _of(b'{"heart": "/nowhere", "nhanes": "mine"}'), _choice),
        "archive": Kind(6, _archives(), _archive),
        "summary": Kind(6, _of(_summary()), _read_summary),
        "address": Kind(8, _address, _visit),
    }


def _of(whole: bytes) -> Callable[[random.Random], bytes]:
    return lambda dice: damaged(whole, dice)


def _schema_text(_: Path) -> bytes:
    return (builtin.DATA / "heart" / "schema.toml").read_bytes()


def _data_text(_: Path) -> bytes:
    import pandas as pd

    table = pd.read_parquet(next((builtin.DATA / "heart").glob("*.parquet")))
    return table.head(40).to_csv(index=False).encode()


def _check(folder: Path, *, schema: bytes | None = None, data: bytes | None = None) -> None:
    from sensecf_core.cohorts.own import folder as own

    cohort = folder / "cohort"
    cohort.mkdir(exist_ok=True)
    (cohort / "schema.toml").write_bytes(_schema_text(folder) if schema is None else schema)
    (cohort / "data.csv").write_bytes(_data_text(folder) if data is None else data)
    for problem in own.check(cohort):
        assert "\n" not in problem.problem + problem.mend, problem


def _record_lines(folder: Path) -> bytes:
    from sensecf_core.evaluation.json_lines import append_line

    path = folder / "whole.jsonl"
    path.unlink(missing_ok=True)
    for number in range(4):
        append_line(path, {"key": f"1→0|{number}", "status": "found", "codes": [[1.5, None, number]]})
    return path.read_bytes()


def _records(folder: Path, content: bytes) -> None:
    from sensecf_core.evaluation.json_lines import peek_lines, read_lines

    path = folder / "damaged.jsonl"
    path.write_bytes(content)
    found = peek_lines(path)
    assert read_lines(path) == found == read_lines(path)


_ROWS = b'{"participant_id": "93705", "set": {"bmi": 27.5, "smoking": "former"}}\n{"participant_id": "7"}\n'


def _rows(folder: Path, content: bytes) -> None:
    path = folder / "rows.jsonl"
    path.write_bytes(content)
    _run("predict", "--cohort", "heart", "--rows", str(path), "--json")


def _options(dice: random.Random) -> bytes:
    name = dice.choice(("bmi", "cholesterol", "chest_pain", "", *WORDS))
    value = dice.choice((*NUMBERS, *WORDS, "1:2", "2:1", "nan:inf", "a|b", "|", ":"))
    flag = dice.choice(("--set", "--range", "--freeze", "--only", "--participant", "--target", "--seed"))
    text = f"{name}={value}" if flag in ("--set", "--range") else value
    return json.dumps([flag, text]).encode("utf-8", "surrogatepass")


def _take_options(content: bytes) -> None:
    flag, text = json.loads(content.decode("utf-8", "surrogatepass"))
    if "\0" not in text:  # no program can be given one
        command = "predict" if flag == "--set" else "explain"
        _run(command, "--cohort", "heart", "--participant", "nobody", flag, text, "--json")


_REQUEST = json.dumps(
    {
        "cohort": "heart",
        "participant_id": "nobody",
        "method": "random",
        "k": 3,
        "seed": 7,
        "limits": "behaviour",
        "ranges": {"bmi": [24, 30]},
        "levels": {"smoking": ["never"]},
        "frozen": ["age"],
    }
).encode()


def _request(content: bytes) -> None:
    _run("answer", content.decode("utf-8", "replace").replace("\0", ""))


_MODELS = b"""["lab"]
kind = "endpoint"
source = "http://127.0.0.1:8000/v1"
model = "meta-llama/Llama"
key = "LAB_KEY"
extra = { chat_template_kwargs = { enable_thinking = false } }

["mine"]
kind = "local"
source = "/models/mine"
"""
_REMOTE = b"""["127.0.0.1:8000"]
cohorts = ["nhanes", "heart"]

["gpu.example.org"]
cohorts = ["nhanes"]
restricted_cohorts = ["mine"]
unencrypted = true
"""


def _models(content: bytes) -> None:
    from sensecf_core.language.models import registry

    paths.var("models.toml").write_bytes(content)
    try:
        for spec in registry.registry().values():
            registry.folder_of(spec)
    finally:
        paths.var("models.toml").unlink()


def _remote(content: bytes) -> None:
    from sensecf_core.language.models.registry import ModelSpec
    from sensecf_core.language.remote import allow_list

    paths.var("remote.toml").write_bytes(content)
    spec = ModelSpec.model_validate({"name": "lab", "kind": "endpoint", "source": "http://127.0.0.1:8000/v1"})
    try:
        allow_list.allowed(spec, "heart", restricted=False)
    finally:
        paths.var("remote.toml").unlink()


def _heart_adapter() -> Path:
    return next((paths.MODELS / "adapters" / "heart").glob("[!.]*/"))


def _adapter_file(name: str) -> bytes:
    return (_heart_adapter() / name).read_bytes()


def _adapter(name: str, content: bytes) -> None:
    """One damaged file beside the others, in the adapter that was chosen."""
    from sensecf_core.datasets import registry
    from sensecf_core.language.models import adapter_choice, adapters

    cohort = registry.load("heart")
    folder = adapters.own_folder(cohort, "mine")
    if not folder.exists():
        shutil.copytree(_heart_adapter(), folder)
    whole = (_heart_adapter() / name).read_bytes()
    try:
        (folder / name).write_bytes(content)
        adapter_choice._choices_path().write_text(json.dumps({"heart": str(folder)}))
        adapters.checked_config(
            adapter_choice.require(cohort, adapters.adapters(cohort)[0].card.base_sha256).folder
        )
    finally:
        (folder / name).write_bytes(whole)


def _choice(content: bytes) -> None:
    from sensecf_core.datasets import registry
    from sensecf_core.language.models import adapter_choice, adapters

    adapter_choice._choices_path().write_bytes(content)
    cohort = registry.load("heart")
    adapter_choice.require(cohort, adapters.adapters(cohort)[0].card.base_sha256)


def _archives() -> Callable[[random.Random], bytes]:
    """A classifier's archive, damaged as bytes, or in the JSON that describes it."""
    whole = next((paths.MODELS / "classifiers").glob("heart*/*.skops")).read_bytes()

    def make(dice: random.Random) -> bytes:
        if dice.random() < 0.4:
            return damaged(whole, dice)
        made = BytesIO()
        with zipfile.ZipFile(BytesIO(whole)) as old, zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, damaged(content, dice) if name.endswith(".json") else content)
        return made.getvalue()

    return make


def _archive(content: bytes) -> None:
    from sensecf_core.classifiers import serialization
    from sensecf_core.cohorts.builtin import read_schema

    with suppress(serialization.DamagedError, serialization.UntrustedError):
        serialization.read(read_schema("heart"), content, content, training={})


def _summary() -> bytes:
    return next(paths.COMMITTED_RESULTS.glob("benchmark/*/config.json")).read_bytes()


def _read_summary(content: bytes) -> None:
    from sensecf_core.evaluation.benchmark import run_folder

    for name in (run_folder.CONFIG, run_folder.SUMMARY):
        target = paths.var("runs", "benchmark", "damaged", name)
        target.write_bytes(content)
    for run in run_folder.runs("heart"):
        if not run.committed:
            with suppress(OSError, ValueError):  # what it says that it raises
                run.summary()


PATHS = ("/", "/Participants", "/Interventions", "/..%2f..%2fetc/passwd", "//evil", "/%00", "/\\evil")
PARAMETERS = ("cohort", "participant", "row", "answer", "job", "comparison", "token", *WORDS)


def _address(dice: random.Random) -> bytes:
    values = (*NUMBERS, *WORDS)
    query = "&".join(f"{dice.choice(PARAMETERS)}={dice.choice(values)}" for _ in range(dice.randrange(4)))
    return f"{dice.choice(PATHS)}?{query}".encode("utf-8", "surrogatepass")


def _visit(content: bytes) -> None:
    """Through the guard: an answer, and never a redirect to elsewhere."""
    import asyncio

    from sensecf_core.ui.server.guard import Guard

    path, _, query = content.partition(b"?")
    sent: list[dict[str, object]] = []

    async def page(scope: object, receive: object, send: Callable[..., object]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[misc]

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path.decode("utf-8", "replace"),
        "query_string": query,
        "headers": [(b"host", b"127.0.0.1:8501"), (b"cookie", query[:200])],
    }
    asyncio.run(Guard(page, "0")(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] in (200, 303, 403)
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload]
    assert not headers.get(b"location", b"/").startswith((b"//", b"/\\", b"http"))


def _run(*arguments: str) -> None:
    """One command in this process; its sentence is one line, and its code is one of the program's."""
    from sensecf_core.cli.program import BAD_INPUT, FAILED, main

    said = StringIO()
    with redirect_stdout(StringIO()), redirect_stderr(said):
        code = main(arguments)
    assert code in (0, FAILED, BAD_INPUT), (code, said.getvalue())
