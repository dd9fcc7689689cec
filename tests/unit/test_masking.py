"""Masking: what is secret goes, in the forms of several countries, and every other number stays."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_server.masking import Masking
from tests.masked import LOG_LINES, harmless, secrets

ROOT = Path(__file__).parents[2]
ANYWHERE = Masking(("US", "DE", "ES"))


@cache
def of(*regions: str) -> Masking:
    return Masking(regions)


def test_of_200_sentences_what_is_secret_is_masked_and_nothing_else() -> None:
    masked = [(said, left, of(region).mask(said)) for region, said, left in secrets()]
    kept = [(said, said, of(region).mask(said)) for region, said in harmless()]
    cases = [*masked, *kept]
    right = sum(found == left for _, left, found in masked)
    precision = right / sum(found != said for said, _, found in cases)
    recall = right / len(masked)
    print(f"{len(cases)} sentences, {len(masked)} with a secret: precision {precision:.1%}, recall {recall:.1%}")
    assert len(cases) >= 200
    assert len(masked) >= 100
    assert precision >= 0.97, [case for case in cases if case[2] not in {case[0], case[1]}]
    assert recall >= 0.95, [case for case in masked if case[1] != case[2]]


def test_numbers_of_everyday_stay_also_where_the_country_is_not_known() -> None:
    masking = Masking.of_host({})
    changed = [said for _, said in harmless() if masking.mask(said) != said]
    assert len(changed) <= 1, changed


@pytest.mark.parametrize("region", ["US", "GB", "DE", "ES", "FR", "IT", "NL", "DK", "NO", "SE", "PL", "MX", "CN", "IN"])
def test_ids_times_versions_and_sizes_in_log_lines_stay(region: str) -> None:
    lines = LOG_LINES.strip().splitlines()
    assert list(map(of(region).mask, lines)) == lines


@pytest.mark.parametrize(
    ("environment", "masked"),
    [
        ({"LANG": "de_DE.UTF-8"}, "0171 2345678"),
        ({"LC_ALL": "", "LC_TELEPHONE": "es_ES", "LANG": "de_DE.UTF-8"}, "612 345 678"),
        ({"LC_ALL": "en_US", "LANG": "de_DE.UTF-8"}, "(202) 456-1414"),
        ({"LANG": "fr_CH@euro"}, "044 668 18 00"),
        ({"LANG": "C.UTF-8"}, "0171 2345678"),
        ({"LANG": "en"}, "+81 3-1234-5678"),
    ],
)
def test_numbers_of_the_hosts_country_are_known(environment: dict[str, str], masked: str) -> None:
    assert Masking.of_host(environment).mask(f"it is {masked} here") == "it is <phone> here"


def test_a_number_of_another_country_needs_its_code() -> None:
    assert of("US").mask("unter 0171 2345678") == "unter 0171 2345678"
    assert of("US").mask("unter +49 171 2345678") == "unter <phone>"
    assert Masking(()).mask("unter 0171 2345678 oder +49 171 2345678") == "unter 0171 2345678 oder <phone>"


def test_what_is_masked_stays_as_it_is_when_it_is_masked_again() -> None:
    for region, said, left in secrets():
        assert of(region).mask(left) == left
        assert of(region).mask(of(region).mask(said)) == of(region).mask(said)


@given(st.text(max_size=300) | st.from_regex(r"[0-9 +()./@a-z-]{0,80}", fullmatch=True))
def test_no_text_is_too_odd_to_be_masked(text: str) -> None:
    masked = ANYWHERE.mask(text)
    assert masked == text or "<" in masked


class Pair(NamedTuple):
    first: str
    second: int


class Shown:
    def __repr__(self) -> str:
        return "Shown('ada@example.com')"


def test_nested_values_are_masked_and_keep_their_shapes() -> None:
    value = {"a@b.com": ["ada@example.com", 4111111111111111, None, True, ("x", 1.5)], "b": {"c": "ok"}}
    assert ANYWHERE.mask_all(value) == {
        "a@b.com": ["<email>", 4111111111111111, None, True, ("x", 1.5)],
        "b": {"c": "ok"},
    }
    assert ANYWHERE.mask_all(Shown()) == "Shown('<email>')"
    assert ANYWHERE.mask_all(Pair("ada@example.com", 1)) == "Pair(first='<email>', second=1)"
    pair = Pair("Ada", 1)
    assert ANYWHERE.mask_all(pair) is pair


def test_the_libraries_are_loaded_with_the_first_number_that_needs_them() -> None:
    script = """
import sys
from ai_server.masking import Masking
masking = Masking(("US",))
masking.mask("request 550e8400-e29b-41d4-a716-446655440000 took 30000 ms, ada@example.com")
print("phonenumbers" in sys.modules, "stdnum" in sys.modules)
masking.mask("call (202) 456-1414")
print("phonenumbers" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False", "True"]
