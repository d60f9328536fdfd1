"""The pages of docs/ whose tables the code writes. Rule: a page says what the tables say."""
