"""A connection to Label Studio through label-studio-sdk, whose import takes seconds and waits until it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from embedkit.annotation.access import address_of, failure
from embedkit.errors import EmbedkitError

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

TIMEOUT_S, CONNECT_S = 600.0, 10.0
ONCE: Any = {"max_retries": 0}
"""For what must not be sent twice: the SDK would repeat a request whose answer was lost."""


@dataclass(frozen=True)
class Connection:
    """A Label Studio at an address, with a token: a legacy one, or a personal access token."""

    url: str
    token: str = field(repr=False)
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", address_of(self.url))

    @cached_property
    def sdk(self) -> LabelStudio:
        """The SDK's client; nothing is sent yet."""
        try:
            import httpx
            from label_studio_sdk import LabelStudio
        except ImportError as error:
            raise EmbedkitError(
                f"label-studio-sdk cannot be imported: {error}",
                "Install it, in embedkit's source folder: pip install '.[annotation]'",
            ) from None
        limits = httpx.Timeout(self.timeout_s, connect=min(CONNECT_S, self.timeout_s))
        # A redirect would turn a POST into a GET, and may lead to another host.
        client = httpx.Client(timeout=limits, follow_redirects=False)
        with self.asking("read the token"):
            return LabelStudio(base_url=self.url, api_key=self.token, httpx_client=client)

    @contextmanager
    def asking(self, doing: str) -> Iterator[None]:
        """Turn every error of the SDK, and of what it stands on, into an EmbedkitError."""
        import httpx
        from label_studio_sdk.core.api_error import ApiError
        from label_studio_sdk.core.parse_error import ParsingError

        try:
            yield
        except (ApiError, ParsingError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # Without a cause: theirs hold headers and cookies, and a traceback would print them.
            raise failure(error, self.url, doing, self.token) from None

    def json(self, method: str, path: str, doing: str, **options: Any) -> Any:
        """Return the JSON of `send`'s response, None for an empty one."""
        response = self.send(method, path, doing, **options)
        with self.asking(doing):
            return response.json() if response.content else None

    def send(self, method: str, path: str, doing: str, **options: Any) -> Any:
        """Return the response to a request that the SDK has no method for, sent once, with the SDK's own token."""
        with self.asking(doing):
            return self._checked(
                self.sdk._client_wrapper.httpx_client.request(path, method=method, **options, request_options=ONCE)
            )

    @staticmethod
    def _checked(response: Any) -> Any:
        from label_studio_sdk.core.api_error import ApiError

        if response.is_success:
            return response
        is_json = "json" in response.headers.get("content-type", "")
        body = response.json() if is_json else response.text
        raise ApiError(status_code=response.status_code, headers=dict(response.headers), body=body)
