"""What the store keeps about pods. Rule: bounded, and with as little memory as possible."""
