"""The commands. Rule: each has `add_parser(subparsers)` and `main(args) -> int`; cli lists it."""
