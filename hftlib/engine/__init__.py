"""The engine: synchronous, pure and deterministic; frames in, facts out."""
