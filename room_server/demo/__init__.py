"""The demonstration: people who are simulated and say so. Ordinary clients: they know the wire, not the house."""
