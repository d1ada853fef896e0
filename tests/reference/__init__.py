"""A plain, slow, independent reading of docs/semantics.md, on another decoder: the core is held to it."""
