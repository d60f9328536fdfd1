"""The commands. Rule: each has `add_parser(subparsers)` and `main(args) -> int`, listed in cli.py."""
