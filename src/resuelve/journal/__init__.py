"""The journal: the ports. Adapters (`sql`, `engine`, `memory`) are imported by name where they are wired."""

from resuelve.journal.port import (
    Act,
    Acts,
    Engine,
    IncidentRecord,
    Intent,
    IntentState,
    Journal,
    Json,
    Returned,
    ReturnedAs,
    Steps,
    Unfinished,
    Work,
    WorkItem,
)

__all__ = [
    "Act",
    "Acts",
    "Engine",
    "IncidentRecord",
    "Intent",
    "IntentState",
    "Journal",
    "Json",
    "Returned",
    "ReturnedAs",
    "Steps",
    "Unfinished",
    "Work",
    "WorkItem",
]
