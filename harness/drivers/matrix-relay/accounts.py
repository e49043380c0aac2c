# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Who is who: the apps behind the access tokens, and the names that the harness has for users."""

from dataclasses import dataclass
from typing import Any, Optional

from upstream import Upstream

TOKENS = 1000


@dataclass(frozen=True)
class App:
    """One login."""

    token: str
    user_id: str
    device_id: str


class Accounts:
    """Learnt from the answers to logins."""

    def __init__(self, server: Upstream) -> None:
        self.server = server
        self.by_token: dict[str, App] = {}

    def learn(self, answer: Any) -> None:
        """From the answer to a login, a registration or a `whoami` with the token put in."""
        texts = [answer.get(key) for key in ("access_token", "user_id", "device_id")]
        if not all(isinstance(text, str) for text in texts):
            return
        self.by_token.pop(texts[0], None)
        self.by_token[texts[0]] = App(*texts)
        while len(self.by_token) > TOKENS:
            self.by_token.pop(next(iter(self.by_token)))

    async def of(self, token: Optional[str]) -> Optional[App]:
        """The app with this token; the server is asked about one that we did not see given out."""
        if token is None:
            return None
        if token not in self.by_token:
            status, answer = await self.server.ask("GET", "/account/whoami", token)
            if status != 200 or not isinstance(answer, dict):
                return None
            self.learn({**answer, "access_token": token})
        return self.by_token.get(token)

    def latest(self, user_id: str) -> App:
        """The login of the user that was seen last."""
        found = [app for app in self.by_token.values() if app.user_id == user_id]
        if not found:
            raise ValueError(f"`{user_id}` has not logged in through the relay: let the app do so first")
        return found[-1]

    # ---- names ----

    def user_id(self, user: str) -> str:
        """A user of the same server, unless another is named."""
        return user if user.startswith("@") else f"@{user}:{self._home()}"

    def user_name(self, user_id: str) -> str:
        local, _, server = user_id.removeprefix("@").partition(":")
        return local if server == self._home() else user_id

    def _home(self) -> str:
        app = next(iter(self.by_token.values()), None)
        if app is None:
            raise ValueError("nobody has logged in through the relay: let an app do so first")
        return app.user_id.partition(":")[2]
