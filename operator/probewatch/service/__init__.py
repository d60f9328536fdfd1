"""The running operator. Rule: each part is made once, through constructors, and watched over."""
