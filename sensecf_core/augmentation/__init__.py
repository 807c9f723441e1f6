"""Do counterfactuals help when labels are scarce? The experiment (docs/augmentation.md)."""
