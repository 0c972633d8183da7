"""Every metric of Resuelve: names, units, labels. Dashboards, alert rules and the reference page are checked by it.

Names follow OpenTelemetry (``resuelve.incidents``); Prometheus shows them with unit and kind at the end
(`prometheus_name`). Labels are few, and each has a bounded number of values: no incident, no text, no address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from resuelve.domain.decision import Doubt, OutcomeKind, Verdict


class Kind(StrEnum):
    """How values of a metric come together."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured.

    Attributes:
        unit: in the code of UCUM: ``s``, ``By``; empty for counts, shares and scores.
        labels: the names of its labels.
        most: how many different values of its first label are shown by their names; further ones come together as
            ``other``. 0: its values are a fixed list, or as few as the team has of the thing.
        bounds: upper bounds of the buckets of a histogram.
        values: of each label the values that it can have, where they are a fixed list.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    most: int = 0
    bounds: tuple[float, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()

    def all_labels(self) -> Iterator[dict[str, str]]:
        """Every series that the metric can have, where that is a fixed list; else none."""
        if self.values:
            for combined in product(*self.values):
                yield dict(zip(self.labels, combined, strict=True))


_UNITS = {"s": "seconds", "By": "bytes"}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_TENTHS = tuple(n / 20 for n in range(1, 20))
_SCORES = tuple(float(n) for n in range(5, 100, 5))
_GEN_AI_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_GEN_AI_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)


_MODES = ("live", "shadow")
_OUTCOMES = tuple(kind.value for kind in OutcomeKind)
_ACTIONS = tuple(kind.value for kind in (OutcomeKind.CLOSED, OutcomeKind.HELD, OutcomeKind.REASSIGNED))
_REASONS = tuple(doubt.value for doubt in Doubt if doubt is not Doubt.NONE)
_VERDICTS = tuple(verdict.value for verdict in Verdict)


def _counter(
    name: str, description: str, *labels: str, most: int = 0, values: tuple[tuple[str, ...], ...] = ()
) -> Metric:
    return Metric(name, Kind.COUNTER, description, "", labels, most, values=values)


def _gauge(name: str, description: str, *labels: str, unit: str = "", most: int = 0) -> Metric:
    return Metric(name, Kind.GAUGE, description, unit, labels, most)


def _histogram(name: str, description: str, *labels: str, unit: str = "", bounds: tuple[float, ...]) -> Metric:
    return Metric(name, Kind.HISTOGRAM, description, unit, labels, 0, bounds)


# Is it working?
RUNS = _counter(
    "resuelve.runs",
    "Runs that ended, by result (ended, failed) and mode (live, shadow).",
    "result",
    "mode",
    values=(("ended", "failed"), _MODES),
)
RUN_FINISHED = _gauge(
    "resuelve.run.finished.timestamp", "When the last run that did not fail ended, in Unix time.", unit="s"
)
INCIDENTS = _counter(
    "resuelve.incidents",
    "Incidents that were finished with, by outcome and mode (live, shadow; approval: what a person agreed to).",
    "outcome",
    "mode",
    values=(_OUTCOMES, (*_MODES, "approval")),
)
ACTIONS = _counter(
    "resuelve.actions", "Changes that were made without a person, by what was done.", "action", values=(_ACTIONS,)
)
INCIDENT_SECONDS = _histogram(
    "resuelve.incident.duration",
    "How long an incident takes, from its first stage to its record.",
    unit="s",
    bounds=_SECONDS,
)
STAGE_SECONDS = _histogram(
    "resuelve.stage.duration", "How long a stage takes, once.", "stage", unit="s", bounds=_SECONDS
)
ERRORS = _counter("resuelve.errors", "What failed an incident or a run, by system and kind of error.", "system", "kind")
ATTACHMENTS = _counter(
    "resuelve.attachments",
    "Attachments, by whether all of it was read (read, partly, unread).",
    "result",
    values=(("read", "partly", "unread"),),
)
QUEUE_DEPTH = _gauge("resuelve.queue.depth", "Open incidents at the last look, by mailbox.", "queue", most=50)
QUEUE_AGE = _gauge(
    "resuelve.queue.age", "Age of the oldest incident that was still to be decided at the last look.", unit="s"
)
QUEUE_UNDECIDED = _gauge("resuelve.queue.undecided", "Open incidents that are still to be decided.")
SET_ASIDE = _gauge("resuelve.incidents.set_aside", "Incidents that failed too often and have not changed since.")
UNREADABLE = _gauge("resuelve.incidents.unreadable", "Entries of the manager's list that are no incidents.")
UNKNOWN = _gauge("resuelve.intents.unknown", "Changes of which nobody can tell whether they were made.")
BREAKERS = _gauge(
    "resuelve.breakers",
    "What stopped acting: everything or hour (0 or 1), and how many rows.",
    "breaker",
)

# Is it right?
HANDOVERS = _counter(
    "resuelve.handovers",
    "Incidents left to a person, by reason and mode (live, shadow).",
    "reason",
    "mode",
    values=(_REASONS, _MODES),
)
VERDICTS = _counter(
    "resuelve.verdicts",
    "What the critic said of a choice, by verdict and mode.",
    "verdict",
    "mode",
    values=(_VERDICTS, _MODES),
)
REJECTIONS = _counter(
    "resuelve.rejections", "Choices that the critic rejected, by row and mode.", "row", "mode", most=100
)
CRITIC_SCORE = _histogram("resuelve.critic.score", "The critic's score, 0 to 100.", "verdict", "mode", bounds=_SCORES)
RETRIEVAL_SCORE = _histogram(
    "resuelve.retrieval.score", "Cosine similarity of the nearest row of an incident.", "mode", bounds=_TENTHS
)
AUTOMATIC_RATE = _gauge("resuelve.automatic.rate", "Of the incidents of the window, the share that was acted on.")
DURABLE_RATE = _gauge(
    "resuelve.durable.rate",
    "Of the incidents of the window, the share that was acted on and did not come back in time.",
)
RETURNED = _gauge("resuelve.acts.returned", "What was done, came back and is to be seen to, by how it is known.", "how")
CALIBRATION_DRIFT = _gauge(
    "resuelve.calibration.drift", "Mean score of what was acted on in the window, 0 to 1, less the share that lasted."
)
SCORE_DRIFT = _gauge(
    "resuelve.score.drift", "Population stability index of the critic's scores, the last days beside the window before."
)

# What does it cost?
MODEL_CALLS = _counter(
    "resuelve.model.calls",
    "Calls of models, repetitions included, by role, model and result.",
    "role",
    "model",
    "result",
)
MODEL_TOKENS = _counter(
    "resuelve.model.tokens", "Tokens by role, model and direction (input, output).", "role", "model", "direction"
)
MODEL_COST = _counter(
    "resuelve.model.cost", "What tokens cost by the price list of the settings, in its currency.", "role", "model"
)
GEN_AI_SECONDS = _histogram(
    "gen_ai.client.operation.duration",
    "How long a call of a model takes; a metric of OpenTelemetry's conventions.",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "error.type",
    unit="s",
    bounds=_GEN_AI_SECONDS,
)
GEN_AI_TOKENS = _histogram(
    "gen_ai.client.token.usage",
    "Tokens of a call; a metric of OpenTelemetry's conventions.",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.token.type",
    unit="{token}",
    bounds=_GEN_AI_TOKENS,
)

# What is known?
PROBLEMS = _gauge("resuelve.dictionary.problems", "Known problems in the dictionary.")
ROWS_SET_ASIDE = _gauge("resuelve.dictionary.rows_set_aside", "Rows of the dictionary that cannot be used.")
PROPOSALS = _gauge("resuelve.proposals.open", "Proposals of closed incidents that nobody has decided on.")
INDEX_BUILT = _gauge("resuelve.index.built.timestamp", "When the index in use was built, in Unix time.", unit="s")

# Is what is seen whole?
LOGS_SHIPPED = _counter(
    "resuelve.logs.shipped",
    "Log lines that were shipped, by result (sent, refused).",
    "result",
    values=(("sent", "refused"),),
)
LOGS_PENDING = _gauge("resuelve.logs.pending", "Log lines on the disk that are still to be shipped.", unit="By")
LOST = _counter(
    "resuelve.telemetry.lost",
    "Spans and log lines that nobody will see, by signal (traces, logs).",
    "signal",
    values=(("logs", "traces"),),
)

ALL: tuple[Metric, ...] = tuple(value for value in globals().values() if isinstance(value, Metric))
"""In the order of the questions that they answer."""


def prometheus_name(metric: Metric) -> str:
    """The name of a metric in Prometheus; those of a histogram's series end in ``_bucket``, ``_sum``, ``_count``.

    Source: "OpenTelemetry Metrics to Prometheus" in the OpenTelemetry specification, Prometheus and OpenMetrics
    Compatibility, 1.45.
    """
    name = metric.name.replace(".", "_")
    unit = _UNITS.get(metric.unit, "")
    if unit and not name.endswith(f"_{unit}"):
        name = f"{name}_{unit}"
    return f"{name}_total" if metric.kind is Kind.COUNTER else name


def prometheus_labels(metric: Metric) -> tuple[str, ...]:
    """The names of a metric's labels in Prometheus."""
    return tuple(label.replace(".", "_") for label in metric.labels)
