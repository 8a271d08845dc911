"""Every error embedkit raises on purpose: what happened, what to do, and the exit code it earns."""

from __future__ import annotations

from collections.abc import Sequence

FAILED, MISUSE, SOME_ITEMS_FAILED, GATE_NOT_MET = 1, 2, 3, 4
STOPPED = 130


class EmbedkitError(Exception):
    """What went wrong and with which value (`message`), and the command or change that helps (`hint`)."""

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class CatalogError(EmbedkitError):
    """The product table cannot be read as asked: the message names file, row and column."""


class PictureError(EmbedkitError):
    """One picture cannot be used; the run records the cause and goes on."""


class WeightsMissing(EmbedkitError):
    """An encoder's weights are not on this machine and cannot be fetched."""


class WeightsInvalid(EmbedkitError):
    """An encoder's weights were read but do not fit the model, so no encoder is returned."""


class CannotExplain(EmbedkitError):
    """No map can be drawn for this encoder: the message says what about it stands in the way."""


class SpaceMismatch(EmbedkitError):
    """Features of one space met a head or an index of another."""

    def __init__(self, wanted: Sequence[str], got: str, hint: str = "") -> None:
        super().__init__(f"made for {', '.join(wanted)}; these features are in {got}", hint)


class WorkspaceError(EmbedkitError):
    """The workspace is missing, busy, newer than this program, or damaged."""


class NotEnoughLabels(EmbedkitError):
    """Too few labelled items, or too few classes, for what was asked."""


class Misuse(EmbedkitError):
    """Options that do not fit together, or a value that cannot be meant."""

    exit_code = MISUSE


class GateNotMet(EmbedkitError):
    """A --min-… gate was not met."""

    exit_code = GATE_NOT_MET
