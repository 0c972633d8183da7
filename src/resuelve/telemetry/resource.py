"""What is said of a process beside the settings: ``OTEL_RESOURCE_ATTRIBUTES`` of its surroundings."""

from __future__ import annotations

from opentelemetry.sdk.resources import OTELResourceDetector


def surrounding() -> dict[str, str]:
    """The attributes by their names; pairs that cannot be read are left out."""
    return {name: str(value) for name, value in OTELResourceDetector().detect().attributes.items()}
