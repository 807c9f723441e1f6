"""Background work as pages show it: started, watched, cancelled."""
