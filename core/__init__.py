"""Desempate's core: everything the dashboard and the command line can do, without a browser."""
