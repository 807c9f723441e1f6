"""Read cells as numbers in the ways that people and programs write them, and say what other cells are.

A cell that is written in another way than ``-12.5`` is read only where one reading is possible, and how it
was read comes back with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensecf_core.types import Floats, Span

MISSING = frozenset({"na", "n/a", "nan", "null", "none"})
"""Texts (in any case) that mean "not measured", like an empty cell; a level of that name has priority."""

MISSING_MARKS = frozenset(
    {
        *("#n/a", "#n/a n/a", "#na", "#div/0!", "#null!", "#num!", "#ref!", "#value!", "#name?", "#error!"),
        *("-1.#ind", "1.#qnan", "-nan", "<na>", "nat", ".", "-", "--", "---", "–", "—", "missing"),
        *("not measured", "not available", "not applicable"),
    }
)
"""What spreadsheets and statistics programs write for it."""
_ERROR = re.compile(
    "#(?:"
    r"SPILL!|CALC!|FIELD!|BLOCKED!|UNKNOWN!|CONNECT!|BUSY!|GETTING_DATA|"
    r"NV|WERT!|BEZUG!|ZAHL!|ÜBERLAUF!|KALK!|"  # German
    r"VALEUR!|NOMBRE!|NOM\?|NUL!|PROPAGATION!|CALCUL!|"  # French
    r"N/D|¡VALOR!|¡REF!|¡DIV/0!|¡NUM!|¿NOMBRE\?|¡NULO!|NOMBRE\?|"  # Spanish
    r"VALOR!|NÚM!|NOME\?|NULO!|DESPEJAR!|"  # Portuguese
    r"VALORE!|RIF!|NULLO!|"  # Italian
    r"N/B|WAARDE!|VERW!|DEEL/0!|GETAL!|NAAM\?|LEEG!|"  # Dutch
    r"ARG!|ADR!|DZIEL/0!|LICZBA!|NAZWA\?|ZERO!|"  # Polish
    r"SAKNAS!|VÄRDEFEL!|REFERENS!|DIVISION/0!|OGILTIGT!|NAMN\?|SKÄRNING!|"  # Swedish
    r"I/T|VÆRDI!|REFERENCE!|NAVN\?|VERDI!|"  # Danish, Norwegian
    r"PUUTTUU!|ARVO!|VIITTAUS!|JAKO/0!|LUKU!|NIMI\?|TYHJÄ!|"  # Finnish
    r"HODNOTA!|ODKAZ!|ČÍSLO!|NÁZEV\?|"  # Czech
    r"HIÁNYZIK|ÉRTÉK!|HIV!|ZÉRÓOSZTÓ!|SZÁM!|NÉV\?|NULLA!|"  # Hungarian
    r"YOK|DEĞER!|BAŞV!|SAYI/0!|SAYI!|AD\?|BOŞ!|"  # Turkish
    r"Н/Д|ЗНАЧ!|ССЫЛКА!|ДЕЛ/0!|ЧИСЛО!|ИМЯ\?|ПУСТО!"  # Russian
    ")"
)
"""The same in a spreadsheet's other languages, always in capitals: ``#red`` is a level."""

FORMULA_STARTS = ("=", "@")
"""First characters of a spreadsheet formula in text columns (``+`` and ``-`` may start numbers)."""

COMMA, COMMA_GROUPS, POINT_GROUPS = (
    "a comma for decimals",
    "commas between thousands",
    "points between thousands",
)
SPACE_GROUPS, MARK_GROUPS, SIGNS, UNIT = (
    "spaces between thousands",
    "apostrophes between thousands",
    "digits of another script",
    "the unit behind the number",
)

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA_GROUPS = re.compile(r"[+-]?[1-9](?:\d{0,2}(?:,\d{3})+|\d?(?:,\d{2})+,\d{3})(?:\.\d*)?", re.ASCII)
"""In threes, or as in India (12,34,567)."""
_POINT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?", re.ASCII)
_GAP = " \u00a0\u2007\u2009\u202f'’"
_SPACE_GROUPS = re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:[{_GAP}]\d{{3}})+(?:[.,]\d*)?", re.ASCII)
_MINUS = str.maketrans({"−": "-", "－": "-", "．": ".", "٫": ".", "，": ","})

_MONTH = r"(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-z]*\.?"
_KINDS = (
    (r"\d{4}-\d{1,2}(-\d{1,2}([T ].*)?)?|\d{4}/\d{1,2}/\d{1,2}.*|\d{8}T\d+.*", "date"),
    (r"\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})?(\s.*)?", "date with points"),
    (r"\d{1,2}/\d{1,2}/(\d{4}|\d{2})(\s.*)?|\d{1,2}-\d{1,2}-(\d{4}|\d{2})", "date with strokes"),
    (
        rf"(\d{{1,2}}[-. ]+)?{_MONTH}[-., ]*\d{{1,4}}(,? *\d{{4}})?|\d{{1,2}}[-. ]+{_MONTH}.*|{_MONTH}",
        "date in words",
    ),
    (r"\d{1,3}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]\.?m\.?)?|\d+ ?h ?\d+( ?min)?", "time"),
    (r"[<>≤≥≦≧~≈±]\s*=?\s*[+-]?\d.*|\d+\s*\+|(under|over|above|below|less|more)\b.*\d.*", "bound"),
    (r"[+-]?\d+([.,]\d+)?\s*(-|–|—|\.\.|to|bis)\s*\d+([.,]\d+)?", "range"),
    (r"\d+([.,]\d+)?\s*/\s*\d+([.,]\d+)?", "two numbers"),
    (r"[+-]?(inf(inity)?|∞|1\.#inf)", "infinite"),
    (r"['\"`´‘’“”„]\s*[+-]?\d[\d.,]*\s*['\"`´‘’“”]", "quoted number"),
    (r"[=@].+|[+-][^\d\s.,].*|[+-]?\d[^\s(|!]*[*/^+-][^\s(|!]*[(|!].*", "formula"),
    (r"[+-]?\d+([.,]\d+)*\s*[*†‡§^#!HLhl]{1,2}|[*†‡§]\s*\d.*", "marked number"),
    (r"[+-]?\d+([.,]\d+)*\s*\S.*|[$€£¥]\s*[+-]?\d.*|\([+-]?\d[^()]*\)", "number with text"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), kind) for pattern, kind in _KINDS)

_DATE_MEND = (
    "Write a number, such as the age in years or the days since a fixed day; an id or a remark is no feature."
)
_SAYS = {
    "date": ("{} is a date, not a number", _DATE_MEND),
    "date with points": ("{} is a date, not a number", _DATE_MEND),
    "date with strokes": ("{} is a date, not a number", _DATE_MEND),
    "date in words": ("{} is a date, not a number (a spreadsheet makes dates of cells like 3-2)", _DATE_MEND),
    "time": ("{} is a time, not a number", "Write a number: 7:30 is 7.5 hours or 450 minutes."),
    "bound": (
        "{} is a bound, not a number",
        "Write the number you take for it, or leave the cell empty.",
    ),
    "range": ("{} is a range, not a number", "Write one number, or make it a feature with levels."),
    "two numbers": ("{} is two numbers, not one", "Make two columns of it."),
    "infinite": ("{} is not a number that can be kept", "Write the number itself, or leave the cell empty."),
    "quoted number": ("{} is a number in quotes", "Write the number alone."),
    "formula": ("{} is a formula, not a number", "Write the number itself, or leave the cell empty."),
    "marked number": ("{} is a number with a mark", "Write the number alone."),
    "number with text": (
        "{} is a number with something beside it",
        "Write the number alone, and its unit in the schema.",
    ),
    "code": ("{} is not a number; a code for “not measured”?", "If it is, declare it: `missing = [{}]`."),
    "word": (
        "{} is not a number",
        "Write the number itself; if it means not measured, declare it: `missing = [{}]`.",
    ),
}
_CODE_WORDS = frozenset(
    {
        *(
            "?",
            "*",
            "x",
            "n.d.",
            "nd",
            "n.a.",
            "n.b.",
            "k.a.",
            "na.",
            "unknown",
            "unk",
            "refused",
            "invalid",
            "error",
        ),
        *(
            "not done",
            "not known",
            "don't know",
            "dk",
            "declined",
            "pending",
            "hemolyzed",
            "haemolysed",
            "blank",
        ),
        *(
            "unbekannt",
            "inconnu",
            "desconocido",
            "fehlt",
            "manquant",
            "out of range",
            "fail",
            "failed",
            "quality",
        ),
    }
)


@dataclass(frozen=True)
class Reading:
    """Distinct cells read as numbers.

    Attributes
    ----------
    values : shape (cells,); NaN where a cell is no number.
    how : per cell, in which way it was read; "" where it stands so.
    doubt : why the commas or points of this column cannot be read, as the end of a sentence; else None.
    """

    values: Floats
    how: tuple[str, ...]
    doubt: str | None = None


def is_missing(cell: object) -> bool:
    """Whether a cell says "not measured" in one of the usual ways."""
    if not isinstance(cell, str):
        return cell is None
    plain = cell.lower()
    return plain in MISSING or plain in MISSING_MARKS or (cell[:1] == "#" and bool(_ERROR.fullmatch(cell)))


def gaps_of(distinct: Iterable[Any]) -> Callable[[object], bool]:
    """How to tell the gaps of one column: :func:`is_missing`, but - is a result where +, ++ or +++ is."""
    pluses = {cell for cell in distinct if isinstance(cell, str) and cell and not cell.strip("+")}
    if not pluses:
        return is_missing
    results = {"-", *(cell.replace("+", "-") for cell in pluses)}
    return lambda cell: cell not in results and is_missing(cell)


def declared(codes: Iterable[str | int | float], cell: object) -> bool:
    """Whether a cell is one of the codes that a schema declares: the same text, or the same number."""
    if cell is None or isinstance(cell, bool):
        return False
    number = _plain_number(cell)
    return any(
        str(code) == str(cell) if (value := _plain_number(code)) is None else value == number
        for code in codes
    )


def has_decimal_commas(cells: Sequence[Any]) -> bool:
    """Whether a column can only be read with a comma for decimals."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    commas = [text for text in texts if "," in text]
    fits = [bool(_COMMA.fullmatch(text) or _POINT_GROUPS.fullmatch(text)) for text in commas]
    return bool(commas) and all(fits) and any(not _COMMA_GROUPS.fullmatch(text) for text in commas)


def read_numbers(
    cells: Sequence[Any],
    *,
    unit: str = "",
    whole: bool = False,
    span: Span | None = None,
    commas: bool = False,
) -> Reading:
    """Read distinct cells of one column.

    Parameters
    ----------
    unit : the feature's unit; a number with exactly this behind it is read.
    whole : whether the feature is of whole numbers, so that 7,500 can only be seven thousand.
    span : the feature's valid range, which may leave one reading of 7,500.
    commas : whether the file writes commas for decimals elsewhere, so that 7.500 is seven thousand.
    """
    values, how, texts, open_cells = _read_each(cells, unit)
    points = _points_are_groups(texts, commas)
    if not open_cells and not points:
        return Reading(values, tuple(how))
    spelled = {place: texts[place] for place in open_cells}
    decimal, doubt = _decimal_sign(list(spelled.values()), texts, whole, span, points)
    if points:
        spelled |= {p: t for p, t in enumerate(texts) if "." in t and _POINT_GROUPS.fullmatch(t)}
    for place, text in spelled.items():
        value, said = _spelled(text, decimal)
        values[place], how[place] = (np.nan, "") if doubt else (value, said)
    return Reading(values, tuple(how), doubt)


def _read_each(cells: Sequence[Any], unit: str) -> tuple[Floats, list[str], list[str], list[int]]:
    """Read what each cell says by itself: values, how, the tidied texts, and the cells left to the column."""
    values = np.full(len(cells), np.nan)
    how = [""] * len(cells)
    texts = [""] * len(cells)
    open_cells: list[int] = []
    for place, cell in enumerate(cells):
        if isinstance(cell, bool):
            continue
        if isinstance(cell, int | float):
            values[place] = _finite(cell)
        elif _PLAIN.fullmatch(cell):
            values[place], texts[place] = _finite(cell), cell
        else:
            text, said = _tidied(cell, unit)
            texts[place] = text
            if _PLAIN.fullmatch(text):
                values[place], how[place] = _finite(text), said
            elif re.search(rf"\d[,.{_GAP}]\d|^[+-]?,\d", text):
                open_cells.append(place)
    return values, how, texts, open_cells


def oddness(cell: Any, unit: str = "") -> tuple[str, str, bool]:
    """Say what a cell is that is no number.

    Returns
    -------
    A text with ``{}`` for the cell, the mend, and whether all cells of that kind are told together.
    """
    if isinstance(cell, bool) or str(cell).lower() in ("true", "false"):
        return "{} is a truth value, not a number", "Write the number, or make the feature binary.", True
    text = str(cell).strip()
    if _PLAIN.fullmatch(text):
        return "{} is not a number that can be kept", "Write a smaller number, or leave the cell empty.", True
    kind = next((kind for pattern, kind in _COMPILED if pattern.fullmatch(text)), None)
    alone = kind is None
    if kind is None:
        kind = "code" if is_code(text) else "word"
    says, mend = _SAYS[kind]
    if kind == "number with text" and unit:
        mend = f"Write the number alone, in {unit}."
    return says, mend.replace("{}", quoted(text)), not alone


def is_code(text: str) -> bool:
    """Whether a text is one that people write for "not measured": a sign, a word for it, 99 or -9."""
    number = _plain_number(text)
    odd = not any(letter.isalnum() for letter in text) or text.casefold() in _CODE_WORDS
    return odd if number is None else is_code_like(number)


def is_code_like(value: float, low: float = 0.0) -> bool:
    """Whether a number is one of those that stand for "not measured": 99, 888, 97, or an odd negative.

    ``low`` is the least value that can be true.
    """
    digits = f"{abs(value):g}".replace(".", "")
    repeated = len(set(digits)) == 1 and digits[0] in "6789"
    refused = len(digits) > 1 and set(digits[:-1]) == {"9"} and digits[-1] in "678"
    return repeated or refused or (value < 0 <= low and value.is_integer())


def quoted(cell: object) -> str:
    """A cell as TOML writes it."""
    if isinstance(cell, int | float) or _PLAIN.fullmatch(str(cell)):
        return str(cell)
    plain = "".join(sign if sign.isprintable() else " " for sign in str(cell))
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _finite(cell: str | int | float) -> float:
    try:
        value = float(cell)
    except OverflowError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def _plain_number(cell: Any) -> float | None:
    numeric = isinstance(cell, int | float) and not isinstance(cell, bool)
    return _finite(cell) if numeric or (isinstance(cell, str) and _PLAIN.fullmatch(cell)) else None


def _tidied(cell: str, unit: str) -> tuple[str, str]:
    """Write a cell's digits, minus and point in ASCII, or take its unit away; say which was done."""
    text, said = cell, ""
    if not cell.isascii():
        text = text.translate(_MINUS)
        text = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text)
        said = SIGNS if text != cell else ""
    if unit and text.endswith(unit) and (bare := text.removesuffix(unit).rstrip()) and bare[-1].isdigit():
        return bare, UNIT
    return text, said


def _points_are_groups(texts: Sequence[str], commas: bool) -> bool:
    """Whether every point of a column separates thousands, in a file that writes commas for decimals."""
    pointed = [text for text in texts if "." in text]
    return commas and bool(pointed) and all(_POINT_GROUPS.fullmatch(text) for text in pointed)


def _decimal_sign(
    open_texts: list[str], texts: list[str], whole: bool, span: Span | None, points: bool
) -> tuple[str, str | None]:
    """Decide which of point and comma is for decimals; else say why that cannot be decided."""
    commas = [text for text in open_texts if "," in text]
    as_comma = all(any(way.fullmatch(t) for way in (_COMMA, _POINT_GROUPS, _SPACE_GROUPS)) for t in commas)
    as_groups = all(_COMMA_GROUPS.fullmatch(t) for t in commas)
    if points or (as_comma and not as_groups):
        pointed = [t for t in texts if "." in t and "," not in t]
        if not points and any(_POINT_GROUPS.fullmatch(t) for t in pointed):
            return ",", "has commas for decimals and numbers with a point that may separate thousands"
        return ",", None
    # The point is for decimals already, or one number has two commas.
    settled = any("." in t for t in texts) or any(t.count(",") > 1 for t in commas)
    if not commas or not as_comma or whole or settled:
        return ".", None
    if span is not None:
        fits = {sign: all(span[0] <= _spelled(t, sign)[0] <= span[1] for t in commas) for sign in ".,"}
        if fits["."] != fits[","]:
            return ("." if fits["."] else ","), None
    return ".", "has commas that may be for decimals or between thousands"


def _spelled(text: str, decimal: str) -> tuple[float, str]:
    """Read one number with this sign for decimals; NaN where it is none."""
    if _SPACE_GROUPS.fullmatch(text):
        bare = re.sub(f"[{_GAP}]", "", text)
        return float(bare.replace(",", ".")), MARK_GROUPS if "'" in text or "’" in text else SPACE_GROUPS
    if decimal == ",":
        if _POINT_GROUPS.fullmatch(text):
            return float(text.replace(".", "").replace(",", ".")), POINT_GROUPS
        if _COMMA.fullmatch(text):
            return float(text.replace(",", ".")), COMMA
    elif _COMMA_GROUPS.fullmatch(text):
        return float(text.replace(",", "")), COMMA_GROUPS
    return np.nan, ""
