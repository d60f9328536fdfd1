"""Generates the tables in the pages of docs/. Rule: a page agrees with the tables in the code."""
