"""What several pages share: wording, charts, fields."""
