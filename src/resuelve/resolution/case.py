"""What the critic looks at: the ticket, what was found for it, and the row that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from resuelve.domain.known_error import KnownError
from resuelve.resolution.read import Reading, with_letters
from resuelve.resolution.rerank import Ranked
from resuelve.resolution.retrieve import Retrieved
from resuelve.resolution.row_record import RowRecord, nobody_asked
from resuelve.resolution.score import Scoring, features, shipped
from resuelve.resolution.second_matter import SecondMatter
from resuelve.resolution.timing import meets
from resuelve.resolution.words import Lexicon


@dataclass(frozen=True, slots=True)
class Case:
    """What the critic looks at.

    Attributes:
        ranked: every candidate, the chosen one among them.
        threshold: below this score (0-100) a choice is not approved.
        today: the day of the run; without it no fix is taken to be ahead.
        scoring: what makes a score of the features.
        record: what people have answered about rows.
        identifiers: the ticket holds one at least.
        telling: what the attachments tell, in short; see `telling_lines`.
        carried: the row was found with the attachments, after the ticket's own words had led to none;
            confirmed: it is one of those that these would have offered.
        beside: rows that only a language model's words have found, for its review to look at.
        second: looks for a sentence that the choice does not account for; asked last, because it costs an encoding.
    """

    reading: Reading
    found: Retrieved
    ranked: Sequence[Ranked]
    chosen: Ranked
    lexicon: Lexicon
    threshold: float
    today: date | None = None
    scoring: Scoring = field(default_factory=shipped)
    record: RowRecord = nobody_asked
    identifiers: bool = False
    telling: str = ""
    carried: bool = False
    confirmed: bool = False
    beside: Sequence[Ranked] = ()
    second: Callable[[], SecondMatter | None] = lambda: None

    @property
    def problem(self) -> KnownError:
        """The known error that was chosen."""
        return self.chosen.problem

    def features_of(self, one: Ranked, rivals: Sequence[Ranked]) -> dict[str, float]:
        """The named features of a candidate among these rivals; see `score.features`."""
        record = self.record(one.problem, self.reading.incident)
        return features(one, rivals, words=self.words_tell, identifiers=self.identifiers, record=record)

    @property
    def rivals(self) -> list[Ranked]:
        """The other candidates, without those whose condition of time the ticket does not meet."""
        others = (one for one in self.ranked if one.problem.id != self.problem.id)
        return [one for one in others if self.timely(one.problem)]

    def timely(self, problem: KnownError) -> bool:
        """True when the ticket meets the row's condition of time, if it has one."""
        texts = [part.text for part in self.reading.parts]
        return meets(problem, [*texts, self.telling] if self.carried else texts, self.reading.incident.opened)

    @property
    def words_tell(self) -> bool:
        """False when ticket and dictionary are in different languages."""
        return self.reading.language == self.lexicon.language

    @property
    def row(self) -> str:
        """All texts of the chosen row."""
        return "\n".join((*self.problem.examples, self.problem.component, self.problem.solution))

    @property
    def text(self) -> str:
        """What people wrote on the ticket."""
        return self.reading.text

    @property
    def heard(self) -> Reading:
        """What people said, with the letters that they attached where attachments carry the ticket."""
        return with_letters(self.reading) if self.carried else self.reading

    @property
    def searched(self) -> str:
        """What the row was found with: what people wrote, and what carries the ticket if something does."""
        return f"{self.text}\n{self.telling}" if self.carried else self.text
