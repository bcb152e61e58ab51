"""Python's own matters: trees, syntax, files, frames; nothing here knows of derivatives."""
