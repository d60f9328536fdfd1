"""Pods in little memory and CPU time. Rule: each shortcut yields exactly what decoding would."""
