"""Which encoding a text's bytes look like, and which files are no text at all."""

from __future__ import annotations

import bz2
from pathlib import Path

import pandas as pd
import pytest

from sensecf_core.cohorts.own.problems import UnreadableError
from sensecf_core.cohorts.own.text_encoding import encoding_of, guess


@pytest.mark.parametrize(
    "text",
    [
        "Creatinine [µmol/L]",
        "WBC 10³/µL",
        "Größe [µm]",
        "Crohn’s",
        "10–20",
        "don’t,can’t,Größe",
        "5 ± 2,mean±SD",
        "price [€],£20",
        "BMI [kg/m²],37 °C",
        "“yes” or ‘no’",
        "20 — 30,other…",
        "patients’ age,l’âge,O’Brien",
        "Mann–Whitney,dose–response,½ tablet,Lantus®",
        "age\xa0(years)",
    ],
)
def test_windows_1252_is_known_by_its_signs(text: str) -> None:
    assert guess(text.encode("cp1252")) == "windows-1252"


@pytest.mark.parametrize(
    ("encoding", "texts"),
    [
        ("windows-1252", "régulier|Größe|années"),
        ("mac_roman", "régulier|clínica|très élevé|régulier, 5 ± 2 µg"),
        ("cp850", "régulier|niño|sesión|más|Età|città|Höhe|täglich"),
        ("iso8859-2", "książę|zażółć gęślą jaźń|ťažký, 5 °C"),
        ("windows-1250", "książę|zażółć gęślą jaźń|książę – 10–20"),
        ("windows-1251", "никогда|Пол, Возраст"),
        ("koi8-r", "Пол, Возраст"),
        ("gb18030", "性别,年龄"),
    ],
)
def test_other_encodings_are_known_by_their_letters(encoding: str, texts: str) -> None:
    codec = encoding.replace("windows-", "cp")
    listed = texts.split("|")
    assert [guess(text.encode(codec)) for text in listed] == [encoding] * len(listed)


@pytest.mark.parametrize(
    "header",
    ["par1,par2", "PAR1,PAR2", "PAR1\tx", "rdx2_dose,age", "RDX2,x", "bzhi,age", "BZh1,x", "arrow1,x"],
)
def test_a_header_is_no_mark_of_another_kind_of_file(header: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(f"{header}\n1,2\n")
    assert encoding_of(tmp_path / "data.csv", "") == "utf-8-sig"


def test_files_of_another_kind_are_named(tmp_path: Path) -> None:
    frame, path = pd.DataFrame({"a": [1, 2]}), tmp_path / "data.csv"
    for write, named in (
        (lambda: frame.to_parquet(path), "a Parquet file"),
        (lambda: frame.iloc[:0].to_parquet(path), "a Parquet file"),
        (lambda: frame.to_feather(path), "an Arrow"),
        (lambda: frame.to_pickle(path), "a Python pickle"),
        (lambda: frame.to_stata(path, version=118), "a Stata file"),
        (lambda: path.write_bytes(bz2.compress(b"a,b\n1,2\n")), "bzip2"),
        (lambda: path.write_bytes(b"RDX3\nX\n\0\0\0\3"), "an R data file"),
        (lambda: path.write_bytes(b"$FL2@(#) SPSS DATA FILE"), "an SPSS file"),
        (lambda: path.write_bytes(b"<!doctype html><p>"), "a web page"),
    ):
        write()
        with pytest.raises(UnreadableError) as error:
            encoding_of(path, "")
        assert named in str(error.value.problem)
