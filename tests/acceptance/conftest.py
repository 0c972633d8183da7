"""The fixtures of the whole product."""

from tests.acceptance.fixtures import indexed, new_desk, product, remembered

__all__ = ["indexed", "new_desk", "product", "remembered"]
