"""The journal: the ports. Adapters (`sql`, `engine`, `memory`) are imported by name where they are wired."""

from resuelve.journal.port import (
    Engine,
    IncidentRecord,
    Intent,
    IntentState,
    Journal,
    Json,
    Steps,
    Unfinished,
    Work,
    WorkItem,
)

__all__ = [
    "Engine",
    "IncidentRecord",
    "Intent",
    "IntentState",
    "Journal",
    "Json",
    "Steps",
    "Unfinished",
    "Work",
    "WorkItem",
]
