"""The commands. Each has DESCRIPTION, EPILOG, `add_flags(parser)` and `main(args) -> int`."""
