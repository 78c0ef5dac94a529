"""Games whose data are points in the plane: the playground."""
