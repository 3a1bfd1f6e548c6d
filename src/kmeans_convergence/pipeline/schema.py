"""What a configuration holds: a model of each section, with the type and the bounds of each key.

config/README.md explains the keys. Upper bounds are far beyond what a study needs: they stop slips of the keyboard, not
work.
"""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic_core import ErrorDetails

from kmeans_convergence.errors import InputError, shown
from kmeans_convergence.pipeline.settings import Config

# What is to be said of a value, by pydantic's name of what is wrong with it.
SENTENCES = {
    "int_type": "it must be a whole number",
    "string_type": "it must be a text",
    "list_type": "it must be a list",
    "dict_type": "it must be a table",
    "model_type": "it must be a table",
    "greater_than": "it must be above {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than_equal": "it must be at most {le}",
    "too_short": "its length must be at least {min_length}",
    "value_error": "{error}",
}

Entry = TypeVar("Entry")


def _different(entries: list[Entry]) -> list[Entry]:
    if len(set(entries)) < len(entries):
        raise ValueError("its entries must differ")
    return entries


def _finite(value: object) -> float:
    # by comparison, because pydantic takes a whole number that is too large for a float for no number at all
    if isinstance(value, bool) or not isinstance(value, int | float) or not -inf < value < inf:
        raise ValueError("it must be a finite number")
    return value


Distinct = Annotated[list[Entry], AfterValidator(_different)]
Number = Annotated[float, PlainValidator(_finite)]
# bounds of a number are given here: as a field's default they would be lost
Rate = Annotated[Number, Field(gt=0, le=1000)]
Share = Annotated[Number, Field(gt=0, le=1)]
Prototypes = Annotated[int, Field(ge=1, le=1000)]
Rows = Annotated[int, Field(ge=10, le=1_000_000)]
Passes = Annotated[int, Field(ge=2, le=10_000)]
Starts = Annotated[int, Field(ge=2, le=100_000)]
# intervals need more runs than the paper's sample
Runs = Annotated[int, Field(ge=20, le=100_000)]
Resamples = Annotated[int, Field(ge=100, le=1_000_000)]


class Section(BaseModel):
    """Keys that are all needed, unless they have a default, and no others; values are taken as they are."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Experiment(Section):
    """The experiment of the paper."""

    dataset: str
    prototypes: Prototypes
    # the readings of the paper's statements are about epochs after the fifth and before the fifteenth
    epochs: int = Field(ge=15, le=1000)
    polish_epochs: int = Field(ge=1, le=10_000)
    rate: Rate
    runs: Runs
    optimizers: Distinct[str] = Field(min_length=1)


class Candidate(Section):
    """The convention that is compared with the experiment as described."""

    features: Distinct[str] = Field(min_length=1)


class RateSearch(Section):
    """The search for the best rate."""

    smallest: Rate
    largest: Rate
    points: int = Field(ge=2, le=10_000)
    runs: int = Field(ge=2, le=100_000)


class Conventions(Section):
    """The conventions that could explain the reported costs."""

    variants: Distinct[str] = Field(min_length=1)
    prototypes: Distinct[Prototypes] = Field(min_length=1)
    starts: Distinct[Literal["patterns", "box", "gaussian"]] = Field(min_length=1)
    runs: Runs
    factors: int = Field(ge=1, le=100_000)


class OptimizersOf(Section):
    """The optimizers that begin at the starts of one kind: all of them, unless they are named."""

    plusplus: Distinct[str] = []
    greedy: Distinct[str] = []


class Tuning(Section):
    """The tuning of each optimizer that has a setting."""

    starts: int = Field(ge=1, le=100_000)
    values: int = Field(ge=2, le=1000)
    extensions: int = Field(ge=0, le=1000)


class Comparison(Section):
    """The wide comparison."""

    datasets: Distinct[str] = Field(min_length=1)
    leave_out: Distinct[str]
    rows: Rows
    # keys are held against the registry, like names in a list
    rows_of: dict[Any, Rows]
    starts: Distinct[Literal["patterns", "plusplus", "greedy"]] = Field(min_length=1)
    optimizers_of: OptimizersOf
    passes: Passes
    shorter: int = Field(ge=1, le=10_000)
    longer: int = Field(ge=3, le=10_000)
    longer_on: Distinct[str]
    work: int = Field(ge=1, le=1_000_000_000)
    fewest: Starts
    most: Starts
    starts_of: dict[Any, Starts]
    clusters: Distinct[Literal["usual", "small", "large"]] = Field(min_length=1)
    tuning: Tuning
    resamples: Resamples
    optimizers: Distinct[str] = Field(min_length=1)
    own: str


class Derivation(Section):
    """The machine checks of the derivation and of the theorems."""

    points: int = Field(ge=1, le=10_000)


class Contraction(Section):
    """Predicted and measured rates of convergence."""

    largest: int = Field(ge=1000, le=100_000_000)


class Size(Section):
    """Passes against the number of patterns."""

    datasets: Distinct[str] = Field(min_length=1)
    patterns: Distinct[Annotated[int, Field(ge=100, le=1_000_000)]] = Field(min_length=2)
    passes: Passes
    starts: Starts


class Scale(Section):
    """What passes over samples are worth on new patterns."""

    datasets: Distinct[str]
    rows: Rows
    heldout: int = Field(ge=100, le=10_000_000)
    patterns: Distinct[Annotated[int, Field(ge=100, le=1_000_000)]] = Field(min_length=2)
    runs: int = Field(ge=1, le=100_000)


class Acceleration(Section):
    """Methods that make batch K-means and EM faster."""

    rows: Rows
    passes: Passes
    starts: Starts
    # fewer have no interval of a median
    mixture_starts: int = Field(ge=6, le=100_000)


class Embeddings(Section):
    """Maps from dissimilarities."""

    datasets: Distinct[str] = Field(min_length=1)
    made: Distinct[Literal["roads", "sphere", "globe", "roll", "roll_along"]] = Field(min_length=1)
    # a point has more than twice as many others as neighbours are looked at
    rows: int = Field(ge=20, le=5000)
    passes: Passes
    starts: Starts
    tuning: Tuning
    minima_starts: Starts


class Choices(Section):
    """Alternations over other hard choices."""

    sequences: Distinct[str] = Field(min_length=1)
    regressions: Distinct[str] = Field(min_length=1)
    subspaces: Distinct[str] = Field(min_length=1)
    passes: Passes
    starts: Starts
    tuning: Tuning
    largest: int = Field(ge=400, le=10_000_000)


class Mixtures(Section):
    """Optimizers on mixtures of Gaussians."""

    datasets: Distinct[str] = Field(min_length=1)
    # keys are held against the registry, like names in a list
    clusters_of: dict[Any, Prototypes]
    rows: Rows
    covariances: int = Field(ge=1, le=4)
    passes: Passes
    starts: Starts
    tuning_starts: int = Field(ge=1, le=100_000)


class Breakdown(Section):
    """The breakdown of mixtures of Gaussians where features are correlated."""

    sets: int = Field(ge=2, le=1000)
    samples: int = Field(ge=1, le=1000)
    starts: Starts
    runs: Starts
    passes: Passes
    fits: int = Field(ge=1, le=1000)
    splits: int = Field(ge=1, le=1000)
    rows: Rows
    indexed: Distinct[str] = Field(min_length=1)


class Performance(Section):
    """The performance supplement."""

    share: Share
    rounds: int = Field(ge=1, le=1000)
    threads: int = Field(ge=1, le=1024)


class Settings(Section):
    """The whole configuration."""

    # what other libraries take as a seed has 32 bits
    seed: int = Field(ge=0, le=2**32 - 1)
    experiment: Experiment
    candidate: Candidate
    rate_search: RateSearch
    conventions: Conventions
    comparison: Comparison
    derivation: Derivation
    contraction: Contraction
    size: Size
    scale: Scale
    acceleration: Acceleration
    embeddings: Embeddings
    choices: Choices
    mixtures: Mixtures
    breakdown: Breakdown
    resamples: Resamples
    performance: Performance


def read_settings(config: Config) -> Settings:
    """Return a configuration as typed settings.

    Raises
    ------
    InputError
        One sentence that names the key, the value and what is allowed.
    """
    try:
        return Settings.model_validate(config)
    except ValidationError as refused:
        # a misspelt key rather than the one that is missing for that
        problem = min(refused.errors(), key=lambda error: error["type"] not in ("extra_forbidden", "invalid_key"))
        raise InputError(_sentence(problem)) from None


def _sentence(problem: ErrorDetails) -> str:
    """Say in one sentence what pydantic found."""
    place, kind, given = problem["loc"], problem["type"], shown(problem["input"])
    match kind:
        case "extra_forbidden":
            return f"{_key(place[:-1])} has the unknown key {shown(place[-1])}: allowed are {_keys(place[:-1])}."
        case "invalid_key":
            return f"{_key(place[:-1])} has the unknown key {given}: allowed are {_keys(place[:-1])}."
        case "missing":
            return f"{_key(place[:-1])} lacks the key {place[-1]!r}: it needs {_keys(place[:-1])}."
        case "literal_error":
            allowed = problem["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            return f"{_key(place)} is {given}: allowed are {allowed}."
        case "too_short" if not problem["input"]:
            given = "empty"
    # what remains is no text, such as half a character
    said = SENTENCES.get(kind, "it cannot be read").format(**problem.get("ctx", {}))
    return f"{_key(place)} is {given}: {said}."


def _key(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place)) or "the configuration"


def _keys(place: tuple[int | str, ...]) -> str:
    """Return the keys of the section at a place."""
    section: Any = Settings
    for name in place:
        section = section.model_fields[name].annotation
    return ", ".join(section.model_fields)
