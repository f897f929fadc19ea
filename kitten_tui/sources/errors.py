"""What is said to the person who holds the file."""


class SourceError(ValueError):
    """Something given could not be opened: one line that names what, where, what was expected and what was found."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))
