"""The server of the pages: ``python -m sensecf_core.ui.server``."""
