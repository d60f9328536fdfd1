"""Applies ProbePolicies to pods. Rule: an invalid policy changes nothing, and its status says so.

`index` holds all policies and answers which one applies to a pod, `upkeep` keeps the index up to
date, and `statuses` writes the status of each policy with the number of its pods (`counts`).
"""
