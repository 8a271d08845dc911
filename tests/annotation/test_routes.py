"""The ways of a picture onto the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.annotation.access import AnswerLost
from embedkit.annotation.routes import AtAddress, InFolder, Inside, Picture, Uploaded, check_route
from embedkit.errors import EmbedkitError, Misuse, PictureError
from tests.annotation.fake_server import FakeServer


def broken() -> bytes:
    raise PictureError("damaged")


def pictures(count: int, size: int = 4) -> list[Picture]:
    return [Picture(f"p{n}.jpg", f"shop/p {n}#é.png", lambda: b"j" * size) for n in range(count)]


def uploaded(server: FakeServer) -> Uploaded:
    return Uploaded(server, 1, server.pause)


def test_at_most_a_hundred_files_go_in_one_request() -> None:
    server = FakeServer()
    assert len(uploaded(server).addresses(pictures(250))) == 250
    assert server.calls.count("upload") == 3


def test_large_pictures_go_in_more_requests() -> None:
    server = FakeServer()
    uploaded(server).addresses(pictures(5, size=20_000_000))
    assert server.calls.count("upload") == 3


def test_a_picture_that_two_listings_share_is_uploaded_once() -> None:
    server = FakeServer()
    uploaded(server).addresses(pictures(2) * 3)
    assert server.calls.count("upload") == 1


@pytest.mark.parametrize("after", [True, False])
def test_after_a_lost_answer_only_what_did_not_arrive_is_sent(after: bool) -> None:
    server = FakeServer()
    server.lose("upload", AnswerLost("broke off"), after=after)
    assert len(uploaded(server).addresses(pictures(3))) == 3
    assert server.calls.count("upload") == (1 if after else 2)


def test_uploads_that_never_show_up_are_an_error_that_names_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer()
    monkeypatch.setattr(server, "uploads", lambda project_id: {})
    with pytest.raises(EmbedkitError, match=r"3 pictures were uploaded and are not there, the first of them p0.jpg"):
        uploaded(server).addresses(pictures(3))


def test_a_picture_that_cannot_be_shown_is_left_out(tmp_path: Path) -> None:
    bad = Picture("bad.jpg", "bad.png", broken)
    for route in (uploaded(FakeServer()), Inside(), InFolder(tmp_path, tmp_path.parent)):
        assert list(route.addresses([bad, *pictures(1)])) == ["p0.jpg"]


def test_a_folder_gets_each_picture_once_and_addresses_are_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "we ird é"
    folder.mkdir()
    route = InFolder(folder, tmp_path)
    assert route.addresses(pictures(1)) == {"p0.jpg": "/data/local-files/?d=we%20ird%20%C3%A9/p0.jpg"}
    (folder / "p0.jpg").write_bytes(b"kept")
    route.addresses(pictures(1))
    assert [path.read_bytes() for path in folder.iterdir()] == [b"kept"]


def test_an_address_is_the_prefix_and_the_quoted_path() -> None:
    addresses = AtAddress("https://cdn.example.com/a/").addresses(pictures(1))
    assert addresses == {"p0.jpg": "https://cdn.example.com/a/shop/p%200%23%C3%A9.png"}


@pytest.mark.parametrize("asked", ["", "uplod", "local:", "url:", "url:ftp://x", "url:javascript:alert(1)"])
def test_a_way_that_is_none_is_refused(asked: str) -> None:
    with pytest.raises(Misuse, match="is no way to show pictures"):
        check_route(asked)
