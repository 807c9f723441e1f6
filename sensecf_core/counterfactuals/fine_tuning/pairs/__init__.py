"""What a language model learns from: queries with answers, searched, synthetic, invented or decided."""
