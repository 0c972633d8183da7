"""What is told of the work to those who watch it: logs, metrics, traces. It knows no business."""

from resuelve.telemetry.signals import SILENT, Labels, Signals, Span, Value

__all__ = ["SILENT", "Labels", "Signals", "Span", "Value"]
