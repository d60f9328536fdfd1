"""The type of objects in the API, as JSON."""

from typing import Any

JsonObject = dict[str, Any]
