"""Find out how a text file is written before any of it is read: its encoding, or what else it is."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from sensecf_core.cohorts.own.problems import UnreadableError, shown

SAMPLE = 1 << 16
"""Bytes of the file's beginning by which it is recognised."""

SAVE = "Save the table as CSV in UTF-8"

_STARTS = (
    (b"PK\x03\x04", "an Excel workbook or another zip file", "Call it data.xlsx if it is a workbook."),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old form (.xls)", f"{SAVE}."),
    (b"\x1f\x8b", "a compressed file (gzip)", "Unpack it."),
    (b"PAR1\x15", "a Parquet file", "Call it data.parquet."),
    (b"%PDF-", "a PDF", f"{SAVE}."),
    (rb"\$FL[23]@\(#\)", "an SPSS file", f"{SAVE}."),
    (b"<stata_dta>", "a Stata file", f"{SAVE}."),
    (rb"\{\\rtf", "a text document (RTF)", f"{SAVE}."),
    (rb"(?i:<!doctype\s|<(?:html|table)[\s>])", "a web page", f"{SAVE}."),
    (rb"<\?xml\s", "an XML file", f"{SAVE}."),
    (b"SQLite format 3\0", "an SQLite database", f"{SAVE}."),
    (b"ARROW1\0\0", "an Arrow (Feather) file", f"{SAVE}."),
    (b"\x89HDF\r\n", "an HDF5 file", f"{SAVE}."),
    (rb"RD[ABX][23]\n", "an R data file", f"{SAVE}."),
    (rb"HEADER RECORD\*{7}", "a SAS transport file", f"{SAVE}."),
    (rb"(?i:@relation\s)", "an ARFF file", f"{SAVE}."),
    (b"\x80[\2-\5]", "a Python pickle", f"{SAVE}."),
    (b"\x89PNG\r\n", "a picture", f"{SAVE}."),
    (b"BZh[1-9]1AY&SY", "a compressed file (bzip2)", "Unpack it."),
    (b"\xfd7zXZ\0", "a compressed file (xz)", "Unpack it."),
)
"""First bytes of files that are no CSV (patterns), what they are, and what to do.

Enough of them that no header of a CSV has them; only web pages and ARFF files ignore case.
"""
_JSON = re.compile(rb"\[\s*[\[{\]]|\{\s*[\"}]")

_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_GUESSED = (
    ("windows-1251", "CYRILLIC"),
    ("koi8-r", "CYRILLIC"),
    ("windows-1253", "GREEK"),
    ("gb18030", "CJK"),
    ("shift_jis", "CJK"),
)
"""Encodings of other scripts, and the word by which Unicode names their letters."""
_WESTERN = ("windows-1252", "windows-1250", "iso8859-2", "cp850", "mac_roman")
"""Encodings of Latin letters with accents, the likeliest first."""
_LETTER = r"[^\W\d_]"
_UNITS = r"(?:kat|mol|[cm]?m|[gGlLsSUVAFNWM]|IU|[eE]q|Pa|Sv|Gy)"
_SIGNS = re.compile(
    "|".join(
        place.replace("@", _LETTER)
        for place in (
            rf"(?<!@)µ(?={_UNITS}(?!@)|(?!\w))",
            "(?<=[0-9)])[²³](?!@)|(?<=(?<!@)[A-Za-z])[²³](?!@)|(?<=[cdkmµ]m)[²³](?!@)|(?<=[0-9-])¹(?!@)",
            r"(?<!@)±(?!@)|±(?=(?:SD|SE|SEM|CI)\b)",
            "°|(?<=[0-9nN])º(?!@)|(?<=[0-9])ª(?!@)",
            r"(?<!@)[£€](?=[kKmM]\b|(?!@))",
            r"(?<!@)[–—]|[–—](?=[A-Z0-9])|(?<=[a-z]{4})–(?=[b-df-hj-np-tv-z][a-z]{2})",
            r"(?<=@)’(?=(?:s|t|d|m|re|ve|ll)\b)|(?:(?<=[0-9])|(?<=@s))’(?!@)|(?<=[0-9])”(?!@)",
            r"(?<=\b[cdjlmnstCDJLMNST])’(?=[aeiouyhàâéèêîôûœAEIOUYHÀÂÉÈÊÎÔÛŒ])|(?<=[qQ]u)’(?=@)",
            r"(?<=\b[DO])’(?=[A-Z])|(?<=@)´(?=@)",
            r"(?<=[^\W_tTlL])…(?!@)|(?<=\w)[™®](?!@)|(?<=\w)·(?=\w)|(?<![A-Z])[×÷]",
            "(?<!@)[©§†‡•‰½¼¾](?!@)|(?<!@)«|»(?!@)",
            r"(?<!\w)[¿¡](?=[A-ZÁÉÍÓÚÑ])",
            r"(?<!@)\xa0|\xa0(?=[A-Z0-9(\[<>=%/+±µ–])",
        )
    )
)
"""Signs of Western text beside what they stand beside: µ before a unit, ² behind one, ’ in don’t and d’Or.

Elsewhere they are likelier letters of another encoding: "ma³y" is "mały".
"""
_QUOTED = re.compile(r"(?<![^\W_])(?:“[^“”\n]{1,80}”|„[^„“”\n]{1,80}[“”]|[‘‚][^‘’\n]{1,80}[’‘])(?![^\W_])")


def encoding_of(path: Path, declared: str) -> str:
    """Return the encoding to read a CSV file with: what the schema declares, else UTF-8 (a mark is skipped).

    Raises
    ------
    UnreadableError : the file is no text, or its encoding is another one; says which, and where one sees it.
    """
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    begin = start.lstrip(b"\xef\xbb\xbf \r\n")
    for mark, what, mend in _STARTS:
        if re.match(mark, begin):
            raise UnreadableError(path.name, f"this is {what}, not CSV", mend)
    if _JSON.match(begin):
        raise UnreadableError(path.name, "this is a JSON file, not CSV", f"{SAVE}.")
    wide = _wide(start)
    if declared:
        if not wide and declared.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
            text = f"the schema says that the file is {declared}, but it does not look so"
            raise UnreadableError(path.name, text, "Take `encoding` out of the schema.")
        return "utf-8-sig" if declared.lower().replace("_", "-") in ("utf-8", "utf8") else declared
    if wide:
        what = f"{wide.upper()} text" + (" (Excel's “Unicode text”)" if wide == "utf-16" else "")
        mend = f'{SAVE} (Excel: “CSV UTF-8”), or write `encoding = "{wide}"` at the top of schema.toml.'
        raise UnreadableError(path.name, f"the file is {what}, not UTF-8", mend)
    return "utf-8-sig"


def recognised(path: Path) -> str:
    """Return the encoding that a schema has to name for a CSV file, "" where it is UTF-8; a guess otherwise.

    Raises ``UnreadableError`` for what is no text, and where nothing fits.
    """
    with path.open("rb") as file:
        if wide := _wide(file.read(SAMPLE)):
            return wide
    used = encoding_of(path, "")
    try:
        with path.open(encoding=used) as text:
            while text.read(1 << 20):
                pass
    except UnicodeError:
        error, looks = _undecodable(path, used)
        if looks is None:
            raise error from None
        return looks
    return ""


def undecodable(path: Path, encoding: str) -> UnreadableError:
    """Say in which line of a file its bytes do not fit the encoding, and which encoding they look like."""
    return _undecodable(path, encoding)[0]


def _undecodable(path: Path, encoding: str) -> tuple[UnreadableError, str | None]:
    sought = "utf-8" if encoding == "utf-8-sig" else encoding
    number = 0
    with path.open("rb") as file:
        for line in file:
            number += 1
            try:
                line.decode(sought)
            except UnicodeDecodeError:
                break
        else:  # an encoding that a cut at a line's end breaks
            return UnreadableError(path.name, f"the file is not {sought} text", f"{SAVE}."), None
        looks = guess(line + file.read(SAMPLE))
    what = "UTF-8" if sought == "utf-8" else sought
    if looks is None:
        return UnreadableError(path.name, f"the file is not {what} text", f"{SAVE}.", str(number)), None
    words = re.split(r"[,;\t|\"\s]+", line.decode(looks, "replace"))
    word = next((shown(word) for word in words if not word.isascii()), "")
    text = f"the file is not {what} text; it looks like {looks}, in which this line has {word}"
    mend = f'{SAVE}, or write `encoding = "{looks}"` at the top of schema.toml if that word is right.'
    return UnreadableError(path.name, text, mend, str(number)), looks


def guess(content: bytes) -> str | None:
    """Guess the 8-bit or East Asian encoding of text that is not UTF-8; None where nothing fits."""
    if sum(byte < 32 and byte not in b"\t\n\r\f" for byte in content):
        return None
    if _share_of(content, "shift_jis", "HIRAGANA") > 0.3:  # the bytes are also Chinese signs nobody writes
        return "shift_jis"
    foreign = [(name, _share_of(content, name, script)) for name, script in _GUESSED]
    name, share = max(foreign, key=lambda found: found[1])
    # Letters of another script stand beside each other; accents of Western text stand alone.
    runs = sum(1 for one, two in pairwise(content) if one > 127 and two > 127)
    if share > 0.9 and runs > sum(byte > 127 for byte in content) / 3:
        return name
    western = [(name, _share_of(content, name, "LATIN")) for name in _WESTERN]  # the first of equal ones
    name, share = max(western, key=lambda found: found[1])
    return name if share > 0.5 else None


def _share_of(content: bytes, encoding: str, script: str) -> float:
    """Share of a text's letters and signs beyond ASCII that are of a script; 0 where it cannot be read so."""
    try:
        text = content.decode(encoding, "strict" if encoding != "gb18030" else "replace")
    except UnicodeDecodeError as error:
        if error.end < len(content) - 4:  # a sign cut at the end is no sign of anything
            return 0.0
        text = content[: error.start].decode(encoding)
    beyond = [place for place, sign in enumerate(text) if ord(sign) > 127]
    if not beyond:
        return 0.0
    signs = _signs_in_place(text) if script == "LATIN" else set()
    around = f" {text} "
    fits = sum(place in signs or _is_letter(around[place : place + 3], script) for place in beyond)
    return fits / len(beyond)


def _signs_in_place(text: str) -> set[int]:
    """Places of the signs, other than letters, that stand where Western text has them."""
    places = {found.start() for found in _SIGNS.finditer(text)}
    for found in _QUOTED.finditer(text):
        places |= {found.start(), found.end() - 1}
    return places


def _is_letter(around: str, script: str) -> bool:
    """Whether the second of three signs is a letter of a script, and stands where one can.

    A capital behind a small letter, a letter between digits, and another script's letter behind a Latin one
    are signs of another encoding.
    """
    before, sign, after = around[0], around[1], around[2]
    if not unicodedata.name(sign, "").startswith((script, "HIRAGANA", "KATAKANA")) or sign in "ﬁﬂ":
        return False
    if (before.islower() and sign.isupper()) or (before.isdigit() and after.isdigit()):
        return False
    if script == "CJK":  # 鲞 in Gr鲞e; behind a capital it may be right
        return not (before.isascii() and before.islower())
    return script == "LATIN" or not (before.isascii() and before.isalpha())


def _wide(start: bytes) -> str | None:
    """Recognise UTF-16 and UTF-32 by their mark, or by the zeros between Latin letters."""
    for mark, name in _WIDE:
        if start.startswith(mark):
            return name
    even, odd = start[0::2], start[1::2]
    first, second = (part.count(0) / max(len(part), 1) for part in (even, odd))
    if max(first, second) < 0.4 or min(first, second) > 0.1:
        return None
    return "utf-16-be" if first > second else "utf-16-le"
