"""Decisions: what is proposed, on which evidence, who decided what, and whether it still holds."""
