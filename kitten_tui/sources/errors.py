"""What is said to the person who holds the file."""


class SourceError(ValueError):
    """Something given could not be opened: one line that names what, where, what was expected and what was found."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class ExistsError(SourceError):
    """There is a file of that name already, and nobody said that it may be overwritten."""


class NotYetError(LookupError):
    """A layer is asked for that has not been computed; it counts from 0."""

    def __init__(self, layer: int) -> None:
        super().__init__(f"layer {layer + 1} has not been computed")
        self.layer = layer
