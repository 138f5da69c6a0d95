"""`python -m saas.cli`."""

from saas.cli import main

main(prog_name="regulars")
