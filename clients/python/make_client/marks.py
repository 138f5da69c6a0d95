"""What stands at the head of what is made."""


def made(source: str) -> str:
    """That nobody changes it by hand: it is made from `source`."""
    return f"Made from {source} by `make client`: don't change it by hand."
