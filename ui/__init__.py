"""What the lessons share: shell, live route, state, words, charts, components."""
