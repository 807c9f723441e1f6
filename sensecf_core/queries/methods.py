"""The one table of methods: what each is called, whose it is, what it needs and what it may know.

Pages, commands, the benchmark and the tests of README read it. A new method is a row here and its proposer: a
search of somebody else's package is a module in ``counterfactuals/baselines``, a method of ours an entry of
:data:`sensecf_core.counterfactuals.proposers.registry.PROPOSERS`. A row without texts, or without a proposer,
fails at import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Family = Literal["language model", "control", "search"]
Knowledge = Literal["nothing", "training", "factual", "effects", "probabilities", "trees"]
"""What a method may know of the classifier, each more than the one before: nothing; answers that were found
for training rows; the probability and SHAP values of the factual (the prompt says them); what each change is
probably worth, estimated from the SHAP values of training rows; probabilities of any row, within the budget;
or its trees."""
Prompt = Literal["profile", "guided"]
"""What the prompt of a fine-tuned model tells: the person alone; or also what each change is worth."""


@dataclass(frozen=True)
class Package:
    """Somebody else's package.

    Attributes
    ----------
    distribution : its name in the package index.
    module : the module of ``counterfactuals/baselines`` that asks it.
    title : what its authors call it.
    lowers : whether it can be asked to lower a risk; the others know only the line.
    """

    distribution: str
    module: str
    title: str
    lowers: bool = False


@dataclass(frozen=True)
class Method:
    """One way to propose counterfactuals.

    Attributes
    ----------
    name : what commands, requests and files call it.
    title, short_title : for pages; the short one for columns and charts.
    note : how it works, with its reference; one or two sentences.
    knows : what it may know of the classifier.
    package, search : whose it is (None: ours), and which of the package's searches ("" where there is one).
    asks_language_model : whether a language model answers.
    adapter : which prompt the model was fine-tuned on; None where it is not fine-tuned.
    may_be_remote : whether a server may be asked: the prompt holds no other participant's row.
    samples : whether it draws candidates without asking the classifier about a changed row.
    repeatable : whether the same seed gives the same answer.
    slow_when_infeasible : whether it spends seconds to a minute, and all of its budget, where nothing is to
        be found.
    """

    name: str
    title: str
    short_title: str
    note: str
    knows: Knowledge
    package: Package | None = None
    search: str = ""
    asks_language_model: bool = False
    adapter: Prompt | None = None
    may_be_remote: bool = False
    samples: bool = False
    repeatable: bool = True
    slow_when_infeasible: bool = False

    @property
    def needs_adapter(self) -> bool:
        """Whether the language model has to be fine-tuned."""
        return self.adapter is not None

    @property
    def family(self) -> Family:
        """What kind of method it is; a control samples without a language model."""
        if self.asks_language_model:
            return "language model"
        return "control" if self.samples else "search"


def tabulate(methods: Iterable[Method]) -> dict[str, Method]:
    """Put methods in a table by name; raises ``ValueError`` for one with a gap or a contradiction."""
    table: dict[str, Method] = {}
    for method in methods:
        if method.name in table:
            raise ValueError(f"The method {method.name} is in the table twice.")
        for text in ("name", "title", "short_title", "note"):
            if not getattr(method, text):
                raise ValueError(f"The method {method.name!r} has no {text}.")
        if method.asks_language_model and not method.samples:
            raise ValueError(f"The method {method.name} asks a language model, so it samples.")
        if (method.needs_adapter or method.may_be_remote) and not method.asks_language_model:
            raise ValueError(f"The method {method.name} asks no language model, so none can be asked for.")
        if method.samples == (method.knows in ("probabilities", "trees")):
            raise ValueError(f"The method {method.name} samples if and only if it asks about no changed row.")
        table[method.name] = method
    return table


_DICE = Package("dice-ml", "dice", "DiCE")
_NICE = Package("NICEx", "nice", "NICE")
_CFNOW = Package("cfnow", "cfnow", "CFNOW")
_TREECF = Package("treecf", "treecf", "treecf", lowers=True)
_DICE_PAPER = "(DiCE: Mothilal, Sharma and Tan 2020, doi:10.1145/3351095.3372850)"
_NICE_PAPER = "(NICE: Brughmans, Leyman and Martens 2024, doi:10.1007/s10618-023-00930-y)"
_CFNOW_PAPER = "(CFNOW: de Oliveira, Sörensen and Martens 2024, doi:10.1016/j.ejor.2023.08.031)"
_COPIES = "Copies values one by one from the nearest training row of the other class, those that"
_BY_THE_CLOCK = "Not repeatable: it stops by the clock."

METHODS: Mapping[str, Method] = tabulate(
    (
        Method(
            "lm-fine-tuned",
            "Language model, fine-tuned",
            "LM fine-tuned",
            "A language model on this machine that was trained on one cohort to find changes that alter the "
            "prediction. It is told the person and the risk; what a change does it has to know.",
            knows="factual",
            asks_language_model=True,
            adapter="profile",
            samples=True,
            slow_when_infeasible=True,
        ),
        Method(
            "lm-guided",
            "Language model, guided",
            "LM guided",
            "A fine-tuned language model on this machine that is told what each possible change is probably "
            "worth, and combines them.",
            knows="effects",
            asks_language_model=True,
            adapter="guided",
            samples=True,
            slow_when_infeasible=True,
        ),
        Method(
            "lm-few-shot",
            "Language model, shown examples",
            "LM with examples",
            "A language model on this machine proposes changes after seeing worked examples from other "
            "people.",
            knows="factual",
            asks_language_model=True,
            samples=True,
            slow_when_infeasible=True,
        ),
        Method(
            "lm-zero-shot",
            "Language model, no examples",
            "LM without examples",
            "A language model on this machine proposes changes from the profile alone.",
            knows="factual",
            asks_language_model=True,
            may_be_remote=True,
            samples=True,
            slow_when_infeasible=True,
        ),
        Method(
            "random",
            "Random draws (control)",
            "Random draws",
            "Changes are drawn by chance within the same limits. What a language model is credited with has "
            "to beat this.",
            knows="nothing",
            samples=True,
        ),
        Method(
            "nearest-pair",
            "Nearest person's answer (control)",
            "Nearest answer",
            "Copies answers that a search found for the most similar training people, each value moved to "
            "the nearest allowed one. It knows what a language model is taught or shown, and asks none.",
            knows="training",
            samples=True,
        ),
        Method(
            "effects",
            "Added-up effects (control)",
            "Added effects",
            "Draws by chance among the combinations of changes that are told to be worth enough together. It "
            "knows what the guided language model is told, and only adds.",
            knows="effects",
            samples=True,
        ),
        Method(
            "search",
            "SenseCF's own search",
            "Own search",
            "Tries combinations of changes step by step, without a language model, keeps those that the "
            "classifier, its refits and the second classifier believe most, and makes them small.",
            knows="probabilities",
        ),
        Method(
            "dice-random",
            "DiCE (random)",
            "DiCE random",
            f"Draws values of a few features at random until the decision is the other one {_DICE_PAPER}.",
            knows="probabilities",
            package=_DICE,
            search="random",
        ),
        Method(
            "dice-genetic",
            "DiCE (genetic)",
            "DiCE genetic",
            f"Breeds rows over generations towards the other decision and this person {_DICE_PAPER}.",
            knows="probabilities",
            package=_DICE,
            search="genetic",
            slow_when_infeasible=True,  # it draws rows one at a time until some are of the desired class
        ),
        Method(
            "dice-kdtree",
            "DiCE (k-d tree)",
            "DiCE k-d tree",
            f"Takes the nearest training rows of the other class {_DICE_PAPER}.",
            knows="probabilities",
            package=_DICE,
            search="kdtree",
        ),
        Method(
            "nice-none",
            "NICE (none)",
            "NICE none",
            f"Takes the nearest training row of the other class as it is {_NICE_PAPER}.",
            knows="probabilities",
            package=_NICE,
            search="none",
        ),
        Method(
            "nice-sparsity",
            "NICE (sparsity)",
            "NICE sparsity",
            f"{_COPIES} change the score most first {_NICE_PAPER}.",
            knows="probabilities",
            package=_NICE,
            search="sparsity",
        ),
        Method(
            "nice-proximity",
            "NICE (proximity)",
            "NICE proximity",
            f"{_COPIES} change the score most for their distance first {_NICE_PAPER}.",
            knows="probabilities",
            package=_NICE,
            search="proximity",
        ),
        Method(
            "nice-plausibility",
            "NICE (plausibility)",
            "NICE plausibility",
            f"{_COPIES} stay most like the training rows first {_NICE_PAPER}.",
            knows="probabilities",
            package=_NICE,
            search="plausibility",
        ),
        Method(
            "cfnow-greedy",
            "CFNOW (greedy)",
            "CFNOW greedy",
            "Takes the best single step again and again, then walks back what is not needed "
            f"{_CFNOW_PAPER}. {_BY_THE_CLOCK}",
            knows="probabilities",
            package=_CFNOW,
            search="greedy",
            repeatable=False,
        ),
        Method(
            "cfnow-random-sequential",
            "CFNOW (random-sequential)",
            "CFNOW random",
            f"Starts from random changes, then walks back what is not needed {_CFNOW_PAPER}. {_BY_THE_CLOCK}",
            knows="probabilities",
            package=_CFNOW,
            search="random-sequential",
            repeatable=False,
        ),
        Method(
            "treecf",
            "treecf",
            "treecf",
            "Searches the classifier's trees directly, and can certify that nothing is to be found (the "
            "package treecf 0.3.2).",
            knows="trees",
            package=_TREECF,
        ),
    )
)
"""Every method by name, in the order in which commands list them."""


BY_HAND = "by-hand"
"""What stands in place of a method in an answer whose option somebody made (docs/decisions.md, By hand).

It is no row of the table: nobody can be asked to answer by it.
"""


def asks_language_model(method: str) -> bool:
    """Whether the method of this name asks a language model; false for a name that is not in the table."""
    return method in METHODS and METHODS[method].asks_language_model


def needs_adapter(method: str) -> bool:
    """Whether the method of this name needs an adapter; false for a name that is not in the table."""
    return method in METHODS and METHODS[method].needs_adapter


def of_prompt(prompt: Prompt) -> str:
    """The method that a model answers which was fine-tuned on a prompt."""
    return next(method.name for method in METHODS.values() if method.adapter == prompt)


def controls_of(method: str) -> tuple[str, ...]:
    """The controls that know at most what a language model does, by name; empty for any other method.

    A language model is credited only with what it adds to the best of them (docs/metrics.md, Controls).
    """
    if not asks_language_model(method):
        return ()
    ladder = get_args(Knowledge)
    most = ladder.index(METHODS[method].knows)
    return tuple(
        control.name
        for control in METHODS.values()
        if control.family == "control" and ladder.index(control.knows) <= most
    )


def listed_for_help() -> str:
    """The methods in one line: ours by name, those of a package that has several searches as "dice-…"."""
    ours = [method.name for method in METHODS.values() if method.package is None]
    theirs = {
        method.package: f"{method.package.module}-…" if method.search else method.name
        for method in METHODS.values()
        if method.package is not None
    }
    return f"{', '.join(ours)}, or a baseline: {', '.join(theirs.values())}"
