"""The type of a configuration, without its checks: jobs that are given one need not import what these need."""

from typing import Any

Config = dict[str, Any]
