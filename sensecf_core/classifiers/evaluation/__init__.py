"""How good a classifier is: metrics, model card, cross-fitting, what a group of features adds."""
