from __future__ import annotations

import pytest

from sensecf_core.errors import InputError
from sensecf_core.language.models.registry import ModelSpec, spec
from sensecf_core.language.remote import allow_list
from sensecf_core.language.remote.allow_list import allowed, is_loopback, notice
from sensecf_core.paths import var


def permit(text: str) -> None:
    var(allow_list.FILE).write_text(text, encoding="utf-8")


def endpoint(source: str) -> ModelSpec:
    return ModelSpec(name="served", kind="endpoint", source=source)


LOCAL = endpoint("http://127.0.0.1:8000/v1")
LAB = endpoint("http://gpu.lab:8000/v1")


def test_without_a_line_nothing_is_sent_not_even_to_this_machine() -> None:
    for model in (spec("gpt-4o"), LOCAL, LAB):
        with pytest.raises(InputError, match="not allowed to see the cohort 'nhanes'") as raised:
            allowed(model, "nhanes", restricted=False)
        assert "remote.toml" in str(raised.value) and "\n" not in str(raised.value)


def test_a_host_is_allowed_by_cohort() -> None:
    permit('["api.openai.com"]\ncohorts = ["heart"]\n')
    host = allowed(spec("gpt-4o"), "heart", restricted=False)
    assert (host.name, host.leaves_machine, host.cohort) == ("api.openai.com", True, "heart")
    with pytest.raises(InputError):
        allowed(spec("gpt-4o"), "nhanes", restricted=False)
    with pytest.raises(InputError):
        allowed(endpoint("https://api.openai.com.evil.org/v1"), "heart", restricted=False)


def test_a_port_can_be_named_and_allows_no_other() -> None:
    permit('["127.0.0.1:8000"]\ncohorts = ["*"]\n')
    assert allowed(LOCAL, "nhanes", restricted=False).leaves_machine is False
    with pytest.raises(InputError):
        allowed(endpoint("http://127.0.0.1:8001/v1"), "nhanes", restricted=False)


def test_restricted_cohorts_need_their_own_line() -> None:
    permit('["127.0.0.1"]\ncohorts = ["*", "my_cohort"]\n')
    with pytest.raises(InputError, match=r"restricted cohort 'my_cohort'.*`restricted_cohorts = "):
        allowed(LOCAL, "my_cohort", restricted=True)
    permit('["127.0.0.1"]\nrestricted_cohorts = ["*"]\n')
    with pytest.raises(InputError):
        allowed(LOCAL, "my_cohort", restricted=True)
    permit('["127.0.0.1"]\nrestricted_cohorts = ["my_cohort"]\n')
    assert allowed(LOCAL, "my_cohort", restricted=True)
    with pytest.raises(InputError):
        allowed(LOCAL, "nhanes", restricted=False)


def test_plain_http_to_another_machine_is_refused_unless_it_is_accepted() -> None:
    permit('["gpu.lab"]\ncohorts = ["nhanes"]\n')
    with pytest.raises(InputError, match="unencrypted; use https"):
        allowed(LAB, "nhanes", restricted=False)
    assert allowed(endpoint("https://gpu.lab:8000/v1"), "nhanes", restricted=False)
    permit('["gpu.lab"]\ncohorts = ["nhanes"]\nunencrypted = true\n')
    assert allowed(LAB, "nhanes", restricted=False).leaves_machine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[127", "cannot be read"),
        ('["a"]\ncohort = ["x"]', "`a.cohort`"),
        ('a = "x"', "`?a`?"),
        ('["a"]\ncohorts = "*"', "`a.cohorts`|`cohorts`"),
    ],
)
def test_a_damaged_list_allows_nothing(text: str, message: str) -> None:
    permit(text)
    with pytest.raises(InputError, match=rf"remote\.toml.*({message}|:)"):
        allowed(LOCAL, "nhanes", restricted=False)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("[::1]", True),
        ("127.0.0.1.evil.org", False),
        ("localhost.evil.org", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("api.openai.com", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_it_says_where_the_data_go() -> None:
    assert notice(spec("smollm2-135m")) is None
    assert "LEAVE THIS MACHINE" in (notice(spec("gpt-4o")) or "")
    assert "LEAVE" not in (notice(LOCAL) or "") and "127.0.0.1:8000" in (notice(LOCAL) or "")
