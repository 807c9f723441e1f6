"""What a proposer got right before anything was filtered."""
