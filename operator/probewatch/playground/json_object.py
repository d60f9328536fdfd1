"""The types of the API's JSON."""

from collections.abc import Mapping
from typing import Any

Json = Any
"""Any value."""

JsonObject = dict[str, Any]

Schema = Mapping[str, Any]
"""An OpenAPI schema."""
