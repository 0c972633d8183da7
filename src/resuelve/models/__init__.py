"""Models: the ports. Adapters (`embedded`, `openai_compatible`, `scripted`) are imported by name where wired."""

from resuelve.models.port import ChatModel, Completion, Embedder, Meter, Part, Picture, Prompt, Usage, Vectors, metered

__all__ = ["ChatModel", "Completion", "Embedder", "Meter", "Part", "Picture", "Prompt", "Usage", "Vectors", "metered"]
