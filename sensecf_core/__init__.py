"""SenseCF: counterfactual explanations of health classifiers, proposed by local language models.

Importing this package loads nothing heavy; each room is imported where it is used.
"""

__version__ = "0.1.0"
