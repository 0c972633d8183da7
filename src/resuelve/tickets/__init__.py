"""Ticket managers: the port. The adapters (`gestor`, `memory`) are imported by name where they are wired."""

from resuelve.tickets.port import Listing, TicketManager, texts_of

__all__ = ["Listing", "TicketManager", "texts_of"]
