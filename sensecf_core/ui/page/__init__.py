"""What every page has: banner, selectors, person strip, jobs."""
