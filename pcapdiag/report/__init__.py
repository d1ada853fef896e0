"""One model, one file per renderer."""
