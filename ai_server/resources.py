"""Where the files that travel with the package lie: at the top of a checkout, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_BUNDLED = _PACKAGE / "bundled"


def config_dir() -> Path:
    """Return the folder with the shipped `prompts/`, `personas/`, `phrases/` and `intents/`."""
    return _root() / "config"


def models_dir() -> Path:
    """Return the folder with `catalogue.toml` and the embedded model `naila-tiny.gguf`."""
    return _root() / "models"


def embedded_model() -> Path:
    """Return the path of the embedded model."""
    return models_dir() / "naila-tiny.gguf"


def _root() -> Path:
    return _BUNDLED if _BUNDLED.is_dir() else _PACKAGE.parent
