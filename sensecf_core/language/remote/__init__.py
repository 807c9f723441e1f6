"""Language models on a server that speaks the OpenAI protocol."""
