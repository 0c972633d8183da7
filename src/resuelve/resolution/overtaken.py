"""What holds of a proposal for as long as it waits, and is asked again right before it is carried out.

A row may be rewritten meanwhile, a policy tightened, a threshold raised, the day of a fix may pass. And what a business
system said of an account yesterday need not hold today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from resuelve.domain.decision import Permission, RunAgent
from resuelve.domain.incident import Incident
from resuelve.domain.known_error import KnownError
from resuelve.domain.message import Message, message
from resuelve.resolution.act import from_json
from resuelve.resolution.authorise import permission_of
from resuelve.resolution.proposal import AGENT, mark_of
from resuelve.resolution.rules import Rules

AGENT_HOLDS = timedelta(hours=24)
"""How long what an agent answered may be taken as true."""


def overtaken(
    decided: Mapping[str, Any], at: datetime, problems: Mapping[str, KnownError], rules: Rules, now: datetime
) -> Message | None:
    """Why a proposal does not hold any more; None while it does.

    Args:
        decided: the evidence, with the proposal.
        at: when it was decided, with its zone.
        problems: the known problems in force.
    """
    named, agent = decided["problem"], decided.get("consulted", "")
    problem = problems.get(named["id"])
    if problem is None or problem.fingerprint != named.get("fingerprint"):
        return message("the row was changed since; the next run decides anew")
    if problem.fix and rules.today and not problem.fix.ahead(rules.today):
        return message("the day of the fix has passed; the next run decides anew")
    score = decided.get("score")
    if score is not None and not score >= rules.threshold_for(problem):
        return message("its score is below the threshold now; the next run decides anew")
    if _never(decided["proposal"], agent, rules):
        return message("the policy does not let it any more")
    if agent and now - at > AGENT_HOLDS:
        stale = "the agent {agent} was asked over 24 hours ago; `resuelve run --incident` decides anew"
        return message(stale, agent=agent)
    return None


def no_longer(
    incident: Incident, decided: Mapping[str, Any], problems: Mapping[str, KnownError], rules: Rules, now: datetime
) -> Message | None:
    """The same of what a person agreed to, right before it is sent: by whoever finishes it, and however much later."""
    said = decided["approved"]
    problem = decided["problem"]
    mark = mark_of(incident, problem["id"], problem.get("fingerprint", ""), decided["proposal"], rules.label)
    if said.get("mark") != mark:
        return message("it is another text by now than the one that {who} has seen", who=said["who"])
    return overtaken(decided, datetime.fromisoformat(said["proposed_at"]), problems, rules, now)


def _never(given: Mapping[str, Any], consulted: str, rules: Rules) -> bool:
    asked = RunAgent(given["code"]) if given["kind"] == AGENT else from_json(given)
    meant = [asked, RunAgent(consulted)] if consulted else [asked]
    return any(permission_of(one, rules.policy)[0] is Permission.NEVER for one in meant)
