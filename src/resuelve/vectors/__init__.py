"""Vector indexes: the port. Adapters (`edge`, `memory`) are imported by name where they are wired."""

from resuelve.vectors.port import Entry, Hit, IndexIdentity, VectorIndex, VectorStore, id_of

__all__ = ["Entry", "Hit", "IndexIdentity", "VectorIndex", "VectorStore", "id_of"]
