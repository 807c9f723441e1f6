"""SenseCF: counterfactual explanations of health classifiers, proposed by local language models.

Importing this package loads nothing heavy; each room is imported where it is used.
"""

import os

# torch and scikit-learn each bring an OpenMP pool. Idle threads that spin while they wait take the
# cores from the other pool (a prompt took ten times as long), so they are told to sleep. It is read
# once, when the first of the libraries loads, hence here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
