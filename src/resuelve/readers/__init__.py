"""Readers of attachments, behind one port."""

from resuelve.readers.port import Document, Limits, Obstacle, Passage, Reader, Unread

__all__ = ["Document", "Limits", "Obstacle", "Passage", "Reader", "Unread"]
