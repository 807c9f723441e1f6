"""The texts and descriptions at a release's root; each states that the data are synthetic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sensecf_core.aireadi.synthetic.files import documents, manifests
from sensecf_core.aireadi.synthetic.files.manifests import id_column
from sensecf_core.aireadi.synthetic.population.assumptions import GROUPS
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.provenance import PROGRAM

LABEL = "SYNTHETIC"
SENTENCE = (
    "SYNTHETIC DATA: no real person. Drawn by SenseCF from a statistical model, in the file format of "
    "AI-READI; not AI-READI data, not made from AI-READI rows, not for clinical use."
)
VERSIONS = {"v3": "3.0.0", "v2": "2.0.0", "v1": "1.0.0", "mini": "3.0.0-mini"}
PUBLISHER = "SenseCF (synthetic release, not FAIRhub)"
LICENCE = f"""{LABEL} DATA

{SENTENCE}

The files of this folder may be used by anyone for any purpose (CC0 1.0,
https://creativecommons.org/publicdomain/zero/1.0/). They are not covered by the AI-READI data licence, and
nothing in them may be reported as a finding about AI-READI's participants.
Names and concept ids of clinical items: AI-READI documentation (https://docs.aireadi.org), CC BY 4.0.
"""


def files(settings: Settings, origin: Mapping[str, str | None]) -> dict[str, str]:
    """Text of every file at the root except the tables, by name; ``origin``: program version and commit."""
    return {
        "README.md": _readme(settings, origin),
        "CHANGELOG.md": f"# Changelog ({LABEL})\n\n- {version(settings)}: made by SenseCF. {SENTENCE}\n",
        "LICENSE.txt": LICENCE,
        "healthsheet.md": _healthsheet(),
        "dataset_description.json": _json(_dataset(settings, origin)),
        "study_description.json": _json(_study()),
        "dataset_structure_description.json": _json(_structure()),
        "participants.json": _json(_columns(settings)),
        "clinical_data/dqd_omop.json": _json({"Overview": [{"note": SENTENCE, "countTotal": 0}]}),
    }


def version(settings: Settings) -> str:
    """The release's version: that of the layout, marked synthetic."""
    return f"{VERSIONS[settings.layout]}-synthetic"


def _json(value: Any) -> str:
    return json.dumps(value, indent=4)


def _readme(settings: Settings, origin: Mapping[str, str | None]) -> str:
    return f"""# {LABEL} release in the format of AI-READI ({settings.layout})

{SENTENCE}

- {settings.n} made-up participants (ids from 900001; real ids have four digits), {settings.days} days each,
  seed {settings.seed}{", compact" if settings.compact else ""}.
- Made with `{PROGRAM} aireadi synthesise`, SenseCF {origin.get("version")}, commit
  {origin.get("commit") or "unknown"}; the same command makes the same bytes.
- Calibrated on published figures only (Framingham 2024, doi 10.1210/clinem/dgae626; ADA cut-offs of HbA1c).
- Numbers of people by group, site and split, and how many lack a stream or have odd files, follow third-party
  counts of v3.0.0 (public notes, neither AI-READI's own nor verified). They are there as quirks to be
  read; no measured value is drawn with them.
- Everything else is an assumption: see `sensecf_core/aireadi/synthetic/population/assumptions.py`.
- Left out: retinal imaging, ECG, environmental sensor (FALSE in `participants.tsv`).
- Odd on purpose, as real files are: sentinels, "Low" / "High", NaN, text `None`, UTC times with a site's zone
  in the header, doubled records, bands that log after removal, averages that count sentinels.
- Associations between stress, heart rate, sleep, activity, meals and glucose are small and assumed in size.
"""


def _healthsheet() -> str:
    return f"""# Healthsheet ({LABEL})

{SENTENCE}

**Who is in it?** Nobody. **How was it collected?** It was not: a program drew it.
**What may it be used for?**
To try and test software that reads AI-READI releases. **What not?** Any statement about people, diabetes or
devices: a relation found in it was put there by its makers.
"""


def _dataset(settings: Settings, origin: Mapping[str, str | None]) -> dict[str, Any]:
    levels = {"deIdentType": "NoDeIdentification", "deIdentDirect": False, "deIdentHIPAA": False}
    levels |= {"deIdentDates": False, "deIdentNonarr": False, "deIdentKAnon": False}
    mini = " mini" if settings.layout == "mini" else ""
    return {
        "schema": "https://schema.aireadi.org/v0.1.0/dataset_description.json",
        "identifier": {
            "identifierValue": f"{LABEL}-{settings.layout}-{settings.seed}",
            "identifierType": "Local",
        },
        "title": [{"titleValue": f"{LABEL}{mini} release in the format of AI-READI, not real data"}],
        "version": version(settings),
        "creator": [{"creatorName": "SenseCF synthetic generator", "nameType": "Organizational"}],
        "publicationYear": "2026",
        "description": [{"descriptionValue": SENTENCE, "descriptionType": "Abstract"}],
        "resourceType": {"resourceTypeValue": f"{LABEL} dataset", "resourceTypeGeneral": "Dataset"},
        "datasetDeIdentLevel": {
            **levels,
            "deIdentDetails": f"{LABEL}: there is nobody to identify.",
        },
        "datasetConsent": {"consentType": "NoRestriction", "consentsDetails": f"{LABEL}: nobody was asked."},
        "managingOrganization": {"name": PUBLISHER},
        "accessType": "PublicOnScreenAccess",
        "accessDetails": {"description": SENTENCE},
        "rights": [{"rightsName": f"{LABEL} data, CC0 1.0; not the AI-READI data licence"}],
        "publisher": {"publisherName": PUBLISHER},
        "generator": {**origin, "seed": settings.seed, "n": settings.n, "days": settings.days}
        | {"layout": settings.layout, "compact": settings.compact},
    }


def _study() -> dict[str, Any]:
    return {
        "schema": "https://schema.aireadi.org/v0.1.0/study_description.json",
        "identificationModule": {
            "officialTitle": f"{LABEL}: no study took place",
            "acronym": f"{LABEL}",
            "orgStudyIdInfo": {"orgStudyId": f"{LABEL}"},
        },
        "descriptionModule": {"briefSummary": SENTENCE},
    }


def _structure() -> dict[str, Any]:
    folders = {
        "clinical_data": ("OMOP tables", []),
        "wearable_activity_monitor": (
            "Garmin Vivosmart 5 streams",
            [documents.KINDS[name].folder.split("/")[1] for name in manifests.BAND_COLUMNS],
        ),
        "wearable_blood_glucose": ("Dexcom G6", ["continuous_glucose_monitoring"]),
    }
    directories = [
        {
            "directoryName": name,
            "directoryType": "dataType",
            "directoryDescription": f"{LABEL}: {what}",
            "directoryList": [
                {"directoryName": stream, "directoryType": "modality", "directoryDescription": LABEL}
                for stream in streams
            ],
        }
        for name, (what, streams) in folders.items()
    ]
    names = (
        "README.md CHANGELOG.md LICENSE.txt healthsheet.md dataset_description.json study_description.json "
    )
    names += "dataset_structure_description.json participants.tsv participants.json"
    metadata_files = [
        {"metadataFileName": name, "metadataFileDescription": f"{LABEL} release"} for name in names.split()
    ]
    return {
        "schema": "https://schema.aireadi.org/v0.1.0/dataset_structure_description.json",
        "directoryList": directories,
        "metadataFileList": metadata_files,
    }


def _columns(settings: Settings) -> dict[str, Any]:
    def column(text: str, kind: str, levels: dict[str, str] | None = None, unit: str | None = None) -> Any:
        return {"description": f"{LABEL}: {text}", "data_type": kind, "levels": levels, "unit": unit}

    sites = {"UW": "University of Washington", "UAB": "University of Alabama at Birmingham"}
    sites |= {"UCSD": "University of California San Diego"}
    parts = {name: f"{name} part" for name in ("train", "val", "test")}
    return {
        id_column(settings.layout): column("id of a made-up participant", "string"),
        "clinical_site": column("site the format expects; decides the time zone", "string", sites),
        "study_group": column(
            "study group", "string", {group.name: group.name.replace("_", " ") for group in GROUPS}
        ),
        "age": column("age", "integer", None, "years"),
        "study_visit_date": column("date of the visit", "date"),
        "recommended_split": column("part", "string", parts),
    }
