"""Every method asked the same questions and judged by the same rules."""
