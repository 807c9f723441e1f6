"""Whatever answers a query with candidates, by the name of its method."""
