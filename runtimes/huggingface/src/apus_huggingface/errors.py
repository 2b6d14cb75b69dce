"""The one error type that people are meant to read."""


class UserError(Exception):
    """Something the person who wrote the job can put right.

    The message is one sentence that names what is wrong, where, and what to do. It becomes the first line of
    ``/opt/ml/output/failure``, which the operator shows in the job's condition, so it has to stand on its own.
    """

    def __init__(self, message: str) -> None:
        # A message with line breaks would lose everything after the first line on its way into a condition.
        super().__init__(" ".join(message.split()))


def quoted_list(names: list[str], limit: int = 12) -> str:
    """``a, b and c`` with each name in quotation marks; long lists are cut, and say so."""
    shown = [f"'{name}'" for name in names[:limit]]
    if len(names) > limit:
        return ", ".join(shown) + f" and {len(names) - limit} more"
    if len(shown) > 1:
        return ", ".join(shown[:-1]) + " and " + shown[-1]
    return shown[0] if shown else "none"
