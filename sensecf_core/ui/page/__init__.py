"""The frame of every page: banner, selector, guard, jobs."""
