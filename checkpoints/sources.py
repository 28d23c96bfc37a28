"""The places that a file may come from: addresses, the Hugging Face hub, local files, the history of our repository."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from music.errors import StudioError

MIRRORS = "DEEPMUSIC_MIRRORS"
OFFLINE = ("DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE")
ALLOW_HTTP = "DEEPMUSIC_ALLOW_HTTP"
"""Environment variables: base addresses that are tried first, the offline switches, and leave for plain http."""

HISTORY = "history"
"""The scheme of a file that an earlier version of the studio shipped: history://BLOB, by git's id of its content."""


@dataclass(frozen=True)
class Source:
    """One place that a file can come from.

    Attributes:
        kind: "url", "hub", "file" or "history"; says which of the others count.
        url: an https address; http for this computer only, or where DEEPMUSIC_ALLOW_HTTP=1 allows it.
        repo: of the hub, such as "owner/name".
        file: path in the repository.
        revision: the full commit (40 hexadecimal digits): a branch could bring another file tomorrow.
        path: of a local file.
        blob: git's id of the content (40 hexadecimal digits), which no commit changes.

    Raises:
        StudioError: the place cannot be meant, or is not safe.
    """

    kind: Literal["url", "hub", "file", "history"]
    url: str = ""
    repo: str = ""
    file: str = ""
    revision: str = ""
    path: Path = Path()
    blob: str = ""

    def __post_init__(self) -> None:
        if self.kind == "url":
            check_address(self.url)
        elif self.kind == "hub":
            if not re.fullmatch(r"[0-9a-f]{40}", self.revision):
                raise StudioError(f"'{self}' names no full commit. Write hf://owner/repo@COMMIT/file, 40 digits.")
            if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.repo, re.ASCII) or not self.file:
                raise StudioError(f"'{self}' names no file of a repository. Write hf://owner/repo@COMMIT/file.")
            if any(part in ("", ".", "..") for part in self.file.split("/")):
                raise StudioError(f"'{self}' leads out of its repository. Write hf://owner/repo@COMMIT/file.")
        elif self.kind == "history" and not re.fullmatch(r"[0-9a-f]{40}", self.blob):
            raise StudioError(f"'{self}' names no content of git's. Write {HISTORY}://BLOB, 40 digits.")

    def __str__(self) -> str:
        if self.kind == "url":
            return _shown(self.url)
        if self.kind == "history":
            return f"{HISTORY}://{self.blob}"
        return f"hf://{self.repo}@{self.revision}/{self.file}" if self.kind == "hub" else str(self.path)

    @classmethod
    def parse(cls, text: str) -> Source:
        """Returns the place that a registry writes as "https://…", "hf://owner/repo@COMMIT/file", "history://BLOB",
        "file://…" or a path.

        Raises:
            StudioError: nothing of the kind, or an address that is not safe.
        """
        text = text.strip()
        scheme, colon, rest = text.partition("://")
        if not colon:
            if not text:
                raise StudioError("A place to download from is empty. Write an https address.")
            return cls("file", path=Path(text).expanduser())
        if scheme == "hf":
            place, _, revision_and_file = rest.partition("@")
            revision, _, file = revision_and_file.partition("/")
            return cls("hub", repo=place, file=file, revision=revision)
        if scheme == HISTORY:
            return cls("history", blob=rest)
        if scheme == "file":
            host, _, path = rest.partition("/")
            if host not in ("", "localhost"):
                raise StudioError(f"'{text}' lies on another computer. Write file:///path.")
            return cls("file", path=Path(url2pathname("/" + path)))
        return cls("url", url=text)

    @property
    def is_near(self) -> bool:
        """Whether it lies on this machine, so that no network is needed."""
        return self.kind in ("file", "history")

    def request(self) -> tuple[str, dict[str, str]]:
        """Returns the address to ask and what to send along; not for what is near.

        Where the hub is and who asks (HF_ENDPOINT, HF_TOKEN, a login) is left to huggingface_hub. The file itself
        comes through our own downloader all the same: ``hf_hub_download`` can neither be stopped nor notices a server that
        trickles, and keeps a second copy.

        Raises:
            StudioError: the hub would not take the repository's name, or HF_ENDPOINT is not safe.
        """
        if self.kind == "url":
            return self.url, {}
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers

        # Read here, for huggingface_hub reads the variable only once.
        endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
        try:
            address = hf_hub_url(self.repo, self.file, revision=self.revision, endpoint=endpoint)
        except ValueError as error:
            raise StudioError(f"'{self.repo}' cannot be a repository of the hub. Check the name.") from error
        check_address(address)
        return address, build_hf_headers(library_name="deepmusic-studio")

    def local(self) -> Path | None:
        """Returns the file where it can be had without a network: a local file, or one in the cache of the hub."""
        if self.kind == "file":
            return self.path
        if self.kind == "hub":
            from huggingface_hub import try_to_load_from_cache

            with contextlib.suppress(ValueError):  # no name of a repository; ``request`` says so
                found = try_to_load_from_cache(self.repo, self.file, revision=self.revision)
                return Path(found) if isinstance(found, str) else None
        return None


def with_mirrors(sources: Iterable[str | Source], name: str) -> list[Source]:
    """Returns the places to try in order: what is near, the bases of DEEPMUSIC_MIRRORS with the file's name, the rest.

    Raises:
        StudioError: one of them cannot be meant, or is not safe.
    """
    bases = re.split(r"[\s,]+", os.environ.get(MIRRORS, "").strip())
    mirrors = [f"{base.rstrip('/')}/{quote(name) if '://' in base else name}" for base in bases if base]
    places = [place if isinstance(place, Source) else Source.parse(place) for place in (*mirrors, *sources)]
    return sorted(places, key=lambda place: not place.is_near)


def offline() -> str | None:
    """Returns the name of the environment variable that forbids the network, None where none does."""
    return next((name for name in OFFLINE if _switched_on(name)), None)


def check_address(address: str) -> None:
    """Checks that an address is one that may be asked: https, or http where that cannot do harm.

    Raises:
        StudioError: it is not.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http") or not re.fullmatch(r"[\x21-\x7e]+", address):
        raise StudioError(f"'{_shown(address)}' is no address to download from. Write https://…")
    if parts.username or parts.password:
        raise StudioError(f"'{_shown(address)}' holds a password. Give an address without one.")
    if parts.scheme == "http" and not _is_this_computer(host) and not _switched_on(ALLOW_HTTP):
        raise StudioError(f"'{_shown(address)}' is not encrypted. Give an https address, or set {ALLOW_HTTP}=1.")


def _shown(address: str) -> str:
    """Returns an address as it may stand in a message: without passwords and signatures."""
    return re.sub(r"(?<=://)[^/@]*@", "", address.partition("?")[0])[:200]


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _switched_on(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")
