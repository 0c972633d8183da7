"""The journal: the ports. Adapters (`sql`, `engine`, `memory`) are imported by name where they are wired."""

from resuelve.journal.acts_port import Act, Acts, Returned, ReturnedAs
from resuelve.journal.port import (
    CallOutcome,
    Engine,
    History,
    IncidentRecord,
    Intent,
    IntentState,
    Journal,
    Json,
    ModelCall,
    Steps,
    Unfinished,
    Work,
    WorkItem,
)

__all__ = [
    "Act",
    "Acts",
    "CallOutcome",
    "Engine",
    "History",
    "IncidentRecord",
    "Intent",
    "IntentState",
    "Journal",
    "Json",
    "ModelCall",
    "Returned",
    "ReturnedAs",
    "Steps",
    "Unfinished",
    "Work",
    "WorkItem",
]
