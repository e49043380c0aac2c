# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an act may do, and the act that does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from accounts import App
from routes import Kind, Route

if TYPE_CHECKING:
    from stage import Stage


@dataclass(frozen=True)
class Exchange:
    """A request of an app that was answered."""

    app: App
    route: Route
    # What the app asked for, where that is JSON and was read.
    asked: Optional[dict]
    # The app has nothing yet, so it is told everything.
    from_the_start: bool


class Nudge(str):
    """A change that only makes the app look again, and does not count by itself."""


class Act:
    """Changes nothing."""

    # The arguments beside `what`; `view` is whose app is lied to.
    FIELDS: dict[str, str] = {}
    # Answers to the app of the view that are read, and may be changed.
    REWRITES: frozenset[Kind] = frozenset()
    # Something is handed to each device of the view with a sync, and again until the device has it.
    HANDS_OVER = False

    def __init__(self, stage: Stage, given: dict[str, str]) -> None:
        self.stage = stage
        self.given = given
        view = given.get("view")
        self.view: Optional[str] = None if view is None else stage.accounts.user_id(view)
        # By device: the mark of the sync token of the first answer that carried it.
        self.carried: dict[str, int] = {}
        # Devices that came back with such a token, or one that followed.
        self.taken: set[str] = set()

    async def prepare(self) -> None:
        """What has to be found out, and can fail, before the act is on."""

    def concerns(self, app: Optional[App]) -> bool:
        return app is not None and app.user_id == self.view

    def waits_for_sync(self, app: App) -> bool:
        """Something is to be handed over with the next answer to a sync, which should come at once."""
        return self.HANDS_OVER and app.device_id not in self.taken

    def due(self, exchange: Exchange) -> bool:
        """Whether this answer to a sync carries it; whoever starts anew is told everything once more."""
        return exchange.from_the_start or exchange.app.device_id not in self.taken

    def carries(self, app: App, mark: int) -> None:
        """A changed answer to a sync is on its way to the app."""
        self.carried.setdefault(app.device_id, mark)

    def came_back(self, app: App, mark: Optional[int]) -> None:
        """The app polls with a sync token, whose mark this is."""
        first = self.carried.get(app.device_id)
        if first is not None and mark is not None and mark >= first:
            self.taken.add(app.device_id)

    async def rewrite(self, exchange: Exchange, answer: Any) -> list[str]:
        """Changes the answer in place; says what it changed, a line for each change."""
        return []

    async def hides(self, exchange: Exchange) -> Optional[str]:
        """The app is told that this is not there; says what was hidden."""
        return None

    def addressed(self, sender: App, messages: dict) -> None:
        """To-device messages of an app; what is for the relay's own keys is taken out."""

    def sent(self, sender: App, route: Route, content: dict, event_id: str) -> None:
        """A message that the server took."""

    def opened(self, route: Route, content: dict) -> Optional[str]:
        """The text of an encrypted message, where the relay holds its key."""
        return None
