"""An agent with a script, for tests and for trying things out."""

from __future__ import annotations

from collections.abc import Mapping

from resuelve.agents.port import AgentRequest
from resuelve.domain.decision import AgentAnswer, HandOff, Hold
from resuelve.domain.errors import AgentError
from resuelve.domain.identifier import IdentifierKind
from resuelve.texts import say


class MemoryAgent:
    """Answers by the value of one parameter, as an agent does: asks when it is missing, and never chooses among two.

    Args:
        answers: what to answer, or to raise, by the parameter's value.
        parameter: the kind of identifier that it needs.

    Attributes:
        requests: everything that it was asked, in order.
    """

    def __init__(
        self, answers: Mapping[str, AgentAnswer | AgentError], parameter: IdentifierKind = IdentifierKind.POLICY
    ) -> None:
        self.requests: list[AgentRequest] = []
        self._answers = dict(answers)
        self._parameter = parameter

    def answer(self, request: AgentRequest) -> AgentAnswer:
        """What the script says; a hand-over for a value that it does not know."""
        self.requests.append(request)
        values = [identifier.value for identifier in request.of(self._parameter)]
        if not values:
            return Hold(say("agents.policy.missing", request.language))
        if len(values) > 1:
            return HandOff(say("agents.policy.several", request.team_language, policies=", ".join(values)))
        answer = self._answers.get(values[0])
        if answer is None:
            return HandOff(say("agents.policy.unknown", request.team_language, policy=values[0]))
        if isinstance(answer, AgentError):
            raise answer
        return answer
