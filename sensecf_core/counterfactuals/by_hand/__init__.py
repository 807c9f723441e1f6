"""Changes that somebody makes by hand: what they do at once, along one feature, and as an own option."""
