"""Glucose of one person's own account: the exports of Dexcom Clarity and LibreView."""
