"""Commands that measure: methods compared, labels made scarce, whole cohorts asked."""
