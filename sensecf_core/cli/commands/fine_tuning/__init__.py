"""Commands that fine-tune a language model: the pairs, the training, the rates."""
